package node

import (
	"errors"
	"fmt"

	"parley/engine"
	"parley/signaling"
)

// transfer moves the participant of a leg into what an alias leads to, as a new
// stay; an empty role = he keeps his. His call and his media go on. On an error
// he stays where he is. The caller holds turn.
func (h *host) transfer(l *leg, alias, role string) error {
	if role != "" {
		if err := checkRole(role); err != nil {
			return err
		}
	}
	next := h.newStay(newID(), alias)
	if next == nil {
		return fmt.Errorf("conference_alias: nothing here is called %q", alias)
	}
	l.mu.Lock()
	before := l.engine
	l.mu.Unlock()
	if before == nil {
		return errNoParticipant
	}
	l.introduce()
	last := l.record(before, "transferred to "+alias)
	after, err := l.move(before, next)
	if err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.staying, last.ID)
	if h.legs[signaling.LegID(l.participant.ID)] == l { // else he has hung up meanwhile, and is dismissed after this
		h.staying[next.id] = l
	}
	h.mu.Unlock()
	if role != "" {
		l.setRole(role)
	}
	h.chronicle.left(last)
	if h.engine.Running(last.ConferenceID) == nil {
		h.chronicle.over(last.ConferenceID)
	}
	h.chronicle.joined(after.Conference(), next)
	l.tellSinks(eventConnected, last.ID)
	l.log().Info("participant transferred", "from", last.ConferenceName, "participant_there", last.ID)
	return l.settle(h)
}

// move has the engine move the participant.
func (l *leg) move(before *engine.Leg, next *stay) (*engine.Leg, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.engine != before {
		return nil, errNoParticipant
	}
	after, err := l.host.engine.Move(before, next.conference, l.config(next, l.negotiation.Media()))
	if errors.Is(err, engine.ErrThere) {
		return nil, fmt.Errorf("he is in %s already", next.conference.Name)
	}
	if err != nil {
		return nil, errors.New(refusal(err).Reason)
	}
	l.engine, l.quality = after, quality{}
	l.stay.Store(next)
	return after, nil
}
