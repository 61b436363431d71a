package mgmt

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/uptrace/bun/driver/pgdriver"

	"parley/bus"
	"parley/mgmt/store"
	"parley/mgmt/store/storetest"
	"parley/pki"
)

// written is a log to read. Safe for concurrent use.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// newLoggedClient is newClient of a Management Node whose log can be read.
func newLoggedClient(t *testing.T, dsn string) (*client, *written) {
	t.Helper()
	w := &written{}
	m, err := Open(t.Context(), Config{DSN: dsn, Layouts: layouts, Log: slog.New(slog.NewTextHandler(w, nil)), Bus: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	return newClientOf(t, m), w
}

func (c *client) total(resource string) int {
	c.t.Helper()
	return int(c.want(200, "GET", historyAPI+resource+"/?limit=1", "")["meta"].(map[string]any)["total_count"].(float64))
}

// What a node says of a participant is brought into what the columns take, and
// nothing that it says keeps the records behind it from being kept.
func TestHostileRecords(t *testing.T) { storetest.Each(t, testHostileRecords) }

func testHostileRecords(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	now := time.Now().UTC()
	// Compresses to less than an index takes otherwise.
	long := ""
	for i := range 4000 {
		long += string(rune('a' + i*i*7919%8887%26))
	}
	changes := []func(p *bus.EndedParticipant){
		func(p *bus.EndedParticipant) { p.CallID = "a\x00b" },
		func(p *bus.EndedParticipant) { p.CallID = long },
		func(p *bus.EndedParticipant) {
			p.Streams = []bus.Stream{{Type: "audio\x00", RxCodec: long, RxBitrate: 1 << 60, RxPackets: 1<<64 - 1, RxLost: 1<<64 - 1}}
		},
		func(p *bus.EndedParticipant) { p.Streams = make([]bus.Stream, 1000) },
		func(p *bus.EndedParticipant) { p.RemotePort = 1 << 40 },
		func(p *bus.EndedParticipant) { p.Connected = time.Time{} },
		func(p *bus.EndedParticipant) { p.Ended = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) },
		func(p *bus.EndedParticipant) { p.Ended = p.Connected.Add(-time.Hour) },
	}
	list := make([]bus.Record, 0, len(changes)+1)
	for i, change := range changes {
		p := bus.EndedParticipant{Participant: bus.Participant{ID: fmt.Sprint("p", i), Connected: now.Add(-time.Hour), Quality: "ok"}, ConferenceID: "c", Ended: now}
		change(&p)
		list = append(list, record(t, int64(i+1), bus.RecordParticipant, p))
	}
	list = append(list, record(t, 9, bus.RecordConference, bus.EndedConference{ID: "c", Name: long, Ended: now.AddDate(5000, 0, 0), Participants: 1 << 50}))
	if a := hand(t, c.m, 1, long, list...); a.Number != 9 {
		t.Fatalf("acknowledged %+v", a)
	}
	if p, s := c.total("participant"), c.total("media_stream"); p != len(changes) || s != 1+streamsMost {
		t.Errorf("%d participants, %d streams", p, s)
	}
	for _, o := range c.want(200, "GET", historyAPI+"participant/?limit=100", "")["objects"].([]any) {
		p := o.(map[string]any)
		start, end := parseUTC(t, p["start_time"].(string)), parseUTC(t, p["end_time"].(string))
		if start.Before(timeFirst) || end.Before(start) || end.After(time.Now().Add(timeAhead)) || p["duration"] != float64(int(end.Sub(start).Seconds())) || len(p["conversation_id"].(string)) > textMost {
			t.Errorf("%v", p)
		}
	}
	if conference := c.want(200, "GET", historyAPI+"conference/c/", ""); conference["name"] != long[:textMost] {
		t.Errorf("%v", conference)
	}
	// Whatever a node says of times, it is forgotten some day.
	c.m.forget(t.Context(), now.AddDate(0, 0, 91))
	if p, s, n := c.total("participant"), c.total("media_stream"), c.total("conference"); p != 0 || s != 0 || n != 0 {
		t.Errorf("%d participants, %d streams, %d conferences are left", p, s, n)
	}
}

// A record that the database cannot keep does not keep others from being kept.
func TestUnfitRecord(t *testing.T) { storetest.Each(t, testUnfitRecord) }

func testUnfitRecord(t *testing.T, dsn string) {
	c, log := newLoggedClient(t, dsn)
	db, err := sql.Open("sqlite", dsn)
	refuse := "CREATE TRIGGER unfit BEFORE INSERT ON history_participant WHEN NEW.display_name = 'Eve' BEGIN SELECT RAISE(ABORT, 'unfit'); END"
	if strings.HasPrefix(dsn, "postgres") {
		db, err = sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(dsn))), nil
		refuse = "ALTER TABLE history_participant ADD CHECK (display_name <> 'Eve')"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), refuse); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour).UTC()
	a := hand(t, c.m, 1, "j", participant(t, 1, "Ada", "Board", at), participant(t, 2, "Eve", "Board", at), participant(t, 3, "Eve", "Board", at),
		record(t, 4, strings.Repeat("x", 1<<20), 0), participant(t, 5, "Bob", "Board", at))
	if n := c.total("participant"); a.Number != 5 || n != 2 {
		t.Errorf("acknowledged %+v, %d participants", a, n)
	}
	if text := log.String(); strings.Count(text, "left out") != 1 || !strings.Contains(text, "records=3") || len(text) > 1000 {
		t.Errorf("%.2000s", text)
	}
}

// What is too large is refused before it is read, and logged once.
func TestTooLarge(t *testing.T) {
	c, log := newLoggedClient(t, storetest.SQLite(t))
	node := joinedNode(c)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := node.conn.FlushWithContext(ctx); err != nil {
		t.Fatal(err)
	}
	for what, most := range map[string]int{bus.AskRecords: recordsBytes, bus.AskCertificate: requestBytes} {
		for range 2 {
			answer, err := node.conn.RequestWithContext(ctx, bus.AskSubject(node.id, what), bytes.Repeat([]byte(" "), most+1))
			if err != nil || !strings.Contains(string(answer.Data), "too large") {
				t.Errorf("%s: %v, %v", what, answer, err)
			}
		}
	}
	large := bus.NodeStatus{Node: node.id, Conferences: []bus.Conference{{ID: "large", Name: strings.Repeat("x", statusBytes)}}}
	many := bus.NodeStatus{Node: node.id, Conferences: make([]bus.Conference, 3000), FailingSinks: make([]string, 3000), Certificates: make([]bus.Expiry, 3000)}
	many.Conferences[0] = bus.Conference{ID: "many", Participants: make([]bus.Participant, 1)}
	many.Conferences[1] = bus.Conference{Participants: make([]bus.Participant, 2500)}
	many.Conferences[0].Participants[0].Streams = make([]bus.Stream, 1000)
	for _, s := range []bus.NodeStatus{large, large, many} {
		text, _ := json.Marshal(s) // it can be
		if err := node.conn.Publish(bus.StatusSubject(node.id), text); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "what a node tells of many", func() bool { _, err := c.m.nodeOfConference("many"); return err == nil })
	s := c.m.fleet.all(time.Now())[0]
	if a, b := len(s.Conferences[0].Participants), len(s.Conferences[1].Participants); len(s.Conferences) != conferencesMost || a+b != participantsMost ||
		len(s.Conferences[0].Participants[0].Streams) != streamsMost || len(s.FailingSinks) != sinksMost || len(s.Certificates) != certificatesMost {
		t.Errorf("%d conferences, %d and %d participants", len(s.Conferences), a, b)
	}
	if text := log.String(); strings.Count(text, "too large") != 3 {
		t.Errorf("%.3000s", text)
	}
}

// A node has one certificate a minute.
func TestRenewals(t *testing.T) {
	c := newClient(t, storetest.SQLite(t))
	node := joinedNode(c)
	request, _, err := pki.NewKey("node")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(bus.RenewRequest{Request: string(request)}) // it can be
	before, now, got := c.m.tree.Version(), time.Now(), ""
	for _, after := range []time.Duration{0, 0, 59 * time.Second, time.Minute, 61 * time.Second} {
		_, err := c.m.renewal(&nats.Msg{Subject: bus.AskSubject(node.id, bus.AskCertificate), Data: text}, now.Add(after))
		got += fmt.Sprint(err == nil, " ")
	}
	if changes := c.m.tree.Version() - before; got != "true false false true false " || changes != 2 {
		t.Errorf("%s, %d changes of the configuration", got, changes)
	}
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again, patience := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-patience:
			t.Fatal("in vain: " + what)
		}
	}
}

// A record is kept once, under however many names of journals it comes.
func TestSameRecords(t *testing.T) { storetest.Each(t, testSameRecords) }

func testSameRecords(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	same := participant(t, 1, "Ada", "Board", start)
	again := same
	again.Number = 2
	for i := range store.JournalsMost + 20 {
		if a := hand(t, c.m, 1, fmt.Sprint("j", i), same, again); a.Number != 2 {
			t.Fatalf("acknowledged %+v", a)
		}
	}
	if p, s := c.total("participant"), c.total("media_stream"); p != 1 || s != 2 {
		t.Errorf("%d participants, %d streams", p, s)
	}
	known := 0
	for i := range store.JournalsMost + 20 {
		n, err := c.m.store.Position(t.Context(), 1, fmt.Sprint("j", i))
		if err != nil {
			t.Fatal(err)
		}
		known += int(n / 2)
	}
	if last, err := c.m.store.Position(t.Context(), 1, fmt.Sprint("j", store.JournalsMost+19)); known > store.JournalsMost || err != nil || last != 2 {
		t.Errorf("%d journals are known, the last one up to %d, %v", known, last, err)
	}
}

// The lines of the log that a snapshot shows are bounded.
func TestLogLine(t *testing.T) {
	r := &logRing{}
	n, err := r.Write([]byte(strings.Repeat("x", 1<<20)))
	if line := r.since(time.Time{}); n != 1<<20 || err != nil || len(line) != 1 || len(line[0]) > lineMost+10 || !strings.HasSuffix(line[0], "\n") {
		t.Errorf("%d, %v, a line of %d bytes", n, err, len(line[0]))
	}
}
