package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/pgdriver"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrDSN is the error of a database that is named in a way that cannot work.
var ErrDSN = errors.New("store: DSN")

// Store is an open database. Safe for concurrent use.
type Store struct {
	db       *bun.DB
	postgres bool
}

// Open opens the database that dsn names, postgres://... or the path of an
// SQLite file, and brings its tables up to date. An SQLite file that is not
// there is made.
func Open(ctx context.Context, dsn string) (*Store, error) {
	s := &Store{}
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		if _, err := url.Parse(dsn); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDSN, err)
		}
		s.postgres = true
		s.db = bun.NewDB(sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(dsn))), pgdialect.New())
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

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// writeWithin bounds a write of the configuration.
const writeWithin = 15 * time.Second

// transaction runs f in a transaction.
func (s *Store) transaction(ctx context.Context, f func(ctx context.Context, tx bun.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	return s.db.RunInTx(ctx, nil, f)
}
