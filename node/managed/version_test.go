package managed

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/bus"
	"parley/config"
)

// taker is a node that keeps what it is configured with.
type taker struct{ taken chan config.Deployment }

func (n *taker) Configure(d config.Deployment)                   { n.taken <- d }
func (n *taker) Report() bus.NodeStatus                          { return bus.NodeStatus{} }
func (n *taker) Do(bus.Command) bus.Result                       { return bus.Result{Error: "not known"} }
func (n *taker) Picture(context.Context, string) ([]byte, error) { return nil, nil }

// A Management Node of the next version tells kinds and fields that this node
// does not know: it takes the rest, says once what it left out, and answers a
// command that it does not know.
func TestManagementOfTheNextVersion(t *testing.T) {
	var log bytes.Buffer // of one goroutine, the one that follows
	var snapshot atomic.Pointer[string]
	first := `{"version": 3, "webhook": [{"id": 1}], "global": {"id": 1, "gravity": 1}, "conference": [{"id": 1, "name": "Weekly", "hologram": true}]}`
	snapshot.Store(&first)
	n := &taker{make(chan config.Deployment, 100)}
	conn, _ := tied(t, func() []byte { return []byte(*snapshot.Load()) }, n, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	patience := time.After(30 * time.Second)
	taken := func(version int64) config.Deployment {
		t.Helper()
		for {
			select {
			case d := <-n.taken:
				if d.Version == version {
					return d
				}
			case <-patience:
				t.Fatalf("version %d never came", version)
			}
		}
	}
	publish := func(text string) {
		t.Helper()
		if err := conn.Publish(bus.DeltaSubject, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if d := taken(3); len(d.Conferences) != 1 || d.Conferences[0].Name != "Weekly" || d.Global.MaxPixelsPerSecond != "hd" {
		t.Errorf("%+v", d)
	}
	publish(`{"previous": 3, "version": 4, "reason": "a new field", "changes": [
		{"kind": "webhook", "id": 2, "body": {"id": 2}, "urgent": true},
		{"kind": "conference", "id": 2, "body": {"id": 2, "name": "Board", "hologram": {"a": [1]}}},
		{"kind": "webhook", "id": 1}]}`)
	if d := taken(4); len(d.Conferences) != 2 || d.Conferences[1].Name != "Board" {
		t.Errorf("%+v", d)
	}
	answer, err := conn.RequestWithContext(t.Context(), bus.CommandSubject(1), []byte(`{"action": "meeting/merge", "with": 5}`))
	if err != nil || !strings.Contains(string(answer.Data), "not known") {
		t.Errorf("%v, %+v", err, answer)
	}
	// Where the node asked once more when it was connected, it is at version 3 again.
	last := `{"version": 5, "webhook": [{"id": 2}], "global": {"id": 1, "gravity": 1}, "conference": [{"id": 1, "name": "Weekly", "hologram": true}]}`
	snapshot.Store(&last)
	publish(`{"previous": 4, "version": 5, "changes": [{"kind": "conference", "id": 2}]}`)
	taken(5)
	text := log.String() // what was logged before version 5 was taken
	for _, what := range []string{"conference.hologram", "global.gravity", "webhook"} {
		if n := strings.Count(text, "what="+what+"\n"); n != 1 {
			t.Errorf("%s logged %d times:\n%s", what, n, text)
		}
	}
}

// A Management Node that was brought up to date tells more of the same version of
// the configuration, which is taken when the node connects again.
func TestSameVersionToldAnew(t *testing.T) {
	var snapshot atomic.Pointer[string]
	old := `{"version": 3, "conference": [{"id": 1, "name": "Weekly"}]}`
	snapshot.Store(&old)
	n := &taker{make(chan config.Deployment, 100)}
	conn, _ := tied(t, func() []byte { return []byte(*snapshot.Load()) }, n, slog.New(slog.DiscardHandler))
	patience := time.After(30 * time.Second)
	for _, want := range []string{"", "x"} {
		select {
		case d := <-n.taken:
			if d.Conferences[0].Tag != want {
				t.Errorf("tag %q, want %q", d.Conferences[0].Tag, want)
			}
		case <-patience:
			t.Fatalf("tag %q never came", want)
		}
		more := `{"version": 3, "conference": [{"id": 1, "name": "Weekly", "tag": "x"}]}`
		snapshot.Store(&more)
		// Another version of the configuration is told, which is not there yet.
		if err := conn.Publish(bus.DeltaSubject, []byte(`{"previous": 9, "version": 9}`)); err != nil {
			t.Fatal(err)
		}
	}
}
