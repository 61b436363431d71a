package sinks

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// receiver is a server that takes events, or does not.
type receiver struct {
	mu      sync.Mutex
	events  []event
	status  int
	auth    string
	posts   int
	changed chan struct{}
}

func newReceiver(t *testing.T) (*receiver, string) {
	r := &receiver{status: 200, changed: make(chan struct{}, 1000)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var one struct {
			event
			Data json.RawMessage `json:"data"`
		}
		if err := json.NewDecoder(q.Body).Decode(&one); err != nil {
			t.Errorf("not JSON: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts++
		user, password, _ := q.BasicAuth()
		r.auth = user + ":" + password
		w.WriteHeader(r.status)
		if r.status == 200 {
			list := []event{one.event}
			if one.Event == "eventsink_bulk" {
				list = nil
				if err := json.Unmarshal(one.Data, &list); err != nil {
					t.Errorf("bulk: %v", err)
				}
			}
			r.events = append(r.events, list...)
		}
		r.changed <- struct{}{}
	}))
	t.Cleanup(s.Close)
	return r, s.URL
}

// await waits until the receiver is as wanted.
func (r *receiver) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for {
		r.mu.Lock()
		ok := holds()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.changed:
		case <-time.After(20 * time.Second):
			t.Fatalf("never: %s; events %v", what, r.events)
		}
	}
}

func (r *receiver) names() (list []string) {
	for i, e := range r.events {
		if e.Seq != uint64(i+1) || e.Version != 2 || e.Node != "oslo-1" || e.Time == 0 {
			return []string{fmt.Sprintf("%+v at %d", e, i)}
		}
		list = append(list, e.Event)
	}
	return list
}

func settings(after func(time.Duration) <-chan time.Time) Settings {
	return Settings{Timeout: 5 * time.Second, First: time.Second, Most: 4 * time.Second, NodeName: "oslo-1", After: after}
}

// In order, each until it is taken, with waits that double.
func TestEventsInOrder(t *testing.T) {
	r, url := newReceiver(t)
	s := New(slog.New(slog.DiscardHandler))
	var waits []time.Duration
	again := make(chan time.Time)
	after := func(d time.Duration) <-chan time.Time {
		r.mu.Lock()
		waits = append(waits, d)
		r.mu.Unlock()
		return again
	}
	s.Configure([]Sink{{ID: 1, Name: "a", URL: url, Username: "u", Password: "p"}}, settings(after))
	r.await(t, "it has started", func() bool { return len(r.events) == 1 })
	r.mu.Lock()
	r.status = 503
	r.mu.Unlock()
	for i := range 5 {
		s.Emit(fmt.Sprint("event_", i), map[string]int{"n": i})
	}
	for n := range 4 {
		r.await(t, "it is tried", func() bool { return r.posts == n+2 })
		if n == 3 {
			r.mu.Lock()
			r.status = 200
			r.mu.Unlock()
		}
		again <- time.Time{}
	}
	r.await(t, "all are there", func() bool { return len(r.events) == 6 })
	if s.Failing(time.Now().Add(time.Hour)) != nil {
		t.Error("it fails though all is taken")
	}
	s.Configure([]Sink{{ID: 1, Name: "a", URL: url + "/other"}}, settings(after))
	s.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got, want := fmt.Sprint(r.names()), "[eventsink_started event_0 event_1 event_2 event_3 event_4 eventsink_updated eventsink_stopped]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := fmt.Sprint(waits), "[1s 2s 4s 4s]"; got != want {
		t.Errorf("waits %s, want %s", got, want)
	}
	if r.auth != ":" {
		t.Errorf("signed in as %s after the change", r.auth)
	}
}

// One sink that takes nothing holds up no other, and is told of; its queue is bounded.
func TestFailingSink(t *testing.T) {
	r, url := newReceiver(t)
	s := New(slog.New(slog.DiscardHandler))
	defer s.Close()
	never := func(time.Duration) <-chan time.Time { return nil }
	s.Configure([]Sink{{ID: 1, Name: "dead", URL: "http://127.0.0.1:1/"}, {ID: 2, Name: "alive", URL: url, Bulk: true}}, settings(never))
	for i := range queueMost + 10 {
		s.Emit("e", i)
	}
	r.await(t, "the other has something", func() bool { return len(r.events) > 100 })
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		if names := s.Failing(time.Now().Add(time.Minute)); len(names) == 1 && names[0] == "dead" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody is told")
		}
	}
	s.mu.Lock()
	p := s.running[1]
	s.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) != queueMost || p.lost == 0 {
		t.Errorf("%d wait, %d lost", len(p.queue), p.lost)
	}
}

// Many events go in few POSTs, in order.
func TestBulk(t *testing.T) {
	r, url := newReceiver(t)
	s := New(slog.New(slog.DiscardHandler))
	s.Configure([]Sink{{ID: 1, Name: "a", URL: url, Bulk: true}}, settings(nil))
	for range 500 {
		s.Emit("e", nil)
	}
	r.await(t, "all are there", func() bool { return len(r.events) == 501 })
	s.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if names := r.names(); len(names) != 502 || r.posts > 400 {
		t.Errorf("%d events in %d posts", len(names), r.posts)
	}
}
