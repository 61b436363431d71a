package sip

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"parley/signaling"
)

const (
	testOffer  = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	testAnswer = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
)

// fakeHost is a media host that records what it is asked.
type fakeHost struct {
	mu       sync.Mutex
	next     int
	legs     map[signaling.LegID]*fakeLeg
	all      []*fakeLeg
	refuse   error                            // of Join
	change   func(sdp []byte) ([]byte, error) // nil = usual
	join     func(ctx context.Context) error  // runs inside Join
	answers  map[string]bool                  // nil = everything
	answer   []byte                           // nil = testAnswer
	changed  chan []byte                      // every Change but rollbacks
	rolled   chan struct{}                    // every rollback
	commands chan signaling.Command           // every Control
	left     chan signaling.LegID             // every Leave
}

type fakeLeg struct {
	id     signaling.LegID
	who    signaling.Participant
	offer  []byte
	events chan signaling.Event
	gone   bool
	busy   bool
}

func newFakeHost() *fakeHost {
	return &fakeHost{
		legs: map[signaling.LegID]*fakeLeg{}, changed: make(chan []byte, 1000), rolled: make(chan struct{}, 1000),
		commands: make(chan signaling.Command, 1000), left: make(chan signaling.LegID, 1000),
	}
}

func (h *fakeHost) reply() []byte {
	if h.answer != nil {
		return h.answer
	}
	return []byte(testAnswer)
}

func (h *fakeHost) Join(ctx context.Context, p signaling.Participant, offer []byte) (signaling.LegID, []byte, error) {
	if h.join != nil {
		if err := h.join(ctx); err != nil {
			return "", nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil {
		return "", nil, h.refuse
	}
	h.next++
	l := &fakeLeg{id: signaling.LegID(fmt.Sprint("leg", h.next)), who: p, offer: offer, events: make(chan signaling.Event, 8)}
	h.legs[l.id] = l
	h.all = append(h.all, l)
	return l.id, h.reply(), nil
}

func (h *fakeHost) Change(ctx context.Context, id signaling.LegID, kind signaling.ChangeKind, sdp []byte) ([]byte, error) {
	h.mu.Lock()
	l := h.legs[id]
	if l == nil || l.busy {
		h.mu.Unlock()
		return nil, &signaling.Refusal{Code: signaling.CodeInternal, Reason: "leg gone or two calls at once"}
	}
	l.busy = true
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		l.busy = false
		h.mu.Unlock()
	}()
	if kind == signaling.ChangeRollback {
		h.rolled <- struct{}{}
		return nil, nil
	}
	if h.change != nil {
		out, err := h.change(sdp)
		h.changed <- sdp
		return out, err
	}
	h.changed <- sdp
	return h.reply(), nil
}

func (h *fakeHost) Control(id signaling.LegID, c signaling.Command) { h.commands <- c }

func (h *fakeHost) Events(id signaling.LegID) <-chan signaling.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.legs[id]; l != nil {
		return l.events
	}
	return nil
}

func (h *fakeHost) Leave(id signaling.LegID, _ string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.legs[id]; l != nil && !l.gone {
		l.gone = true
		close(l.events)
		delete(h.legs, id)
		h.left <- id
	}
}

func (h *fakeHost) Answers(alias string) bool { return h.answers == nil || h.answers[alias] }

func (h *fakeHost) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.legs)
}

func (h *fakeHost) leg(i int) *fakeLeg {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[i]
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// listen starts a server on loopback; host nil = a pure client.
func listen(t testing.TB, host signaling.MediaHost, change ...func(*Config)) *Server {
	t.Helper()
	c := Config{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", TLS: "127.0.0.1:0", UserAgent: "Test/1", Log: quietLog()}
	if host != nil {
		c.Host = host
	}
	for _, f := range change {
		f(&c)
	}
	s, err := Listen(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func uri(user string, at netip.AddrPort, network string) string {
	return "sip:" + user + "@" + at.String() + ";transport=" + network
}

func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition that other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		<-tick.C
	}
}

func want[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("not within 10 s: %s", what)
		panic("unreachable")
	}
}
