package caller

import (
	"context"
	"sync"
	"time"

	"parley/codecs"
	"parley/engine/rtp"
)

// pictures receives video: it orders packets, asks for what is missing,
// decodes as much as it is told to, and keeps the newest picture.
type pictures struct {
	mode      Decode
	receiver  *rtp.VideoReceiver
	decoder   codecs.VideoDecoder // nil in DecodeNone; used by run only
	onPicture func(*codecs.Picture)
	record    *recorder // nil = none
	began     time.Time // when the INVITE went out
	pulse     func()    // something changed
	inform    func()    // ask for a key frame outside RTCP
	wake      chan struct{}

	mu     sync.Mutex
	stream *rtp.Stream     // guarded by mu
	newest *codecs.Picture // guarded by mu, holds a reference
	stats  VideoStats      // guarded by mu
	last   time.Time       // guarded by mu: of the last picture shown
	recent meter           // guarded by mu

	// of run only
	key       bool // a key frame has come
	wanted    bool // a key frame is needed
	firstUnit time.Time
}

// retryInterval is how often missing packets and key frames are looked after.
const retryInterval = 20 * time.Millisecond

// keyPatience is how long a stream may run without a key frame at its start
// before one is asked for.
const keyPatience = 400 * time.Millisecond

// push takes a packet from the stream's goroutine.
func (p *pictures) push(packet rtp.Packet) {
	p.receiver.Push(packet)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run takes access units out of the jitter buffer until ctx ends.
func (p *pictures) run(ctx context.Context) {
	ticker := time.NewTicker(retryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-ticker.C:
			p.retry(time.Now())
		}
		for now := time.Now(); ; {
			u, ok := p.receiver.Pop(now)
			if !ok {
				break
			}
			p.take(u)
		}
	}
}

// retry asks again for what is missing.
func (p *pictures) retry(now time.Time) {
	p.mu.Lock()
	stream := p.stream
	p.mu.Unlock()
	if stream == nil {
		return
	}
	if rtt := stream.Stats().RTT; rtt > 0 {
		p.receiver.SetRTT(rtt)
	}
	if missing := p.receiver.Missing(now); len(missing) > 0 {
		stream.Nack(missing)
	}
	if !p.key && !p.firstUnit.IsZero() && now.Sub(p.firstUnit) > keyPatience {
		p.wanted = true
	}
	if p.wanted && !stream.RequestKeyFrame() {
		p.inform()
	}
}

// take counts, records and decodes one access unit.
func (p *pictures) take(u rtp.AccessUnit) {
	if p.firstUnit.IsZero() {
		p.firstUnit = u.Arrival
	}
	if u.Key && !u.Damaged {
		p.key, p.wanted = true, false
	} else if u.Gap || u.Damaged {
		p.wanted = p.key
	}
	p.mu.Lock()
	s := &p.stats
	s.AccessUnits++
	if u.Damaged {
		s.Damaged++
	}
	if u.Gap {
		s.Gaps++
	}
	if u.Key {
		s.KeyFrames++
	}
	s.Bytes += uint64(len(u.Data))
	p.recent.add(u.Arrival)
	p.mu.Unlock()
	switch {
	case u.Damaged || !p.key:
		// Nothing that could be shown.
	case p.decoder == nil, p.mode == DecodeKeys && !u.Key:
		p.shown(nil, u.Arrival)
	default:
		p.decode(u)
	}
	if p.record != nil {
		p.record.video(u, p.size())
	}
	p.pulse()
}

func (p *pictures) decode(u rtp.AccessUnit) {
	pic, err := p.decoder.Decode(u.Data, u.Timestamp)
	if err != nil {
		p.mu.Lock()
		p.stats.DecodeErrors++
		p.mu.Unlock()
		p.wanted = true
		pic.Release() // a phone that shows no damaged pictures
		return
	}
	if pic == nil {
		return
	}
	if p.onPicture != nil {
		p.onPicture(pic)
	}
	p.shown(pic, u.Arrival)
}

// shown notes that a picture would now be on the screen. It takes over pic.
func (p *pictures) shown(pic *codecs.Picture, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pic != nil {
		p.newest.Release()
		p.newest = pic
		p.stats.Decoded++
		p.stats.Width, p.stats.Height = pic.Width, pic.Height
	}
	if p.last.IsZero() {
		p.stats.FirstPicture = time.Since(p.began)
	} else {
		p.stats.LongestFreeze = max(p.stats.LongestFreeze, at.Sub(p.last))
	}
	p.last = at
}

func (p *pictures) size() [2]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return [2]int{p.stats.Width, p.stats.Height}
}

// picture returns the newest picture with a reference for the asker, or nil.
func (p *pictures) picture() *codecs.Picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest == nil {
		return nil
	}
	return p.newest.Retain()
}

func (p *pictures) attach(s *rtp.Stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream = s
}

func (p *pictures) report(now time.Time) VideoStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.FPS = p.recent.rate(now)
	s.SinceLast = sinceOr(p.last, now)
	s.Receiver = p.receiver.Counters()
	return s
}

// close frees what it holds; run has ended.
func (p *pictures) close() {
	if p.decoder != nil {
		p.decoder.Close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newest.Release()
	p.newest = nil
}
