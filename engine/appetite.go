package engine

import "time"

// appetite is what the sender of a video is asked for. Whoever is seen large, or
// spoke lately, sends all that was agreed; who is seen small only, or not at
// all, is asked for no more than a small picture needs (TMMBR, RFC 5104 section
// 4.2.1). He sends, and is decoded and scaled, for a fraction. The zero value is
// one who has just come. Owned by the composing goroutine.
type appetite struct {
	away time.Time // since when he has not been near the large cell; zero = he is
	less bool      // he is asked for little now
}

// spared is how many of those that are decoded send little, for whoever counts
// what they cost if they sent all again; see load.Account.
func (p *pictures) spared() (n int) {
	for _, m := range p.members {
		if m.appetite.less && m.video != nil && m.video.source.wanted.Load() {
			n++
		}
	}
	return n
}

const (
	// nearStage is how many of the stage send all that was agreed: they are the
	// likeliest to speak next, and encoders take seconds to become good.
	nearStage = 3
	// lessAfter is how long others go on so. A change of rate may cost a key
	// frame, which should not come with every change of speaker.
	lessAfter = 15 * time.Second
)

// follow asks for all when he comes near the large cell, and for little when he
// has been far from it for long enough. ask returns false when the far end
// cannot be asked now.
func (a *appetite) follow(near bool, now time.Time, ask func(less bool) bool) {
	switch {
	case near:
		a.away = time.Time{}
		if a.less {
			a.less = !ask(false)
		}
	case a.away.IsZero():
		a.away = now
	case !a.less && now.Sub(a.away) >= lessAfter:
		a.less = ask(true)
	}
}

// ask asks the far end for all that was agreed, or for little.
func (v *videoLeg) ask(less bool) bool {
	cfg := v.config.Load()
	small, agreed := v.leg.engine.smallBitrate, cfg.ReceiveBitrate
	if small == 0 || agreed <= small || !cfg.Receive {
		return false
	}
	v.sending.Lock()
	defer v.sending.Unlock()
	if v.gone {
		return false
	}
	if less {
		return v.stream.RequestBitrate(small)
	}
	// What was agreed goes without headers (RFC 3890), which this limit includes.
	return v.stream.RequestBitrate(agreed + agreed/4)
}
