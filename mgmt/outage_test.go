package mgmt

import (
	"database/sql"
	"strings"
	"testing"

	"parley/mgmt/store/storetest"
)

// Without its database the Management Node reads and tells on, refuses writes,
// and takes them again when the database is back.
func TestDatabaseGone(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dsn := storetest.SQLite(t)
		other, err := sql.Open("sqlite", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		execute := func(statement string) {
			t.Helper()
			if _, err := other.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		testDatabaseGone(t, dsn, func() {
			// What is written last fails, so that all before it must be taken back.
			execute(`CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'the disk is full'); END`)
		}, func() { execute("DROP TRIGGER full") })
	})
	t.Run("postgres", func(t *testing.T) {
		server, dsn := storetest.New(t)
		testDatabaseGone(t, dsn, server.Stop, func() {
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func testDatabaseGone(t *testing.T, dsn string, breaks, mend func()) {
	c := newClient(t, dsn)
	at := c.create("conference", `{"name": "Weekly", "aliases": [{"alias": "weekly"}]}`)
	version := c.m.tree.Version()
	breaks()
	for _, write := range []struct{ method, path, body string }{
		{"POST", "conference/", `{"name": "Lost", "aliases": [{"alias": "lost"}]}`}, {"PATCH", at, `{"name": "Lost"}`}, {"DELETE", at, ""},
	} {
		answer := c.want(503, write.method, write.path, write.body)
		if text, _ := answer["error"].(string); !strings.Contains(text, "could not be stored, nothing has changed") {
			t.Errorf("%v: %v", write, answer)
		}
	}
	if room := c.want(200, "GET", at, ""); room["name"] != "Weekly" || len(room["aliases"].([]any)) != 1 {
		t.Errorf("%v", room)
	}
	if d := c.m.Deployment(); d.Version != version || len(d.Conferences) != 1 {
		t.Errorf("%+v", d)
	}
	if status, _, answer := c.do("GET", historyAPI+"conference/", ""); status != 200 && !strings.Contains(string(answer), "the history could not be read") {
		t.Errorf("history: %d %s", status, answer)
	}
	mend()
	c.create("conference", `{"name": "Found"}`)
	c.want(202, "PATCH", at, `{"name": "Daily"}`)
	if err := c.m.store.Load(t.Context(), c.m.tree); err != nil {
		t.Fatal(err)
	}
	if list := c.want(200, "GET", "conference/", "")["objects"].([]any); len(list) != 2 || list[0].(map[string]any)["name"] != "Daily" || c.m.tree.Version() != version+2 {
		t.Errorf("%v", list)
	}
}
