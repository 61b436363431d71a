package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"parley/mgmt/resource"
)

// Counting participants of a span of time means reading that part of an index. Where
// the span is most of the table, those outside of it are counted instead.

// span is what conditions on times leave: rows whose from is not before since,
// and whose to is before until.
type span struct {
	from, to     bun.Ident // columns; "" = no bound
	since, until resource.Condition
}

// spanOf reads conditions as a span.
func spanOf(conditions []resource.Condition) (s span, ok bool) {
	for _, c := range conditions {
		name := bun.Ident(c.Field.Name)
		if _, isTime := c.Values[0].(time.Time); !isTime || name != "start_time" && name != "end_time" {
			return s, false
		}
		switch {
		case strings.HasPrefix(c.Op, "gt") && s.from == "":
			s.from, s.since = name, c
		case strings.HasPrefix(c.Op, "lt") && s.to == "":
			s.to, s.until = name, c
		default:
			return s, false
		}
	}
	if s.from != "" && s.to != "" {
		return s, s.since.Values[0].(time.Time).Before(s.until.Values[0].(time.Time))
	}
	return s, s.from != "" || s.to != ""
}

// outside are the opposites of the ops of a span.
var outside = map[string]string{"gte": "? < ?", "gt": "? <= ?", "lt": "? >= ?", "lte": "? > ?"}

// countOutside returns how many rows of the participants are in a span by those that
// are not; -1 where the span is the smaller part.
func (s *Store) countOutside(ctx context.Context, sp span, all int64) (int64, error) {
	var first int64
	if err := s.db.NewSelect().TableExpr(ParticipantTable).ColumnExpr("COALESCE(MIN(seq), 0)").Scan(ctx, &first); err != nil {
		return -1, err
	}
	// Rows are numbered about as they come, so that a number tells how many are before.
	before := func(c resource.Condition) (int64, error) {
		var seq int64
		err := s.db.NewSelect().TableExpr(ParticipantTable).Column("seq").Where("? >= ?", column(c.Field), c.Values[0]).
			OrderExpr("?", column(c.Field)).Limit(1).Scan(ctx, &seq)
		if errors.Is(err, sql.ErrNoRows) {
			return all, nil
		}
		return min(max(seq-first, 0), all), err
	}
	parts, about := []resource.Condition{}, int64(0)
	if sp.from != "" {
		n, err := before(sp.since)
		if err != nil {
			return -1, err
		}
		parts, about = append(parts, sp.since), about+n
	}
	if sp.to != "" {
		n, err := before(sp.until)
		if err != nil {
			return -1, err
		}
		parts, about = append(parts, sp.until), about+all-n
	}
	if 2*about >= all {
		return -1, nil
	}
	for _, c := range parts {
		n, err := s.db.NewSelect().TableExpr(ParticipantTable).Where(outside[c.Op], column(c.Field), c.Values[0]).Count(ctx)
		if err != nil {
			return -1, err
		}
		all -= int64(n)
	}
	if sp.from == "start_time" && sp.to == "end_time" { // who came before it and stayed beyond it was taken off twice
		q := s.db.NewSelect().TableExpr(ParticipantTable)
		for _, c := range parts {
			q.Where(outside[c.Op], column(c.Field), c.Values[0])
		}
		n, err := q.Count(ctx)
		if err != nil {
			return -1, err
		}
		all += int64(n)
	}
	return all, nil
}
