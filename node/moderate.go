package node

import (
	"errors"
	"fmt"
	"slices"

	"parley/bus"
	"parley/composer"
	"parley/engine"
	"parley/signaling"
)

// Roles, in the words of the management API.
const (
	roleHost  = "chair"
	roleGuest = "guest"
)

// Errors of commands.
var (
	errNoParticipant = errors.New("there is no such participant here")
	errNoConference  = errors.New("there is no such conference here")
)

// actions are those that this version knows.
var actions = []bus.Action{
	bus.DisconnectParticipant, bus.MuteParticipant, bus.UnmuteParticipant, bus.SetRole, bus.Transfer,
	bus.DisconnectConference, bus.Lock, bus.Unlock, bus.MuteGuests, bus.UnmuteGuests, bus.TransformLayout,
}

// Do carries out a command of the Management Node.
func (n *Node) Do(c bus.Command) bus.Result {
	var err error
	switch {
	case !slices.Contains(actions, c.Action): // that of a later version may be about something else
		err = fmt.Errorf("the node is of version %s, which does not know %q: update it", n.version, c.Action)
	case c.Participant != "":
		err = n.host.moderate(c)
	default:
		err = n.host.moderateConference(c)
	}
	if err != nil {
		return bus.Result{Error: err.Error()}
	}
	n.log.Info("command", "action", string(c.Action), "conference", c.Conference, "participant", c.Participant)
	return bus.Result{}
}

// moderate does what concerns one participant.
func (h *host) moderate(c bus.Command) error {
	l := h.staysAs(c.Participant)
	if l == nil {
		return errNoParticipant
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.stay.Load().id != c.Participant { // he was transferred meanwhile
		return errNoParticipant
	}
	switch c.Action {
	case bus.DisconnectParticipant:
		l.tell(signaling.Event{Kind: signaling.EventEnd, Reason: "disconnected by an administrator"})
	case bus.MuteParticipant, bus.UnmuteParticipant:
		if err := l.mute(c.Action == bus.MuteParticipant); err != nil {
			return err
		}
		l.tellSinks(eventUpdated)
	case bus.SetRole:
		if err := checkRole(c.Role); err != nil {
			return err
		}
		l.setRole(c.Role)
		if err := l.settle(h); err != nil {
			return err
		}
		l.tellSinks(eventUpdated)
	case bus.Transfer:
		return h.transfer(l, c.Alias, c.Role)
	default:
		return fmt.Errorf("%s is not there yet", c.Action)
	}
	return nil
}

// moderateConference does what concerns a whole conference.
func (h *host) moderateConference(c bus.Command) error {
	running := h.engine.Running(c.Conference)
	if running == nil {
		return errNoConference
	}
	switch c.Action {
	case bus.DisconnectConference:
		running.Disconnect()
	case bus.Lock, bus.Unlock:
		running.Lock(c.Action == bus.Lock)
		h.chronicle.changed(c.Conference, running.Locked(), h.guestsMuted(c.Conference))
	case bus.MuteGuests, bus.UnmuteGuests:
		h.muteGuests(running, c.Conference, c.Action == bus.MuteGuests)
		h.chronicle.changed(c.Conference, running.Locked(), h.guestsMuted(c.Conference))
	case bus.TransformLayout:
		layout, ok := composer.Find(c.Layout)
		if !ok || c.Layout == "" {
			return fmt.Errorf("there is no layout %q", c.Layout)
		}
		running.SetLayout(layout)
	default:
		return fmt.Errorf("%s is not there yet", c.Action)
	}
	return nil
}

// muteGuests mutes those who are guests now, and those who become guests later.
func (h *host) muteGuests(running *engine.Conference, id string, muted bool) {
	h.mu.Lock()
	for old := range h.muted { // of conferences that are over
		if h.engine.Running(old) == nil {
			delete(h.muted, old)
		}
	}
	if muted {
		h.muted[id] = true
	} else {
		delete(h.muted, id)
	}
	h.mu.Unlock()
	for _, leg := range running.Legs() {
		if l := h.staysAs(leg.ID()); l != nil && *l.role.Load() == roleGuest {
			leg.Mute(muted)
		}
	}
}

func (h *host) guestsMuted(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.muted[id]
}

func checkRole(role string) error {
	if role != roleHost && role != roleGuest {
		return fmt.Errorf("role %q is neither %s nor %s", role, roleHost, roleGuest)
	}
	return nil
}

func (l *leg) setRole(role string) { l.role.Store(&role) }

// settle has a new guest muted where guests are, and a new host heard.
func (l *leg) settle(h *host) error {
	l.mu.Lock()
	joined := l.engine
	l.mu.Unlock()
	if joined == nil || !h.guestsMuted(joined.Conference().ID()) {
		return nil
	}
	return l.mute(*l.role.Load() == roleGuest)
}

func (l *leg) mute(muted bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine == nil {
		return errNoParticipant
	}
	l.engine.Mute(muted)
	return nil
}
