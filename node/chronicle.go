package node

import (
	"log/slog"
	"sync"
	"time"

	"parley/bus"
	"parley/engine"
	"parley/node/journal"
)

// chronicle writes down who was in which conference, for the history of the
// deployment. Safe for concurrent use.
type chronicle struct {
	journal *journal.Journal // nil = nobody wants to know
	log     *slog.Logger

	mu      sync.Mutex
	running map[string]*bus.EndedConference // guarded by mu: by id, those that are not over
}

func newChronicle(j *journal.Journal, log *slog.Logger) *chronicle {
	return &chronicle{journal: j, log: log, running: map[string]*bus.EndedConference{}}
}

// joined notes that somebody has come into a conference.
func (c *chronicle) joined(conference *engine.Conference, name, tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.running[conference.ID()]
	if one == nil {
		one = &bus.EndedConference{ID: conference.ID(), Name: name, Tag: tag, Started: time.Now().UTC()}
		c.running[conference.ID()] = one
	}
	one.Participants++
}

// left writes down who has left.
func (c *chronicle) left(p bus.EndedParticipant) { c.add(bus.RecordParticipant, p) }

// over writes down a conference that is over.
func (c *chronicle) over(id string) {
	c.mu.Lock()
	one := c.running[id]
	delete(c.running, id)
	c.mu.Unlock()
	if one != nil {
		one.Ended = time.Now().UTC()
		c.add(bus.RecordConference, one)
	}
}

func (c *chronicle) add(kind string, body any) {
	if c.journal == nil {
		return
	}
	if err := c.journal.Add(kind, body); err != nil {
		c.log.Error("history is not on disk: it is lost if the program ends before the Management Node has it", "err", err)
	}
}

// chronicle writes down that the participant of a leg has left; it returns the
// conference that he was in, nil = none.
func (l *leg) chronicle(reason string) *engine.Conference {
	l.mu.Lock()
	joined := l.engine
	l.mu.Unlock()
	if joined == nil {
		return nil
	}
	status := joined.Status()
	p := l.host.reportParticipant(l, &status)
	l.mu.Lock()
	p.Quality = l.quality.overall()
	windows := l.quality.windows
	l.mu.Unlock()
	l.host.chronicle.left(bus.EndedParticipant{
		Participant: p, ConferenceID: joined.Conference().ID(), ConferenceName: l.conference.Name, Tag: l.tag,
		Ended: time.Now().UTC(), Reason: reason, Windows: windows,
	})
	return joined.Conference()
}

// watch judges the quality of the call; it is called about once a second.
func (l *leg) watch(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine != nil {
		l.quality.look(now, l.engine.Status())
	}
}
