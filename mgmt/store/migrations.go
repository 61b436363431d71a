package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

// migrations are the versions of the tables, oldest first. A version that has
// been released never changes. AUTO is how the database numbers rows, TIME and
// JSON are its types.
var migrations = []struct{ name, comment, up string }{
	{"20261126000001", "configuration", `
CREATE TABLE object (
	kind VARCHAR(64) NOT NULL, id BIGINT NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (kind, id)
);
CREATE TABLE last_id (kind VARCHAR(64) PRIMARY KEY, id BIGINT NOT NULL);
CREATE TABLE change (
	version BIGINT NOT NULL, part INTEGER NOT NULL,
	kind VARCHAR(64) NOT NULL, id BIGINT NOT NULL, op VARCHAR(8) NOT NULL, body TEXT,
	PRIMARY KEY (version, part)
);`},
}

// migrate brings the tables up to date.
func (s *Store) migrate(ctx context.Context) error {
	all := migrate.NewMigrations()
	for _, m := range migrations {
		all.Add(migrate.Migration{Name: m.name, Comment: m.comment, Up: func(ctx context.Context, _ *migrate.Migrator, _ *migrate.Migration) error {
			return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return s.execute(ctx, tx, m.up) })
		}})
	}
	migrator := migrate.NewMigrator(s.db, all, migrate.WithMarkAppliedOnSuccess(true))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx); err != nil {
		return fmt.Errorf("migration: %w", err)
	}
	return nil
}

// execute runs statements one by one.
func (s *Store) execute(ctx context.Context, tx bun.Tx, text string) error {
	types := strings.NewReplacer("AUTO", "INTEGER PRIMARY KEY AUTOINCREMENT", "TIME", "TIMESTAMP", "JSON", "TEXT")
	if s.postgres {
		types = strings.NewReplacer("AUTO", "BIGSERIAL PRIMARY KEY", "TIME", "TIMESTAMPTZ", "JSON", "JSONB")
	}
	for statement := range strings.SplitSeq(types.Replace(text), ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
