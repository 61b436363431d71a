package engine

import "parley/engine/load"

// ownMode decides whether receivers on stage see themselves. With `auto` it
// follows the step of quality that holds: hidden while there is room, shown
// before any call would be refused.
type ownMode struct {
	auto bool
	now  OwnThumbnail
}

func (o *ownMode) start(configured OwnThumbnail) {
	o.auto = configured == OwnAuto || configured == ""
	if o.now = configured; o.auto {
		o.now = OwnHidden
	}
}

// follow takes the step; it returns whether the mode changed.
func (o *ownMode) follow(step load.Step) bool {
	if !o.auto {
		return false
	}
	was := o.now
	if o.now = OwnHidden; step >= load.OwnShown {
		o.now = OwnShown
	}
	return o.now != was
}
