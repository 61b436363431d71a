package node

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/bus"
	"parley/engine"
	"parley/node/journal"
	"parley/node/sinks"
)

// chronicle writes down who was in which conference, for the history of the
// deployment. Safe for concurrent use.
type chronicle struct {
	journal *journal.Journal // nil = nobody wants to know
	sinks   *sinks.Sinks
	at      atomic.Pointer[whereabouts]
	log     *slog.Logger

	mu      sync.Mutex
	running map[string]*bus.EndedConference // guarded by mu: by id, those that are not over
}

func newChronicle(j *journal.Journal, log *slog.Logger) *chronicle {
	c := &chronicle{journal: j, sinks: sinks.New(log), log: log, running: map[string]*bus.EndedConference{}}
	c.at.Store(&whereabouts{})
	return c
}

// joined notes that somebody has come into a conference.
func (c *chronicle) joined(conference *engine.Conference, s *stay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.running[conference.ID()]
	if one == nil {
		one = &bus.EndedConference{ID: conference.ID(), Name: s.conference.Name, Tag: s.tag, Started: time.Now().UTC()}
		c.running[conference.ID()] = one
		c.sinks.Emit(eventConferenceStarted, conferenceEventOf(one, false, false))
	}
	one.Participants++
}

// changed tells of a conference that was locked, or the like.
func (c *chronicle) changed(id string, locked, guestsMuted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.running[id]; one != nil {
		c.sinks.Emit(eventConferenceUpdated, conferenceEventOf(one, locked, guestsMuted))
	}
}

// tell tells of a participant; related are his ids in conferences before.
func (c *chronicle) tell(event string, p *bus.Participant, s *stay, related ...string) {
	e := participantEventOf(p, s.conference.Name, s.tag, *c.at.Load())
	e.RelatedUUIDs = append(e.RelatedUUIDs, related...)
	c.sinks.Emit(event, e)
}

// left writes down who has left.
func (c *chronicle) left(p bus.EndedParticipant) {
	at := *c.at.Load()
	streams := streamEventsOf(&p.Participant, at.node, p.Ended)
	c.sinks.Emit(eventStreamsDestroyed, streamsEvent{UUID: p.ID, Conference: p.ConferenceName, MediaStreams: streams})
	e := participantEventOf(&p.Participant, p.ConferenceName, p.Tag, at)
	duration := p.Ended.Sub(p.Connected).Seconds()
	end := seconds(p.Ended)
	e.DisconnectReason, e.Duration, e.EndTime = &p.Reason, &duration, &end
	c.sinks.Emit(eventDisconnected, e)
	c.add(bus.RecordParticipant, p)
}

// over writes down a conference that is over.
func (c *chronicle) over(id string) {
	c.mu.Lock()
	one := c.running[id]
	delete(c.running, id)
	c.mu.Unlock()
	if one != nil {
		one.Ended = time.Now().UTC()
		c.sinks.Emit(eventConferenceEnded, conferenceEventOf(one, false, false))
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
	l.host.chronicle.left(l.record(joined, reason))
	return joined.Conference()
}

// record is what is written down of a stay that ends now.
func (l *leg) record(joined *engine.Leg, reason string) bus.EndedParticipant {
	status := joined.Status()
	p := l.host.reportParticipant(l, &status)
	l.mu.Lock()
	p.Quality = l.quality.overall()
	windows := l.quality.windows
	l.mu.Unlock()
	s := l.stay.Load()
	return bus.EndedParticipant{
		Participant: p, ConferenceID: joined.Conference().ID(), ConferenceName: s.conference.Name, Tag: s.tag,
		Ended: time.Now().UTC(), Reason: reason, Windows: windows,
	}
}

// watch judges the quality of the call; it is called about once a second.
func (l *leg) watch(now time.Time) {
	l.mu.Lock()
	joined := l.engine
	if joined == nil {
		l.mu.Unlock()
		return
	}
	status := joined.Status()
	e, changed := l.quality.follow(now, status)
	l.mu.Unlock()
	if changed {
		e.UUID, e.Conference = status.ID, l.stay.Load().conference.Name
		l.host.chronicle.sinks.Emit(eventStreamWindow, e)
	}
}

// announce tells the event sinks that somebody has come, once he is in.
func (l *leg) announce() {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.introduce()
}

// introduce is announce for who holds turn.
func (l *leg) introduce() {
	l.mu.Lock()
	in := l.engine != nil
	l.mu.Unlock()
	if in && l.announced.CompareAndSwap(false, true) {
		l.tellSinks(eventConnected)
	}
}

// tellSinks tells the event sinks of the participant, if he is in; related as in tell.
func (l *leg) tellSinks(event string, related ...string) {
	l.mu.Lock()
	joined := l.engine
	l.mu.Unlock()
	if joined == nil {
		return
	}
	status := joined.Status()
	p := l.host.reportParticipant(l, &status)
	l.host.chronicle.tell(event, &p, l.stay.Load(), related...)
}
