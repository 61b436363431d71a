package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

var participants = resource.NewKind("participant", "", HistoryParticipant{}, nil)

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// left returns participants whose fields have few values, so that many are equal.
func left(random *rand.Rand, from, to int) (list []HistoryParticipant) {
	names := []string{"Ada", "ADAM", "Ødegård", "ødipus", "a%b_c", "", "Blaise"}
	for i := from; i < to; i++ {
		at := began.Add(time.Duration(random.IntN(30)) * time.Minute)
		name := names[random.IntN(len(names))]
		list = append(list, HistoryParticipant{
			ID: fmt.Sprintf("p%03d", i), CallUUID: fmt.Sprintf("p%03d", i), Conference: fmt.Sprintf("c%d", i/9), ConferenceName: []string{"Board", "Weekly"}[i/9%2], DisplayName: name,
			RemoteAlias: fmt.Sprintf("sip:%s%d@example.com", strings.ToLower(name), i%5), Protocol: "SIP", ServiceTag: []string{"", "", "sales"}[random.IntN(3)], Vendor: []string{"Phone", "Room system"}[random.IntN(2)],
			CallQuality: []string{"1_good", "1_good", "1_good", "2_ok", "4_terrible"}[random.IntN(5)], HasMedia: i%4 > 0, RxBandwidth: random.IntN(5), StartTime: at,
			EndTime: at.Add(time.Duration(random.IntN(4)) * time.Hour), Duration: random.IntN(3) * 60,
		})
	}
	return list
}

// Pages are what one gets by filtering and sorting all rows by hand.
func TestPages(t *testing.T) { storetest.Each(t, testPages) }

func testPages(t *testing.T, dsn string) {
	s := open(t, dsn)
	random := rand.New(rand.NewPCG(3, 4))
	all := left(random, 0, 300)
	// Some are handed over twice, by another node even in the same batch.
	must(t, s.AddHistory(t.Context(), History{Node: 1, Journal: "j", Number: 200, Participants: all[:200]}))
	must(t, s.AddHistory(t.Context(), History{Node: 2, Journal: "k", Number: 170, Participants: append(slices.Clone(all[150:]), all[250:]...)}))
	for i := range all {
		all[i].Seq = int64(i) // their order
	}
	field := func(name string) *resource.Field {
		f, ok := participants.Field(name)
		if !ok {
			t.Fatalf("there is no field %s", name)
		}
		return f
	}
	number := func(i int) int64 { return int64(i) }
	lists := []struct {
		conditions []resource.Condition
		keep       func(p *HistoryParticipant) bool
	}{
		{nil, func(*HistoryParticipant) bool { return true }},
		{is(field("display_name"), "exact", "Ada"), func(p *HistoryParticipant) bool { return p.DisplayName == "Ada" }},
		{is(field("display_name"), "exact", "ada"), func(*HistoryParticipant) bool { return false }},
		{is(field("display_name"), "in", "Ada", "Blaise", "nobody"), func(p *HistoryParticipant) bool { return p.DisplayName == "Ada" || p.DisplayName == "Blaise" }},
		{is(field("display_name"), "iexact", "ØDEGÅRD"), func(p *HistoryParticipant) bool { return p.DisplayName == "Ødegård" }},
		{is(field("display_name"), "contains", "A"), func(p *HistoryParticipant) bool { return strings.Contains(p.DisplayName, "A") }},
		{is(field("display_name"), "icontains", "Ø"), func(p *HistoryParticipant) bool { return strings.Contains(strings.ToLower(p.DisplayName), "ø") }},
		{is(field("display_name"), "icontains", "%"), func(p *HistoryParticipant) bool { return p.DisplayName == "a%b_c" }},
		{is(field("display_name"), "icontains", ""), func(*HistoryParticipant) bool { return true }},
		{is(field("display_name"), "startswith", "Ada"), func(p *HistoryParticipant) bool { return p.DisplayName == "Ada" }},
		{is(field("display_name"), "istartswith", "ADA"), func(p *HistoryParticipant) bool { return strings.HasPrefix(strings.ToLower(p.DisplayName), "ada") }},
		{is(field("display_name"), "endswith", "e"), func(p *HistoryParticipant) bool { return p.DisplayName == "Blaise" }},
		{is(field("display_name"), "iendswith", "M"), func(p *HistoryParticipant) bool { return p.DisplayName == "ADAM" }},
		{is(field("display_name"), "gte", "Blaise"), func(p *HistoryParticipant) bool { return p.DisplayName >= "Blaise" }},
		{is(field("display_name"), "isnull", false), func(*HistoryParticipant) bool { return true }},
		{is(field("start_time"), "gte", began.Add(2*time.Minute)), func(p *HistoryParticipant) bool { return !p.StartTime.Before(began.Add(2 * time.Minute)) }},
		{is(field("start_time"), "gt", began.Add(2*time.Minute)), func(p *HistoryParticipant) bool { return p.StartTime.After(began.Add(2 * time.Minute)) }},
		{is(field("end_time"), "lt", began.Add(28*time.Minute)), func(p *HistoryParticipant) bool { return p.EndTime.Before(began.Add(28 * time.Minute)) }},
		{is(field("end_time"), "lte", began.Add(3*time.Hour)), func(p *HistoryParticipant) bool { return !p.EndTime.After(began.Add(3 * time.Hour)) }},
		{append(is(field("end_time"), "gte", began.Add(2*time.Minute)), is(field("start_time"), "lt", began.Add(29*time.Minute))...), func(p *HistoryParticipant) bool {
			return !p.EndTime.Before(began.Add(2*time.Minute)) && p.StartTime.Before(began.Add(29*time.Minute))
		}},
		{append(is(field("start_time"), "gte", began.Add(2*time.Minute)), is(field("end_time"), "lt", began.Add(20*time.Minute))...), func(p *HistoryParticipant) bool {
			return !p.StartTime.Before(began.Add(2*time.Minute)) && p.EndTime.Before(began.Add(20*time.Minute))
		}},
		{append(is(field("end_time"), "gte", began.Add(20*time.Minute)), is(field("start_time"), "lt", began.Add(2*time.Minute))...), func(p *HistoryParticipant) bool {
			return !p.EndTime.Before(began.Add(20*time.Minute)) && p.StartTime.Before(began.Add(2*time.Minute))
		}},
		{is(field("protocol"), "exact", "SIP"), func(*HistoryParticipant) bool { return true }},
		{is(field("call_quality"), "exact", "1_good"), func(p *HistoryParticipant) bool { return p.CallQuality == "1_good" }},
		{append(is(field("call_quality"), "exact", "1_good"), is(field("vendor"), "icontains", "ROOM")...), func(p *HistoryParticipant) bool {
			return p.CallQuality == "1_good" && p.Vendor == "Room system"
		}},
		{append(is(field("remote_alias"), "icontains", "ADA"), is(field("start_time"), "gte", began.Add(10*time.Minute))...), func(p *HistoryParticipant) bool {
			return strings.Contains(p.RemoteAlias, "ada") && !p.StartTime.Before(began.Add(10*time.Minute))
		}},
		{append(is(field("rx_bandwidth"), "gt", number(1)), is(field("has_media"), "exact", true)...), func(p *HistoryParticipant) bool { return p.RxBandwidth > 1 && p.HasMedia }},
		{is(field("call_uuid"), "icontains", "P00"), func(p *HistoryParticipant) bool { return strings.HasPrefix(p.ID, "p00") }},
	}
	orders := [][]resource.Order{
		nil,
		{{Field: field("start_time")}},
		{{Field: field("start_time"), Falling: true}},
		{{Field: field("end_time"), Falling: true}},
		{{Field: field("display_name")}},
		{{Field: field("vendor")}, {Field: field("duration"), Falling: true}},
		{{Field: field("rx_bandwidth"), Falling: true}},
		{{Field: field("id"), Falling: true}},
	}
	for n, l := range lists {
		for _, order := range orders {
			var want []string
			for _, p := range sorted(all, order) {
				if l.keep(&p) {
					want = append(want, p.ID)
				}
			}
			for _, page := range [][2]int{{20, 0}, {7, 3}, {20, len(want) / 2}, {7, max(len(want)-5, 0)}, {1000, 0}, {5, len(want)}, {0, 0}} {
				var rows []HistoryParticipant
				total, err := s.Rows(t.Context(), Query{Table: ParticipantTable, Conditions: l.conditions, Order: order, Limit: page[0], Offset: page[1]}, &rows)
				must(t, err)
				var have []string
				for _, p := range rows {
					have = append(have, p.ID)
				}
				end := min(page[1]+page[0], len(want))
				if total != len(want) || !slices.Equal(have, want[min(page[1], end):end]) {
					t.Fatalf("list %d, order %v, page %v: %d rows, %v; want %d, %v", n, order, page, total, have, len(want), want[min(page[1], end):end])
				}
			}
		}
	}
}

func is(f *resource.Field, op string, values ...any) []resource.Condition {
	return []resource.Condition{{Field: f, Op: op, Values: values}}
}

// sorted orders rows by hand.
func sorted(all []HistoryParticipant, order []resource.Order) []HistoryParticipant {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b HistoryParticipant) int {
		falling := false
		turned := func(n int) int {
			if falling {
				return -n
			}
			return n
		}
		for _, o := range order {
			falling = o.Falling
			n := 0
			switch x := o.Field.Value(&a).(type) {
			case string:
				n = cmp.Compare(x, o.Field.Value(&b).(string))
			case int64:
				n = cmp.Compare(x, o.Field.Value(&b).(int64))
			case time.Time:
				n = x.Compare(o.Field.Value(&b).(time.Time))
			}
			if n != 0 {
				return turned(n)
			}
		}
		return turned(cmp.Or(a.StartTime.Compare(b.StartTime), cmp.Compare(a.Seq, b.Seq)))
	})
	return all
}

// The list of values is that of the rows, whatever came and went.
func TestValuesFollowRows(t *testing.T) { storetest.Each(t, testValuesFollowRows) }

func testValuesFollowRows(t *testing.T, dsn string) {
	s := open(t, dsn)
	random := rand.New(rand.NewPCG(5, 6))
	all := left(random, 0, 300)
	lists := func() (rows []value) {
		must(t, s.db.NewSelect().Model(&rows).Order("field", "value").Scan(t.Context()))
		for i := range rows {
			rows[i].Folded = "" // SQL folds the letters of ASCII alone
		}
		return rows
	}
	check := func() {
		t.Helper()
		have := lists()
		for _, statement := range append([]string{"DELETE FROM history_value"}, strings.Split(strings.TrimSpace(fillValues()), ";\n")...) {
			_, err := s.db.ExecContext(t.Context(), statement)
			must(t, err)
		}
		if want := lists(); !slices.Equal(have, want) {
			t.Errorf("there is\n%v\nwant\n%v", have, want)
		}
	}
	must(t, s.AddHistory(t.Context(), History{Node: 1, Journal: "j", Number: 1, Participants: all}))
	must(t, s.AddHistory(t.Context(), History{Node: 1, Journal: "j", Number: 2, Participants: all[100:200]}))
	check()
	// Those of before an hour go, and with the last who has it a name.
	gone, err := s.Forget(t.Context(), began.Add(time.Hour))
	must(t, err)
	kept := 0
	for _, p := range all {
		if !p.EndTime.Before(began.Add(time.Hour)) {
			kept++
		}
	}
	if int(gone) != len(all)-kept || kept == 0 || gone == 0 {
		t.Errorf("%d of %d went, %d were to stay", gone, len(all), kept)
	}
	check()
	if _, err := s.Forget(t.Context(), began.AddDate(1, 0, 0)); err != nil || len(lists()) > 0 {
		t.Errorf("%v: %v are left", err, lists())
	}
	// What does not come to be stored is not counted either.
	_, err = s.db.ExecContext(t.Context(), "ALTER TABLE history_position RENAME TO away")
	must(t, err)
	if err := s.AddHistory(t.Context(), History{Node: 1, Journal: "j", Number: 3, Participants: all}); err == nil || len(lists()) > 0 {
		t.Errorf("%v: %v", err, lists())
	}
}

// Rows of before the list of values are in it when the tables are brought up to date.
func TestValuesOfOldRows(t *testing.T) { storetest.Each(t, testValuesOfOldRows) }

func testValuesOfOldRows(t *testing.T, dsn string) {
	all := migrations
	defer func() { migrations = all }()
	migrations = all[:slices.IndexFunc(all, func(m struct{ name, comment, up string }) bool { return m.comment == "search" })]
	s, err := Open(t.Context(), dsn)
	must(t, err)
	rows := left(rand.New(rand.NewPCG(7, 8)), 0, 100)
	for i := range rows {
		_, err := s.db.NewInsert().Model(&rows[i]).ModelTableExpr(ParticipantTable).ExcludeColumn("historic_call_quality").Exec(t.Context())
		must(t, err)
	}
	must(t, s.Close())
	migrations = all
	s = open(t, dsn)
	want := 0
	for _, p := range rows {
		if strings.Contains(p.RemoteAlias, "ada") {
			want++
		}
	}
	var found []HistoryParticipant
	f, _ := participants.Field("remote_alias")
	n, err := s.Rows(t.Context(), Query{Table: ParticipantTable, Conditions: is(f, "icontains", "ADA"), Limit: 1000}, &found)
	must(t, err)
	if n != want || len(found) != want || want == 0 {
		t.Errorf("%d and %d are found, want %d", n, len(found), want)
	}
	if n, err := s.Rows(t.Context(), Query{Table: ParticipantTable, Limit: 1}, &found); n != len(rows) || err != nil {
		t.Errorf("%d in all, %v", n, err)
	}
}
