package engine

import "time"

// ownMode decides whether receivers on stage see themselves. With `auto` it
// follows the load, with hysteresis; each step back to `hidden` that had to be
// undone makes the next one wait longer, so that it does not swing.
type ownMode struct {
	auto     bool
	now      OwnThumbnail
	changed  time.Time
	patience time.Duration
}

// The loads, 0..1, at which `auto` gives up pictures of one's own and at which
// it tries them again.
const (
	ownShownAbove   = 0.85
	ownHiddenBelow  = 0.40
	ownPatience     = 10 * time.Second
	ownPatienceMost = 10 * time.Minute
)

func (o *ownMode) start(configured OwnThumbnail, now time.Time) {
	o.auto = configured == OwnAuto || configured == ""
	o.now, o.changed, o.patience = configured, now, ownPatience
	if o.auto {
		o.now = OwnHidden
	}
}

// decide takes a load reading; it returns whether the mode changed.
func (o *ownMode) decide(load float64, now time.Time) bool {
	since := now.Sub(o.changed)
	switch {
	case !o.auto:
		return false
	case o.now == OwnHidden && load > ownShownAbove && since >= 2*time.Second:
		o.now = OwnShown
		if since < 2*o.patience {
			o.patience = min(2*o.patience, ownPatienceMost)
		}
	case o.now == OwnShown && load < ownHiddenBelow && since >= o.patience:
		o.now = OwnHidden
	default:
		return false
	}
	o.changed = now
	return true
}
