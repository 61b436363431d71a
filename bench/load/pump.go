package load

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pumpEvery    = 5 * time.Millisecond    // between two looks at what is due
	drainEvery   = 2                       // looks between two at the sockets
	careEvery    = 20 * time.Millisecond   // between two looks at what is missing
	reportEvery  = 1500 * time.Millisecond // between two RTCP reports
	behind       = 200 * time.Millisecond  // what is later than that is left out
	eventsAtOnce = 256
)

// pump moves the packets of its callers from one goroutine.
type pump struct {
	epoll  int
	outbox outbox
	inbox  inbox
	packet parsed
	stop   chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	callers []*Caller      // guarded by mu, with all media of theirs
	lanes   map[int32]lane // guarded by mu: by socket
	late    time.Duration  // guarded by mu: the longest that a look came too late
}

// lane is one socket of a stream.
type lane struct {
	stream *stream
	index  int // 0 = RTP, 1 = RTCP
}

func newPump() (*pump, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	p := &pump{epoll: fd, stop: make(chan struct{}), done: make(chan struct{}), lanes: map[int32]lane{}}
	go p.run()
	return p, nil
}

// add takes a caller. His sockets are looked at from now on.
func (p *pump) add(c *Caller) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range c.streams {
		for i, fd := range s.fds {
			event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
			if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
				return fmt.Errorf("load: epoll: %w", err)
			}
			p.lanes[int32(fd)] = lane{s, i}
		}
	}
	p.callers = append(p.callers, c)
	return nil
}

// remove lets a caller go, as far as he was taken, and closes his sockets.
func (p *pump) remove(c *Caller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, one := range p.callers {
		if one == c {
			p.callers = append(p.callers[:i], p.callers[i+1:]...)
			break
		}
	}
	now := time.Now()
	for _, s := range c.streams {
		for _, fd := range s.fds {
			delete(p.lanes, int32(fd))
		}
		s.close(now)
	}
}

// do runs something while the pump rests.
func (p *pump) do(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// run looks at what is due until the pump is closed.
func (p *pump) run() {
	defer close(p.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	events := make([]unix.EpollEvent, eventsAtOnce)
	due := time.Now()
	for look := 0; ; look++ {
		select {
		case <-p.stop:
			return
		case <-timer.C:
		}
		p.mu.Lock()
		now := time.Now()
		p.late = max(p.late, now.Sub(due))
		for _, c := range p.callers {
			c.step(p, now)
		}
		if look%drainEvery == 0 {
			p.drain(events)
		}
		p.mu.Unlock()
		if due = due.Add(pumpEvery); time.Since(due) > pumpEvery {
			due = time.Now()
		}
		timer.Reset(time.Until(due))
	}
}

// drain reads what waits at the sockets; p.mu is held.
func (p *pump) drain(events []unix.EpollEvent) {
	n, err := unix.EpollWait(p.epoll, events, 0)
	if err != nil {
		return // interrupted
	}
	for _, e := range events[:n] {
		l, ok := p.lanes[e.Fd]
		if !ok {
			continue
		}
		p.inbox.drain(int(e.Fd), func(b []byte, arrival time.Time) { l.stream.datagram(p, l.index, b, arrival) })
	}
}

// close ends the pump; its callers were removed.
func (p *pump) close() {
	close(p.stop)
	<-p.done
	_ = unix.Close(p.epoll)
}
