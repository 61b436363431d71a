package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"parley/mgmt/resource"
)

// Query asks for a page of a table. Without an order rows come by their start,
// and rows that the order leaves equal too.
type Query struct {
	Table         string
	Conditions    []resource.Condition
	Order         []resource.Order
	Limit, Offset int
}

// Rows reads a page into rows, a pointer to a slice of a table's structs, and
// returns how many rows there are in all.
func (s *Store) Rows(ctx context.Context, q Query, rows any) (total int, err error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	p, err := s.plan(ctx, q)
	if err != nil {
		return 0, err
	}
	n := p.total
	if n < 0 {
		count := s.db.NewSelect().TableExpr(q.Table).ColumnExpr("COUNT(*)")
		if err := p.where(s, count, false); err != nil {
			return 0, err
		}
		if err := count.Scan(ctx, &n); err != nil {
			return 0, err
		}
	}
	if int64(q.Offset) >= n || q.Limit <= 0 {
		return int(n), nil
	}
	// The second half is read from its end: half as many rows to pass over. Rows that
	// come meanwhile shift pages, as they do between the requests for two pages.
	limit, offset := min(int64(q.Limit), n-int64(q.Offset)), int64(q.Offset)
	backwards := offset > n-offset-limit
	if backwards {
		offset = n - offset - limit
	}
	// Rows that are passed over are looked at in an index only: those of the page
	// alone are read whole.
	inner := s.db.NewSelect().TableExpr(q.Table).ColumnExpr("seq").Limit(limit).Offset(offset)
	if err := p.where(s, inner, p.hides(q, offset+limit)); err != nil {
		return 0, err
	}
	order(q, inner, backwards)
	outer := s.db.NewSelect().Model(rows).ModelTableExpr(q.Table).ColumnExpr("*").Where("seq IN (?)", inner)
	order(q, outer, false)
	return int(n), outer.Scan(ctx)
}

// order puts a query into its order, or into the opposite.
func order(q Query, sel *bun.SelectQuery, backwards bool) {
	falling, by := false, []string{}
	add := func(name string) {
		if slices.Contains(by, name) {
			return
		}
		by = append(by, name)
		direction := "ASC"
		if falling != backwards {
			direction = "DESC"
		}
		sel.OrderExpr("? "+direction, bun.Ident(name))
	}
	for _, o := range q.Order {
		falling = o.Falling
		add(string(column(o.Field)))
	}
	if q.Table != AuditTable && q.Table != AlarmTable {
		add("start_time")
	}
	add("seq")
}

// plan is how a page is looked for.
type plan struct {
	plain    []resource.Condition
	narrowed []*narrowed // the narrowest first
	total    int64       // rows of the answer; -1 = to be counted
	all      int64       // rows of the table, where values are listed
}

// plan asks the list of values how far the conditions narrow the search.
func (s *Store) plan(ctx context.Context, q Query) (p plan, err error) {
	p.total = -1
	if q.Table != ParticipantTable {
		p.plain = q.Conditions
		return p, nil
	}
	if err := s.db.NewSelect().Model((*value)(nil)).ColumnExpr("CAST(COALESCE(SUM(total), 0) AS BIGINT)").
		Where("field = ?", listed[0].column).Scan(ctx, &p.all); err != nil {
		return p, err
	}
	for _, c := range q.Conditions {
		if !isListed(q.Table, c.Field.Name) {
			p.plain = append(p.plain, c)
			continue
		}
		n, err := s.narrow(ctx, c)
		switch {
		case err != nil:
			return p, err
		case n == nil:
			p.plain = append(p.plain, c)
		case n.rows == 0:
			p.total = 0
			return p, nil
		case n.rows < p.all: // else all fulfil it
			p.narrowed = append(p.narrowed, n)
		}
	}
	slices.SortStableFunc(p.narrowed, func(a, b *narrowed) int { return cmp.Compare(a.rows, b.rows) })
	if sp, ok := spanOf(p.plain); ok && len(p.narrowed) == 0 {
		p.total, err = s.countOutside(ctx, sp, p.all)
		return p, err
	}
	switch {
	case len(p.plain) > 0 || len(p.narrowed) > 1:
	case len(p.narrowed) == 1:
		p.total = p.narrowed[0].rows
	default:
		p.total = p.all
	}
	return p, nil
}

// where adds the conditions to a query.
func (p *plan) where(s *Store, sel *bun.SelectQuery, hidden bool) error {
	for _, n := range p.narrowed {
		n.apply(s, sel, hidden || n != p.narrowed[0]) // SQLite cannot tell which leaves least
	}
	for _, c := range p.plain {
		if err := s.where(sel, c); err != nil {
			return err
		}
	}
	return nil
}

// hides reports whether so many rows are found sooner by walking all in their
// order than by sorting those that fulfil the conditions. PostgreSQL knows itself.
func (p *plan) hides(q Query, rows int64) bool {
	if len(p.narrowed) == 0 || len(p.plain) > 0 {
		return false
	}
	least := p.narrowed[0]
	if len(least.values) == 1 && (len(q.Order) == 0 || q.Order[0].Field.Name == "start_time") {
		return false // its index is in that order
	}
	return float64(rows)*float64(p.all) < float64(least.rows)*float64(least.rows)
}

// column returns the column of a field. Rows that have no other id are known by seq.
func column(f *resource.Field) bun.Ident {
	if f.Name == "id" && f.Type == resource.Integer {
		return "seq"
	}
	return bun.Ident(f.Name)
}

// lastRune is after every text that begins alike.
const lastRune = "\U0010ffff"

// find is the function that finds a text in a text.
func (s *Store) find() bun.Safe {
	if s.postgres {
		return "STRPOS"
	}
	return "INSTR"
}

// conditions are the ops but "in" and "isnull" in SQL: ?0 is the column, ?1 the
// value, ?2 find, ?3 the end of the range of texts that begin with it. Patterns are none of them:
// databases differ in those, and in whether they heed the case of letters.
var (
	conditions = map[string]string{"exact": "?0 = ?1", "gt": "?0 > ?1", "gte": "?0 >= ?1", "lt": "?0 < ?1", "lte": "?0 <= ?1"}
	ofTexts    = map[string]string{
		"iexact":      "LOWER(?0) = LOWER(?1)",
		"contains":    "?2(?0, ?1) > 0",
		"icontains":   "?2(LOWER(?0), LOWER(?1)) > 0",
		"startswith":  "?0 >= ?1 AND ?0 < ?3", // a range, for which there is an index
		"istartswith": "SUBSTR(LOWER(?0), 1, LENGTH(?1)) = LOWER(?1)",
		"endswith":    "LENGTH(?0) >= LENGTH(?1) AND SUBSTR(?0, LENGTH(?0) - LENGTH(?1) + 1) = ?1",
		"iendswith":   "LENGTH(?0) >= LENGTH(?1) AND SUBSTR(LOWER(?0), LENGTH(?0) - LENGTH(?1) + 1) = LOWER(?1)",
	}
)

// where adds a condition.
func (s *Store) where(sel *bun.SelectQuery, c resource.Condition) error {
	at := column(c.Field)
	text, isText := c.Values[0].(string)
	condition, ok := conditions[c.Op]
	if !ok && isText {
		condition, ok = ofTexts[c.Op]
	}
	switch {
	case c.Op == "in":
		sel.Where("? IN (?)", at, bun.List(c.Values))
	case c.Op == "isnull":
		sel.Where("(? IS NULL) = ?", at, c.Values[0])
	case ok:
		sel.Where(condition, at, c.Values[0], s.find(), text+lastRune)
	default:
		return fmt.Errorf("%w: %s__%s: the history cannot be filtered so", resource.ErrFilter, c.Field.Name, c.Op)
	}
	return nil
}
