package clip

import "parley/codecs"

// Player plays a clip as a camera would: one access unit per picture time,
// from the start again at its end and whenever a key frame is asked for. It is
// used by one goroutine at a time.
type Player struct {
	idle, talking *Video
	now           *Video
	next          int
	keyWanted     bool
}

// NewPlayer returns a player of the clip. Where talking is not nil it is shown
// instead while the caller talks; both have the same size and rate.
func NewPlayer(idle, talking *Video) *Player {
	if talking == nil {
		talking = idle
	}
	return &Player{idle: idle, talking: talking, now: idle}
}

// Spec returns the spec of the clip.
func (p *Player) Spec() VideoSpec { return p.idle.Spec }

// Next returns the next access unit. With keyFrame it is an IDR, or, when the
// one before was an IDR, the one after next is: two equal IDRs in a row would
// be one picture to a decoder (ITU-T H.264 section 7.4.1.2.4).
func (p *Player) Next(keyFrame, talking bool) codecs.AccessUnit {
	want := p.idle
	if talking {
		want = p.talking
	}
	p.keyWanted = p.keyWanted || keyFrame
	switch {
	case p.next == 1:
		// The one before was an IDR.
	case want != p.now || p.keyWanted || p.next == len(p.now.Units):
		p.now, p.next, p.keyWanted = want, 0, false
	}
	if p.next >= len(p.now.Units) { // a clip of one picture
		p.next = 0
	}
	u := p.now.Units[p.next]
	p.next++
	return u
}

// Position returns which picture of the clip the last access unit was, the
// number in its mark (modulo 256).
func (p *Player) Position() int { return p.next - 1 }
