package store

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// room is a kind of object.
type room struct {
	ID   int64  `json:"id" readonly:"yes"`
	Name string `json:"name" min:"1" unique:"yes"`
}

func open(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// load returns what a store keeps.
func load(t *testing.T, s *Store) *resource.Tree {
	t.Helper()
	tree := resource.NewTree(s, resource.NewKind("room", "", room{}, nil))
	if err := s.Load(t.Context(), tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// text returns the version and the objects of a tree.
func text(tree *resource.Tree) string {
	all, version := tree.All("room")
	list := []string{fmt.Sprint("v", version)}
	for _, one := range all {
		r := one.(*room)
		list = append(list, fmt.Sprintf("%d:%.10s", r.ID, r.Name))
	}
	return strings.Join(list, " ")
}

func name(s string) resource.Input { return resource.Input{"name": fmt.Appendf(nil, "%q", s)} }

func create(tree *resource.Tree, names ...string) error {
	_, err := tree.Edit(nil, func(e *resource.Edit) error {
		for _, one := range names {
			if _, err := e.Create("room", name(one)); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, tree *resource.Tree, what string) {
	t.Helper()
	if have := text(tree); have != what {
		t.Errorf("there is %q, want %q", have, what)
	}
}

func TestMigrateTwice(t *testing.T) { storetest.Each(t, testMigrateTwice) }

func testMigrateTwice(t *testing.T, dsn string) {
	must(t, create(load(t, open(t, dsn)), "kept"))
	s := open(t, dsn)
	must(t, s.migrate(t.Context()))
	var applied []string
	must(t, s.db.NewSelect().Table("bun_migrations").Column("name").Order("name").Scan(t.Context(), &applied))
	if len(applied) != len(migrations) || applied[0] != migrations[0].name {
		t.Errorf("applied are %v", applied)
	}
	want(t, load(t, s), "v1 1:kept")
}

func TestWhatIsKept(t *testing.T) { storetest.Each(t, testWhatIsKept) }

func testWhatIsKept(t *testing.T, dsn string) {
	s := open(t, dsn)
	tree := load(t, s)
	var names []string
	for i := range 2*rowsAtOnce + 1 {
		names = append(names, fmt.Sprint("room ", i))
	}
	must(t, create(tree, names...))
	_, err := tree.Edit(nil, func(e *resource.Edit) error {
		for i := range names[2:] {
			if err := e.Delete("room", int64(i)+3); err != nil {
				return err
			}
		}
		return e.Update("room", 2, name("Köln \u2028 'x' \\ {}"))
	})
	must(t, err)
	want(t, load(t, open(t, dsn)), "v2 1:room 0 2:Köln \u2028 'x'")
	again := load(t, open(t, dsn))
	must(t, create(again, "next"))
	if _, there := again.Get("room", int64(len(names))+1); !there {
		t.Errorf("a number is given twice: %s", text(again))
	}
}

// refused checks that a write fails, changes nothing, and is possible again when
// what was wrong is mended.
func refused(t *testing.T, s *Store, tree *resource.Tree, mend func(), why string) {
	t.Helper()
	before := text(tree)
	if err := create(tree, "half a", strings.Repeat("x", 100_000)); !errors.Is(err, resource.ErrStore) || !strings.Contains(err.Error(), why) {
		t.Errorf("the write: %v, want %v and %q", err, resource.ErrStore, why)
	}
	want(t, tree, before)
	mend()
	want(t, load(t, s), before)
	must(t, create(tree, "whole"))
	want(t, load(t, s), text(tree))
	if !strings.Contains(text(tree), ":whole") || strings.Contains(text(tree), "half") {
		t.Errorf("there is %s", text(tree))
	}
}

func TestSQLiteCannotWrite(t *testing.T) {
	for _, test := range []struct{ name, breaks, mends, why string }{
		{"full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "full"}, // no fewer than there are
		{"read-only", "PRAGMA query_only = 1", "PRAGMA query_only = 0", "readonly"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, storetest.SQLite(t))
			s.db.SetMaxOpenConns(1) // both hold for a connection
			tree := load(t, s)
			must(t, create(tree, "first"))
			execute := func(statement string) {
				_, err := s.db.ExecContext(t.Context(), statement)
				must(t, err)
			}
			execute(test.breaks)
			refused(t, s, tree, func() { execute(test.mends) }, test.why)
		})
	}
}

func TestPostgresGone(t *testing.T) {
	server, dsn := storetest.New(t)
	s, byTCP := open(t, dsn), open(t, overTCP(t, dsn))
	for _, s := range []*Store{s, byTCP} {
		tree := load(t, s)
		must(t, create(tree, fmt.Sprint("before ", tree.Version())))
		server.Stop()
		refused(t, s, tree, func() { must(t, server.Start()) }, "")
		whole, _ := tree.Find("room", "name", "whole")
		_, err := tree.Edit(nil, func(e *resource.Edit) error { return e.Delete("room", whole.(*room).ID) })
		must(t, err)
	}
}

// overTCP returns a DSN that leads to the same database by TCP, where what is
// sent to a server that is gone is not refused at once.
func overTCP(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	q := u.Query()
	socket := q.Get("host")
	q.Del("host")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", socket)
			if err != nil {
				from.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(to, from)
				to.Close()
			}()
			go func() {
				_, _ = io.Copy(from, to)
				from.Close()
			}()
		}
	}()
	return u.String()
}

// The server is gone between COMMIT and its answer: with the change, or without.
func TestUnsureCommit(t *testing.T) { storetest.Each(t, testUnsureCommit) }

func testUnsureCommit(t *testing.T, dsn string) {
	s := open(t, dsn)
	tree := load(t, s)
	must(t, create(tree, "first", "second"))
	for _, happened := range []bool{true, false} {
		s.commit = func(tx bun.Tx) error {
			if happened {
				must(t, tx.Commit())
			} else {
				must(t, tx.Rollback())
			}
			return io.ErrUnexpectedEOF
		}
		if _, err := tree.Edit(nil, func(e *resource.Edit) error {
			_, err := e.Create("room", name("lost too"))
			return errors.Join(e.Update("room", 1, name("lost")), e.Delete("room", 2), err)
		}); !errors.Is(err, resource.ErrStore) || !errors.Is(err, errUnsure) {
			t.Errorf("%v", err)
		}
		s.commit = bun.Tx.Commit
		must(t, create(tree, fmt.Sprint("third ", happened)))
		want(t, load(t, s), text(tree))
	}
	var audits []Audit
	if total, err := s.Rows(t.Context(), Query{Table: AuditTable, Limit: 10}, &audits); err != nil || total != 4 {
		t.Errorf("%d entries of four changes, %v", total, err)
	}
	want(t, tree, "v3 1:first 2:second 3:third true 4:third fals")
}

// A file that is full, or may only be read, takes a change whole or not at all.
func TestFullAndReadOnly(t *testing.T) {
	for _, test := range []struct{ name, breaks, mend, because string }{
		{"full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "full"}, // it cannot be less than there are
		{"read-only", "PRAGMA query_only = ON", "PRAGMA query_only = OFF", "readonly"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, storetest.SQLite(t))
			s.db.SetMaxOpenConns(1) // for which the setting holds
			tree := load(t, s)
			must(t, create(tree, "one"))
			execute := func(statement string) {
				t.Helper()
				_, err := s.db.ExecContext(t.Context(), statement)
				must(t, err)
			}
			execute(test.breaks)
			long := strings.Repeat("long ", 100_000)
			for range 3 {
				if err := create(tree, "two", long); !errors.Is(err, resource.ErrStore) || !strings.Contains(err.Error(), test.because) {
					t.Fatalf("%v", err)
				}
			}
			if err := s.AddHistory(t.Context(), History{Node: 1, Journal: long, Number: 1, Participants: []HistoryParticipant{{ID: "p", DisplayName: long}}}); err == nil {
				t.Error("history was kept")
			}
			want(t, tree, "v1 1:one")
			want(t, load(t, s), "v1 1:one")
			execute(test.mend)
			must(t, create(tree, "two"))
			want(t, load(t, s), "v2 1:one 2:two")
			var rows []HistoryParticipant
			if n, err := s.Rows(t.Context(), Query{Table: ParticipantTable, Limit: 1}, &rows); n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}
