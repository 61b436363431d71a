package clip

import "parley/codecs"

// Player plays a clip as a camera would: one access unit per picture time,
// from the start again at its end and whenever a key frame is asked for. A clip
// of a file goes on instead, so that its sound stays with it: it has key frames
// in it. A player is used by one goroutine at a time.
type Player struct {
	// Small, if not nil, is shown in place of both: one who is asked for a lower
	// rate than theirs makes a smaller picture. It may change at any time.
	Small *Video

	idle, talking *Video
	now           *Video
	next          int
	keyWanted     bool
	tick          int // of a file's access unit that comes next
}

// NewPlayer returns a player of the clip. Where talking is not nil it is shown
// instead while the caller talks; both have the same size and rate. A change begins with a key frame.
func NewPlayer(idle, talking *Video) *Player {
	if talking == nil {
		talking = idle
	}
	return &Player{idle: idle, talking: talking, now: idle}
}

// Spec returns the spec of the clip.
func (p *Player) Spec() VideoSpec { return p.idle.Spec }

// Next returns the access unit for a picture time, counted from 0. With
// keyFrame it is an IDR, or, when the one before was an IDR, the one after next
// is: two equal IDRs in a row would be one picture to a decoder (ITU-T H.264
// section 7.4.1.2.4). Of a file, only the tick counts: after a gap in them
// nothing is returned, an access unit without data, until the next IDR.
func (p *Player) Next(tick int, keyFrame, talking bool) codecs.AccessUnit {
	if p.now.Spec.File != "" {
		return p.film(tick)
	}
	want := p.idle
	if talking {
		want = p.talking
	}
	if p.Small != nil {
		want = p.Small
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

func (p *Player) film(tick int) codecs.AccessUnit {
	i := tick % len(p.now.Units)
	u := p.now.Units[i]
	if tick != p.tick && !u.Key {
		return codecs.AccessUnit{}
	}
	p.tick, p.next = tick+1, i+1
	return u
}

// Position returns which picture of the clip the last access unit was, the
// number in its mark (modulo 256).
func (p *Player) Position() int { return p.next - 1 }
