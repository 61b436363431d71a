package engine

import "parley/composer"

// What may change while a conference runs, by whoever moderates it.

// Lock keeps newcomers out, or lets them in again.
func (c *Conference) Lock(locked bool) {
	if c.locked.Swap(locked) != locked {
		c.log.Info("conference locked", "locked", locked)
	}
}

// Locked reports whether newcomers are kept out.
func (c *Conference) Locked() bool { return c.locked.Load() }

// SetLayout changes the layout of everybody's picture.
func (c *Conference) SetLayout(l *composer.Layout) {
	if c.layout.Swap(l) != l {
		c.log.Info("layout changed", "layout", l.Name)
		c.changed.Add(1)
	}
}

// Mute leaves the participant out of what the others hear, or takes him in again.
func (l *Leg) Mute(muted bool) {
	if l.muted.Swap(muted) != muted {
		l.log.Info("participant muted", "muted", muted)
	}
}

// Disconnect has the signalling end the call.
func (l *Leg) Disconnect() { l.notify(LegEvent{Kind: LegEnded}) }

// Leg returns the leg of a participant, or nil.
func (c *Conference) Leg(id string) *Leg {
	for _, l := range c.Legs() {
		if l.id == id {
			return l
		}
	}
	return nil
}

// relayout begins all views anew, in another layout: cells, bands and encoders
// are those of a layout.
func (p *pictures) relayout(l *composer.Layout) {
	p.layout = l
	for _, m := range p.members {
		m.assign(nil, nil)
	}
	for id, v := range p.views {
		v.close()
		delete(p.views, id)
	}
	p.sequence = p.sequence[:0]
	p.bands.close()
	p.bands = newBandSet(p)
	p.common = p.newSeats()
}
