package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"parley/mgmt/resource"
)

// Callers, rooms and nodes come back: a million participants have some ten
// thousand names. So the values of the columns below are listed once each, with
// how many rows have them: a search by part of a name reads the list and then an
// index, and what a filter leaves need not be counted.

// listed are the columns of participants whose values are listed.
var listed = []struct {
	column string
	of     func(p *HistoryParticipant) string
}{
	{"protocol", func(p *HistoryParticipant) string { return p.Protocol }}, // the first has few values: its sum is the number of rows
	{"call_direction", func(p *HistoryParticipant) string { return p.CallDirection }},
	{"call_quality", func(p *HistoryParticipant) string { return p.CallQuality }},
	{"conference_name", func(p *HistoryParticipant) string { return p.ConferenceName }},
	{"disconnect_reason", func(p *HistoryParticipant) string { return p.Reason }},
	{"display_name", func(p *HistoryParticipant) string { return p.DisplayName }},
	{"encryption", func(p *HistoryParticipant) string { return p.Encryption }},
	{"local_alias", func(p *HistoryParticipant) string { return p.LocalAlias }},
	{"media_node", func(p *HistoryParticipant) string { return p.MediaNode }},
	{"remote_address", func(p *HistoryParticipant) string { return p.RemoteAddress }},
	{"remote_alias", func(p *HistoryParticipant) string { return p.RemoteAlias }},
	{"role", func(p *HistoryParticipant) string { return p.Role }},
	{"service_tag", func(p *HistoryParticipant) string { return p.ServiceTag }},
	{"service_type", func(p *HistoryParticipant) string { return p.ServiceType }},
	{"signalling_node", func(p *HistoryParticipant) string { return p.SignallingNode }},
	{"system_location", func(p *HistoryParticipant) string { return p.SystemLocation }},
	{"vendor", func(p *HistoryParticipant) string { return p.Vendor }},
}

func isListed(table, column string) bool {
	if table != ParticipantTable {
		return false
	}
	for _, l := range listed {
		if l.column == column {
			return true
		}
	}
	return false
}

// value is a row: a value of a column, and how many participants have it.
type value struct {
	bun.BaseModel `bun:"table:history_value"`
	Field         string `bun:",pk"`
	Value         string `bun:",pk"`
	Folded        string // in lower case, as filters that ignore case compare it
	Total         int64
}

// countValues adds rows to the list, or with sign -1 takes them out.
func countValues(ctx context.Context, tx bun.Tx, rows []HistoryParticipant, sign int64) error {
	type key struct{ field, value string }
	totals := map[key]int64{}
	for i := range rows {
		for _, l := range listed {
			totals[key{l.column, l.of(&rows[i])}] += sign
		}
	}
	all := make([]value, 0, len(totals))
	for k, n := range totals {
		all = append(all, value{Field: k.field, Value: k.value, Folded: strings.ToLower(k.value), Total: n})
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Value, b.Value)) })
	for part := range slices.Chunk(all, rowsAtOnce) {
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT (field, value) DO UPDATE").Set("total = value.total + EXCLUDED.total").Exec(ctx); err != nil {
			return err
		}
	}
	if sign > 0 {
		return nil
	}
	_, err := tx.NewDelete().Model((*value)(nil)).Where("total <= 0").Exec(ctx)
	return err
}

// fillValues is the SQL that lists the values of rows which are there already.
func fillValues() string {
	var b strings.Builder
	for _, l := range listed {
		fmt.Fprintf(&b, "INSERT INTO history_value (field, value, folded, total) SELECT '%s', %[1]s, LOWER(%[1]s), COUNT(*) FROM history_participant GROUP BY %[1]s;\n", l.column)
	}
	return b.String()
}

// foldedTexts are conditions on listed columns: ?0 is the value, or with an i in
// front of the op the value in lower case. Otherwise as ofTexts.
var foldedTexts = map[string]string{
	"exact": "?0 = ?1", "contains": "?2(?0, ?1) > 0", "startswith": "?0 >= ?1 AND ?0 < ?3",
	"endswith": "LENGTH(?0) >= LENGTH(?1) AND SUBSTR(?0, LENGTH(?0) - LENGTH(?1) + 1) = ?1",
}

// valuesMost is how many values of a column a query names one by one.
const valuesMost = 500

// narrowed is what a condition on a listed column leaves.
type narrowed struct {
	column bun.Ident
	rows   int64    // how many
	values []string // that they have; nil = more than valuesMost
	filter func(*bun.SelectQuery) *bun.SelectQuery
}

// narrow asks the list what a condition leaves; nil = it cannot tell.
func (s *Store) narrow(ctx context.Context, c resource.Condition) (*narrowed, error) {
	var filter func(*bun.SelectQuery) *bun.SelectQuery
	base, folded := strings.CutPrefix(c.Op, "i")
	condition := foldedTexts[base]
	switch {
	case c.Op == "in":
		filter = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("value IN (?)", bun.List(c.Values)) }
	case condition == "":
		return nil, nil
	default:
		at, text := bun.Ident("value"), c.Values[0].(string)
		if folded {
			at, text = "folded", strings.ToLower(text)
		}
		filter = func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where(condition, at, text, s.find(), text+lastRune)
		}
	}
	n := &narrowed{column: column(c.Field)}
	n.filter = func(q *bun.SelectQuery) *bun.SelectQuery { return filter(q.Where("field = ?", c.Field.Name)) }
	var found int64
	err := n.filter(s.db.NewSelect().Model((*value)(nil)).ColumnExpr("COUNT(*), CAST(COALESCE(SUM(total), 0) AS BIGINT)")).Scan(ctx, &found, &n.rows)
	if err != nil || found > valuesMost {
		return n, err
	}
	n.values = []string{}
	return n, n.filter(s.db.NewSelect().Model((*value)(nil)).Column("value")).Scan(ctx, &n.values)
}

// apply adds the condition to a query. With hidden, SQLite uses no index for it.
func (n *narrowed) apply(s *Store, sel *bun.SelectQuery, hidden bool) {
	at := "?"
	if hidden && !s.postgres {
		at = "+?"
	}
	switch {
	case n.values == nil:
		sel.Where(at+" IN (?)", n.column, n.filter(s.db.NewSelect().Model((*value)(nil)).Column("value")))
	case len(n.values) == 1:
		sel.Where(at+" = ?", n.column, n.values[0])
	default:
		sel.Where(at+" IN (?)", n.column, bun.List(n.values))
	}
}
