// Package storetest gives tests databases of their own, of both sorts: SQLite
// files, and databases of a PostgreSQL server that runs for the tests alone.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Each runs a test on an empty SQLite database and on an empty PostgreSQL one.
func Each(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns the DSN of an empty SQLite database.
func SQLite(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "parley.db")
}

// shared is the server of this test binary, started by the first test that needs it.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Postgres returns the DSN of an empty PostgreSQL database. The package's
// TestMain must be Main.
func Postgres(t *testing.T) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = newServer()
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return database(t, shared.server)
}

// New returns a server for one test, to stop and start, and the DSN of an empty
// database on it.
func New(t *testing.T) (s *Server, dsn string) {
	t.Helper()
	s, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s, database(t, s)
}

func database(t *testing.T, s *Server) string {
	t.Helper()
	s.databases++
	name := fmt.Sprintf("test%d", s.databases)
	if err := s.execute(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // else the folder grows by 7 MB a test
		_ = s.execute(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") // all goes at the end
	})
	return s.dsn(name)
}

// Main is the TestMain of packages whose tests use Postgres.
func Main(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.remove()
	}
	os.Exit(code)
}
