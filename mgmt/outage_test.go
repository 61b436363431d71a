package mgmt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/uptrace/bun/driver/pgdriver"

	"parley/bus"
	"parley/mgmt/store/storetest"
	"parley/pki"
)

// outage is a way in which a database takes no changes.
type outage struct {
	breaks, mend func()
	reads        bool   // it can still be read
	because      string // what the answers say
}

// Without a database that takes changes the Management Node reads and tells on,
// refuses writes, and takes them again when the database is back; nodes go on.
func TestDatabaseGone(t *testing.T) {
	execute := func(t *testing.T, db *sql.DB, statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	t.Run("sqlite full", func(t *testing.T) {
		dsn := storetest.SQLite(t)
		other, err := sql.Open("sqlite", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		testDatabaseGone(t, dsn, outage{
			breaks: func() { // what is written last fails, so that all before it must be taken back
				for _, table := range []string{"audit", "history_position"} {
					execute(t, other, "CREATE TRIGGER full_"+table+" BEFORE INSERT ON "+table+" BEGIN SELECT RAISE(FAIL, 'the disk is full'); END")
				}
			},
			mend:  func() { execute(t, other, "DROP TRIGGER full_audit", "DROP TRIGGER full_history_position") },
			reads: true, because: "the disk is full",
		})
	})
	t.Run("postgres gone", func(t *testing.T) {
		server, dsn := storetest.New(t)
		testDatabaseGone(t, dsn, outage{breaks: server.Stop, mend: func() {
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
		}, because: ".s.PGSQL"})
	})
	t.Run("postgres read-only", func(t *testing.T) {
		dsn := storetest.Postgres(t)
		at, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(at.Path, "/")
		at.Path = "/postgres"
		other := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(at.String())))
		defer other.Close()
		now := func(setting string) { // for connections to come, so those that there are end
			execute(t, other, "ALTER DATABASE "+name+" "+setting, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
		}
		testDatabaseGone(t, dsn, outage{
			breaks: func() { now("SET default_transaction_read_only = on") }, mend: func() { now("RESET default_transaction_read_only") },
			reads: true, because: "read-only transaction",
		})
	})
}

func testDatabaseGone(t *testing.T, dsn string, o outage) {
	c := newClient(t, dsn)
	at := c.create("conference", `{"name": "Weekly", "aliases": [{"alias": "weekly"}]}`)
	node := joinedNode(c)
	hand(t, c.m, 1, "j", participant(t, 1, "Ada", "Board", start))
	version := c.m.tree.Version()
	o.breaks()
	for _, write := range []struct{ method, path, body string }{
		{"POST", "conference/", `{"name": "Lost", "aliases": [{"alias": "lost"}]}`},
		{"PATCH", at, `{"name": "Lost"}`},
		{"PUT", at, `{"name": "Lost"}`},
		{"PATCH", "conference/", `{"objects": [{"name": "Lost"}, {"name": "Lost too"}]}`},
		{"DELETE", at, ""},
		{"DELETE", "conference/", ""},
		{"PATCH", "global/1/", `{"history_days": 7}`},
	} {
		answer := c.want(503, write.method, write.path, write.body)
		if text, _ := answer["error"].(string); !strings.Contains(text, "could not be stored, nothing has changed") || !strings.Contains(text, o.because) {
			t.Errorf("%v: %v", write, answer)
		}
	}
	if room := c.want(200, "GET", at, ""); room["name"] != "Weekly" || len(room["aliases"].([]any)) != 1 {
		t.Errorf("%v", room)
	}
	if d := c.m.Deployment(); d.Version != version || len(d.Conferences) != 1 {
		t.Errorf("%+v", d)
	}
	status, _, answer := c.do("GET", historyAPI+"participant/", "")
	if o.reads && status != 200 || !o.reads && (status != 503 || !strings.Contains(string(answer), "the history could not be read")) {
		t.Errorf("history: %d %s", status, answer)
	}
	node.goesOn(c, version)
	text, _ := json.Marshal(bus.Records{Journal: "j", List: []bus.Record{participant(t, 2, "Blaise", "Board", start)}}) // those can be
	if a, err := c.m.takeRecords(&nats.Msg{Subject: bus.AskSubject(int64(1), bus.AskRecords), Data: text}); err == nil {
		t.Errorf("history was acknowledged: %+v", a)
	}
	o.mend()
	c.create("conference", `{"name": "Found"}`)
	c.want(202, "PATCH", at, `{"name": "Daily"}`)
	if err := c.m.store.Load(t.Context(), c.m.tree); err != nil {
		t.Fatal(err)
	}
	if list := c.want(200, "GET", "conference/", "")["objects"].([]any); len(list) != 2 || list[0].(map[string]any)["name"] != "Daily" || c.m.tree.Version() != version+2 {
		t.Errorf("%v", list)
	}
	hand(t, c.m, 1, "j", participant(t, 2, "Blaise", "Board", start))
	if n := c.want(200, "GET", historyAPI+"participant/?display_name__icontains=a", "")["meta"].(map[string]any)["total_count"]; n != 2.0 {
		t.Errorf("there are %v participants", n)
	}
	node.goesOn(c, version+2)
}

// connected is a node on the bus, without anything that makes calls.
type connected struct {
	id   int64
	conn *nats.Conn
}

// joinedNode makes a node and has it join.
func joinedNode(c *client) *connected {
	c.t.Helper()
	place := c.create("system_location", `{"name": "Oslo"}`)
	token, _ := c.want(201, "POST", "worker_vm/", `{"name": "oslo-1", "system_location": "`+place+`"}`)["join_token"].(string)
	return c.connect(token)
}

// connect has a machine join by a token.
func (c *client) connect(token string) *connected {
	c.t.Helper()
	request, key, err := pki.NewKey("new")
	if err != nil {
		c.t.Fatal(err)
	}
	reply, err := c.m.join(bus.JoinRequest{Token: token, Request: string(request)}, "", time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair([]byte(reply.Certificate), key)
	if err != nil {
		c.t.Fatal(err)
	}
	authority := x509.NewCertPool()
	authority.AppendCertsFromPEM([]byte(reply.Authority))
	conn, err := bus.Connect(bus.ClientConfig{Address: c.m.bus.Addr().String(), Node: reply.Node, Certificate: func() *tls.Certificate { return &certificate }, Authority: authority})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	n := &connected{reply.Node, conn}
	if _, err := conn.Subscribe(bus.CommandSubject(n.id), func(m *nats.Msg) { _ = m.Respond([]byte(`{}`)) }); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// goesOn checks that a node is heard, gets the configuration, and is told what to do.
func (n *connected) goesOn(c *client, version int64) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	if err := n.conn.FlushWithContext(ctx); err != nil {
		c.t.Fatal(err)
	}
	answer, err := n.conn.RequestWithContext(ctx, bus.AskSubject(n.id, bus.AskSnapshot), nil)
	if err != nil || !strings.Contains(string(answer.Data), `"version":`+jsonText(version)+`,`) {
		c.t.Errorf("%v: %v", err, answer)
	}
	text, _ := json.Marshal(bus.NodeStatus{Node: n.id, At: time.Now(), Conferences: []bus.Conference{{ID: "running", Name: "Weekly"}}}) // it can be
	if err := n.conn.Publish(bus.StatusSubject(n.id), text); err != nil {
		c.t.Fatal(err)
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for _, err := c.m.nodeOfConference("running"); err != nil; _, err = c.m.nodeOfConference("running") {
		select {
		case <-again.C:
		case <-ctx.Done():
			c.t.Fatal("nothing is heard of the node")
		}
	}
	c.want(202, "POST", "/api/admin/command/v1/conference/lock/", `{"conference_id": "running"}`)
	c.m.fleet.forget(n.id)
}
