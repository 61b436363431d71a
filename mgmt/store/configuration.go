package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"parley/mgmt/resource"
)

// object is a row: one object of the configuration.
type object struct {
	bun.BaseModel `bun:"table:object"`
	Kind          string `bun:",pk"`
	ID            int64  `bun:",pk"`
	Body          string
}

// lastID is a row: the highest id that a kind ever had, which is never given again.
type lastID struct {
	bun.BaseModel `bun:"table:last_id"`
	Kind          string `bun:",pk"`
	ID            int64
}

// change is a row: one object that a version of the configuration changed.
type change struct {
	bun.BaseModel `bun:"table:change"`
	Version       int64 `bun:",pk"`
	Part          int   `bun:",pk"`
	Kind          string
	ID            int64
	Op            string
	Body          *string // null where it was deleted
}

// rowsAtOnce bounds the rows of one statement.
const rowsAtOnce = 500

// changesKept is how many versions of the configuration can be asked for.
const changesKept = 10_000

var _ resource.Store = (*Store)(nil)

// Commit implements resource.Store. One call at a time.
func (s *Store) Commit(c resource.Commit) error {
	bodies := maps.Clone(s.doubt) // of objects, as they are to be; nil = gone
	if bodies == nil {
		bodies = map[resource.Key]*string{}
	}
	before := map[resource.Key]*string{}
	var rows []change
	for i, one := range c.Changes {
		was, err := body(one.Before)
		if err != nil {
			return err
		}
		is, err := body(one.After)
		if err != nil {
			return err
		}
		before[one.Key], bodies[one.Key] = was, is
		rows = append(rows, change{Version: c.Version, Part: i, Kind: one.Kind, ID: one.ID, Op: string(one.Op), Body: is})
	}
	audit, err := auditRows(c)
	if err != nil {
		return err
	}
	err = s.transaction(context.Background(), func(ctx context.Context, tx bun.Tx) error {
		if s.doubt != nil {
			for _, table := range []string{"change", AuditTable} {
				if _, err := tx.NewDelete().TableExpr(table).Where("version >= ?", c.Version).Exec(ctx); err != nil {
					return err
				}
			}
		}
		if err := putObjects(ctx, tx, bodies); err != nil {
			return err
		}
		if err := insert(ctx, tx, "change", rows, ""); err != nil {
			return err
		}
		if err := insert(ctx, tx, AuditTable, audit, ""); err != nil {
			return err
		}
		for kind, id := range c.Last {
			if _, err := tx.NewInsert().Model(&lastID{Kind: kind, ID: id}).On("CONFLICT (kind) DO UPDATE").
				Set("id = CASE WHEN EXCLUDED.id > last_id.id THEN EXCLUDED.id ELSE last_id.id END").Exec(ctx); err != nil {
				return err
			}
		}
		_, err := tx.NewDelete().Model((*change)(nil)).Where("version <= ?", c.Version-changesKept).Exec(ctx)
		return err
	})
	switch {
	case err == nil:
		s.doubt = nil
	case errors.Is(err, errUnsure):
		if s.doubt == nil {
			s.doubt = map[resource.Key]*string{}
		}
		maps.Copy(s.doubt, before)
	}
	return err
}

// body returns an object as it is kept.
func body(object any) (*string, error) {
	if object == nil {
		return nil, nil
	}
	raw, err := json.Marshal(object)
	text := string(raw)
	return &text, err
}

// putObjects makes the rows of objects what bodies says.
func putObjects(ctx context.Context, tx bun.Tx, bodies map[resource.Key]*string) error {
	var put []object
	for key, text := range bodies {
		if text != nil {
			put = append(put, object{Kind: key.Kind, ID: key.ID, Body: *text})
			continue
		}
		if _, err := tx.NewDelete().Model((*object)(nil)).Where("kind = ? AND id = ?", key.Kind, key.ID).Exec(ctx); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(put, rowsAtOnce) {
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT (kind, id) DO UPDATE").Set("body = EXCLUDED.body").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Load fills a tree that nobody uses yet with what is stored.
func (s *Store) Load(ctx context.Context, tree *resource.Tree) error {
	var rows []object
	var ids []lastID
	var version int64
	whole := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true} // another process may write
	if err := s.db.RunInTx(ctx, whole, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&rows).Order("kind", "id").Scan(ctx); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&ids).Scan(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model((*change)(nil)).ColumnExpr("COALESCE(MAX(version), 0)").Scan(ctx, &version)
	}); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	objects, last := map[string][]any{}, map[string]int64{}
	for _, row := range rows {
		k, ok := tree.Kind(row.Kind)
		if !ok {
			continue
		}
		one := k.New()
		if err := json.Unmarshal([]byte(row.Body), one); err != nil {
			return fmt.Errorf("store: %s/%d: %w", row.Kind, row.ID, err)
		}
		objects[row.Kind] = append(objects[row.Kind], one)
	}
	for _, row := range ids {
		last[row.Kind] = row.ID
	}
	tree.Load(resource.Snapshot{Version: version, Objects: objects, Last: last})
	return nil
}
