package engine

import "time"

// adaptation moves one receiver down the ladder when his network loses packets
// and up again when it has been clean for long enough. It is a pure function of
// the reports that it is given; the conference asks it for the rung at every
// change of views. Not for concurrent use.
type adaptation struct {
	limits    VideoLimits
	maxHeight int

	rung       int     // index into ladder
	loss       float64 // smoothed, 0..1
	ceiling    int     // bit/s by TMMBR or REMB, 0 = none
	changed    time.Time
	clean      time.Time     // since when there was next to no loss
	patience   time.Duration // how long it must stay clean before a step up
	keyFrames  int           // asked for in the present window
	window     time.Time
	struggling bool
}

// The thresholds. Below lossDown NACK and FEC repair what is lost; above, less
// must be sent. A step up that fails doubles the patience.
const (
	lossDown        = 0.10
	lossClean       = 0.02
	settleTime      = 3 * time.Second
	firstPatience   = 10 * time.Second
	mostPatience    = 2 * time.Minute
	keyFrameWindow  = 10 * time.Second
	keyFramesCalm   = 1 // per window: stops struggling
	keyFramesStrain = 4 // per window: starts struggling
)

func newAdaptation(l VideoLimits, maxHeight int, now time.Time) *adaptation {
	return &adaptation{
		limits: l, maxHeight: maxHeight, rung: l.bestRung(maxHeight),
		changed: now, clean: now, window: now, patience: firstPatience,
	}
}

// setLimits takes what a new offer declared and starts over from there.
func (a *adaptation) setLimits(l VideoLimits, now time.Time) {
	if a.limits != l {
		*a = *newAdaptation(l, a.maxHeight, now)
	}
}

// elsewhere returns the adaptation of the same receiver in a conference with
// other pictures. What his network bears and what he asked for stays: a limit
// holds until he takes it back (RFC 5104 section 4.2.1).
func (a adaptation) elsewhere(l VideoLimits, maxHeight int, now time.Time) *adaptation {
	lowered := a.rung > a.best()
	a.maxHeight = maxHeight
	a.setLimits(l, now)
	if best := a.best(); !lowered || a.rung < best {
		a.rung = best
	}
	return &a
}

// report takes a receiver report; it returns whether the rung changed.
func (a *adaptation) report(lost float64, now time.Time) bool {
	a.loss += (lost - a.loss) / 3
	if a.loss > lossClean {
		a.clean = now
	}
	switch {
	case a.loss > lossDown && now.Sub(a.changed) >= settleTime:
		if now.Sub(a.changed) < 2*a.patience {
			a.patience = min(2*a.patience, mostPatience)
		}
		return a.move(a.rung+1, now)
	case now.Sub(a.clean) >= a.patience && now.Sub(a.changed) >= a.patience:
		return a.move(a.rung-1, now)
	}
	return false
}

// request takes a bit rate that the receiver asked for (RFC 5104 section
// 4.2.1); it returns whether the rung changed.
func (a *adaptation) request(bitrate int, now time.Time) bool {
	a.ceiling = bitrate
	if best := a.best(); a.rung < best {
		return a.move(best, now)
	}
	return false
}

// keyFrame counts a request for a key frame. A receiver who asks again and
// again gets a rendition of his own, so that the others need not pay for it; it
// returns whether that changed.
func (a *adaptation) keyFrame(now time.Time) bool {
	a.roll(now)
	a.keyFrames++
	if a.keyFrames >= keyFramesStrain && !a.struggling {
		a.struggling = true
		return true
	}
	return false
}

// calm ends the struggling after a quiet window; it returns whether that changed.
func (a *adaptation) calm(now time.Time) bool {
	quiet := a.keyFrames <= keyFramesCalm
	if a.roll(now) && quiet && a.struggling {
		a.struggling = false
		return true
	}
	return false
}

func (a *adaptation) roll(now time.Time) bool {
	if now.Sub(a.window) < keyFrameWindow {
		return false
	}
	a.window, a.keyFrames = now, 0
	return true
}

// best is the highest rung that limits and ceiling allow.
func (a *adaptation) best() int {
	l := a.limits
	if a.ceiling > 0 && (l.MaxBitrate == 0 || a.ceiling < l.MaxBitrate) {
		l.MaxBitrate = a.ceiling
	}
	// Who asks for less than the lowest rung gets that one: without a stream
	// there would be no reports, and no way up again.
	return min(l.bestRung(a.maxHeight), max(a.limits.bestRung(a.maxHeight), len(ladder)-1))
}

func (a *adaptation) move(rung int, now time.Time) bool {
	rung = max(min(rung, len(ladder)-1), a.best())
	if rung == a.rung {
		return false
	}
	a.rung, a.changed, a.clean, a.loss = rung, now, now, 0
	return true
}
