// Package sinks tells servers what happens on a node, by JSON POSTs in the format
// of Pexip Infinity's event sinks: in order, each until it is taken, and never in
// the way of a call.
package sinks

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Sink is a server that is told.
type Sink struct {
	ID        int64
	Name, URL string
	Username  string
	Password  string
	Bulk      bool // several events in one POST
	VerifyTLS bool
}

// Settings are those of all sinks.
type Settings struct {
	Timeout      time.Duration // of a POST
	First, Most  time.Duration // wait before an event is sent again; it doubles
	NodeName     string
	FailingAfter time.Duration                        // a sink that has taken nothing for so long is failing; 0 = 30 s
	After        func(time.Duration) <-chan time.Time // nil = time.After; for tests
}

// Sinks are the sinks of a node. Safe for concurrent use.
type Sinks struct {
	log *slog.Logger

	mu       sync.Mutex
	settings Settings
	running  map[int64]*publisher
	closed   bool
}

// New returns no sinks.
func New(log *slog.Logger) *Sinks { return &Sinks{log: log, running: map[int64]*publisher{}} }

// Configure makes the sinks those that there are now.
func (s *Sinks) Configure(list []Sink, settings Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if settings.After == nil {
		settings.After = time.After
	}
	if settings.FailingAfter == 0 {
		settings.FailingAfter = 30 * time.Second
	}
	s.settings = settings
	for id, p := range s.running {
		if !slices.ContainsFunc(list, func(one Sink) bool { return one.ID == id }) {
			delete(s.running, id)
			p.stop()
		}
	}
	for _, one := range list {
		p := s.running[one.ID]
		if p == nil {
			s.running[one.ID] = newPublisher(one, settings, s.log)
			continue
		}
		p.update(one, settings)
	}
}

// Emit tells all sinks of an event. It never waits.
func (s *Sinks) Emit(event string, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		p.add(event, data)
	}
}

// Failing returns the names of those that have taken nothing for a while although
// there was something.
func (s *Sinks) Failing(now time.Time) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		if p.failing(now) {
			names = append(names, p.name())
		}
	}
	slices.Sort(names)
	return names
}

// Close ends all sinks; what they have not taken is lost.
func (s *Sinks) Close() {
	s.mu.Lock()
	s.closed = true
	running := s.running
	s.running = map[int64]*publisher{}
	s.mu.Unlock()
	for _, p := range running {
		p.stop()
	}
	for _, p := range running {
		p.done.Wait()
	}
}
