package store

import (
	"context"
	"encoding/json"
	"fmt"

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

// Commit implements resource.Store.
func (s *Store) Commit(version int64, changes []resource.Change) error {
	var put []object
	var rows []change
	last := map[string]int64{}
	for i, c := range changes {
		row := change{Version: version, Part: i, Kind: c.Kind, ID: c.ID, Op: string(c.Op)}
		if c.After != nil {
			body, err := json.Marshal(c.After)
			if err != nil {
				return err
			}
			text := string(body)
			row.Body = &text
			put = append(put, object{Kind: c.Kind, ID: c.ID, Body: text})
		}
		rows = append(rows, row)
		last[c.Kind] = max(last[c.Kind], c.ID)
	}
	return s.transaction(context.Background(), func(ctx context.Context, tx bun.Tx) error {
		for _, c := range changes {
			if c.After == nil {
				if _, err := tx.NewDelete().Model((*object)(nil)).Where("kind = ? AND id = ?", c.Kind, c.ID).Exec(ctx); err != nil {
					return err
				}
			}
		}
		for ; len(put) > 0; put = put[min(len(put), rowsAtOnce):] {
			part := put[:min(len(put), rowsAtOnce)]
			if _, err := tx.NewInsert().Model(&part).On("CONFLICT (kind, id) DO UPDATE").Set("body = EXCLUDED.body").Exec(ctx); err != nil {
				return err
			}
		}
		for ; len(rows) > 0; rows = rows[min(len(rows), rowsAtOnce):] {
			part := rows[:min(len(rows), rowsAtOnce)]
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
		}
		for kind, id := range last {
			if _, err := tx.NewInsert().Model(&lastID{Kind: kind, ID: id}).On("CONFLICT (kind) DO UPDATE").
				Set("id = CASE WHEN EXCLUDED.id > last_id.id THEN EXCLUDED.id ELSE last_id.id END").Exec(ctx); err != nil {
				return err
			}
		}
		_, err := tx.NewDelete().Model((*change)(nil)).Where("version <= ?", version-changesKept).Exec(ctx)
		return err
	})
}

// Load fills a tree that nobody uses yet with what is stored.
func (s *Store) Load(ctx context.Context, tree *resource.Tree) error {
	var rows []object
	var ids []lastID
	var version int64
	if err := s.db.NewSelect().Model(&rows).Order("kind", "id").Scan(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := s.db.NewSelect().Model(&ids).Scan(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := s.db.NewSelect().Model((*change)(nil)).ColumnExpr("COALESCE(MAX(version), 0)").Scan(ctx, &version); err != nil {
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
	tree.Load(version, objects, last)
	return nil
}
