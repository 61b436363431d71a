package trial

import (
	"cmp"
	"fmt"

	"parley/config"
	"parley/engine"
	"parley/signaling/sdp"
)

// taken returns the best rung that a node has for such callers; false where
// there is none, and of another server, whose ladder is not known.
func (o Options) taken() (engine.Rung, bool) {
	p, err := o.plan().WithDefaults()
	if err != nil || o.against() {
		return engine.Rung{}, false
	}
	macroblocks, pace, kbit := sdp.LevelLimits(p.Level, false)
	limits := engine.VideoLimits{MaxFS: macroblocks, MaxMBPS: pace, MaxBitrate: 1000 * kbit}
	if p.MaxBitrate > 0 {
		limits.MaxBitrate = min(limits.MaxBitrate, p.MaxBitrate)
	}
	return limits.Best(cmp.Or(o.MaxQuality, config.HD).Height())
}

// fullRate is the frame rate of the upper rungs.
const fullRate = 30.0

// sent returns the frame rate of the callers' cameras.
func (o Options) sent() float64 { return cmp.Or(float64(o.Load.FPS), fullRate) }

// frames returns the frame rate that receivers are to have: no more than their
// rung's, nor than what is sent. 0 = it is not known.
func (o Options) frames() float64 {
	if o.against() && o.Load.MaxBitrate == 0 {
		return min(fullRate, o.sent())
	}
	rung, _ := o.taken()
	return min(float64(rung.FPS), o.sent())
}

// invalid says why what a window cost is no capacity; "" = it is one. A server
// that leaves out pictures costs less.
func (o Options) invalid(w *Window) string {
	switch {
	case w.lowestSent() < loadRate*o.sent():
		return fmt.Sprintf("no capacity: a caller could send %.1f pictures/s only", w.lowestSent())
	case w.lowestRate() < 0.9*o.frames():
		return fmt.Sprintf("no capacity: a receiver had %.1f pictures/s only", w.lowestRate())
	}
	return ""
}

// portsPerCore is the target for such conferences; 0 = there is none, as where
// something else than 720p30 is sent or taken.
func (o Options) portsPerCore() float64 {
	p := o.Load
	rung, _ := o.taken()
	if p.Width != 0 && (p.Width != 1280 || p.Height != 720) || o.sent() != fullRate || rung.Height != 720 {
		return 0
	}
	shown := o.OwnThumbnail == config.Shown
	switch {
	case o.Parties == 8 && shown:
		return 16
	case o.Parties == 8:
		return 12
	case o.Parties >= 100 && shown:
		return 100
	case o.Parties >= 100:
		return 85
	}
	return 0
}
