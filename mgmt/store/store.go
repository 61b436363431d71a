package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/mgmt/resource"
)

// ErrDSN is the error of a database that is named in a way that cannot work.
var ErrDSN = errors.New("store: DSN")

// Store is an open database. Safe for concurrent use.
type Store struct {
	db       *bun.DB
	postgres bool
	// writing has one transaction at a time change the history.
	writing sync.Mutex
	// doubt is how objects were before commits that may or may not have happened:
	// the connection broke before the answer. The next commit restores them first.
	doubt map[resource.Key]*string
	// commit is bun.Tx.Commit, but in tests.
	commit func(bun.Tx) error
}

// Open opens the database that dsn names, postgres://... or the path of an
// SQLite file, and brings its tables up to date. An SQLite file that is not
// there is made.
func Open(ctx context.Context, dsn string) (*Store, error) {
	s := &Store{commit: bun.Tx.Commit}
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		if _, err := url.Parse(dsn); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDSN, err)
		}
		s.postgres = true
		s.db = bun.NewDB(sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(dsn), pgdriver.WithResetSessionFunc(alive))), pgdialect.New())
		s.db.SetMaxOpenConns(16)
	case dsn == "", strings.Contains(dsn, "://"):
		return nil, fmt.Errorf("%w: %q is neither postgres://... nor the path of a file", ErrDSN, dsn)
	default:
		// Secrets are in it; the files beside it get the same mode.
		file, err := os.OpenFile(dsn, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		file.Close()
		raw, err := sql.Open("sqlite", sqliteDSN(dsn))
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		s.db = bun.NewDB(raw, sqlitedialect.New())
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), s.db.Close())
	}
	return s, nil
}

// sqliteDSN has writers wait for each other, readers for nobody, and what was
// committed outlive the program; a power cut may cost the last transactions,
// never the file.
func sqliteDSN(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	u := url.URL{Scheme: "file", Path: path}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(ON)"}, "_txlock": {"immediate"}}
	u.RawQuery = q.Encode()
	return u.String()
}

// Kind returns which database it is, "SQLite" or "PostgreSQL".
func (s *Store) Kind() string {
	if s.postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// How long a write, and a search of a history, may take.
const (
	writeWithin = 15 * time.Second
	readWithin  = 30 * time.Second
)

// errUnsure is the error of a commit that may have happened all the same.
var errUnsure = errors.New("store: the commit was not confirmed")

// Unfit reports whether the database has answered that what it was given cannot
// be kept, however often it is tried: SQLSTATE classes 22 (data), 23 (constraint)
// and 54 (limit), and their like in SQLite.
func Unfit(err error) bool {
	if pg := (pgdriver.Error{}); errors.As(err, &pg) {
		return slices.Contains([]string{"22", "23", "54"}, fmt.Sprintf("%.2s", pg.Field('C')))
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		return slices.Contains([]int{sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}, lite.Code()&0xff)
	}
	return false
}

// transaction runs f in a transaction.
func (s *Store) transaction(ctx context.Context, f func(ctx context.Context, tx bun.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		_ = tx.Rollback() // what it cannot take back, the end of the connection does
		return err
	}
	if err := s.commit(tx); err != nil {
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
	return nil
}

// alive asks whether a connection of the pool still works, so that the first
// write after a restart of the server does not fail for it.
func alive(ctx context.Context, c *pgdriver.Conn) error {
	if c.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	return nil
}
