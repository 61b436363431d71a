package mgmt

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/mgmt/resource"
)

// walkLists asks for every filter and order, and compares with what they should leave.
func walkLists(w *walker) {
	if !w.k.Singleton {
		for n := range 7 {
			w.make(w.k.Name, w.about.right(w, 40+n))
		}
	}
	if w.k.Name == "admin_user" {
		w.sent = 600
		w.fresh()
	}
	var all []object
	for _, one := range w.want(200, "GET", w.k.Name+"/?limit=0", "")["objects"].([]any) {
		all = append(all, one.(object))
	}
	w.walkPages(all)
	for i := range w.k.Fields {
		f := &w.k.Fields[i]
		if w.fresh() && w.k.Name == "admin_user" {
			w.t.Fatal("there is an account more, which the filters will find")
		}
		if f.Secret {
			w.refused(400, "GET", w.k.Name+"/?"+f.Name+"=x", nil, f.Name+": "+w.k.Name+" has no such field to filter by")
			w.refused(400, "GET", w.k.Name+"/?order_by="+f.Name, nil, "order_by: ")
			continue
		}
		w.walkFilters(f, all)
		w.walkOrder(f, all)
	}
	for query, said := range map[string]string{
		"nonesuch=1": "nonesuch: ", "id__like=1": "id__like: there is no filter", "id__nonesuch__exact=1": "id__nonesuch__exact: ", "order_by=nonesuch": "order_by: ", "order_by=": "order_by: ",
		"limit=x": "limit: ", "limit=-1": "limit: ", "offset=-1": "offset: ", "offset=1.5": "offset: ", "id=x": "id: ", "id__in=1,x": "id__in: ", "id__isnull=perhaps": "id__isnull: ", "id__regex=(": "id__regex: ",
	} {
		w.refused(400, "GET", w.k.Name+"/?"+query, nil, said)
		if !w.k.Singleton && !strings.HasPrefix(query, "order") && !strings.HasPrefix(query, "limit") && !strings.HasPrefix(query, "offset") {
			w.refused(400, "DELETE", w.k.Name+"/?"+query, nil, said)
		}
	}
}

// uris returns the objects of a list, by URI.
func (w *walker) uris(query string) (list []string) {
	w.t.Helper()
	w.sent++
	answer := w.want(200, "GET", w.k.Name+"/?"+query, "")
	for _, one := range answer["objects"].([]any) {
		list = append(list, one.(object)["resource_uri"].(string))
	}
	return list
}

// walkPages turns the pages of the whole list.
func (w *walker) walkPages(all []object) {
	next, seen := root+w.k.Name+"/?limit=2", []object{}
	for next != "" {
		answer := w.want(200, "GET", next, "")
		meta := answer["meta"].(object)
		if meta["total_count"] != float64(len(all)) || meta["limit"] != 2.0 || meta["offset"] != float64(len(seen)) || (meta["previous"] == nil) != (len(seen) == 0) {
			w.t.Errorf("%s: %v", next, meta)
		}
		for _, one := range answer["objects"].([]any) {
			seen = append(seen, one.(object))
		}
		next, _ = meta["next"].(string)
	}
	if jsonText(seen) != jsonText(all) {
		w.t.Errorf("by pages there are %d, at once %d", len(seen), len(all))
	}
	if list := w.uris(fmt.Sprintf("offset=%d", len(all))); len(list) > 0 {
		w.t.Errorf("after the last there are %v", list)
	}
}

// leaves is what a filter by a field's value leaves.
func leaves(all []object, field string, keep func(v any) bool) (list []string) {
	for _, one := range all {
		if keep(one[field]) {
			list = append(list, one["resource_uri"].(string))
		}
	}
	return list
}

// walkFilters filters by every op that a field takes, with values that are there.
func (w *walker) walkFilters(f *resource.Field, all []object) {
	check := func(op, value string, keep func(v any) bool) {
		w.t.Helper()
		name := f.Name
		if op != "" {
			name += "__" + op
		}
		query := "limit=0&" + name + "=" + url.QueryEscape(value)
		if got, want := w.uris(query), leaves(all, f.Name, keep); !slices.Equal(got, want) {
			w.t.Errorf("%s leaves %v, want %v", query, got, want)
		}
	}
	check("isnull", "true", func(v any) bool { return v == nil })
	check("isnull", "False", func(v any) bool { return v != nil })
	var values []any
	for _, one := range all {
		if v := one[f.Name]; v != nil && !slices.ContainsFunc(values, func(have any) bool { return jsonText(have) == jsonText(v) }) && len(values) < 3 {
			values = append(values, v)
		}
	}
	for _, v := range values {
		switch x := v.(type) {
		case string:
			for op, keep := range ordered(f, x) {
				check(op, x, keep)
			}
			if f.Type == resource.String {
				for op, one := range ofText(x) {
					check(op, one.value, func(v any) bool { s, is := v.(string); return is && one.keep(s) })
				}
			}
		case float64:
			for op, keep := range ordered(f, x) {
				check(op, jsonText(x), keep)
			}
			check("in", jsonText(x)+",99", func(v any) bool { return v == x })
			check("regex", "^"+jsonText(x)+"$", func(v any) bool { return v == x })
		case bool:
			check("", strconv.FormatBool(x), func(v any) bool { return v == x })
			check("in", "True,False", func(v any) bool { return v != nil })
		case []any:
			for _, to := range x {
				check("", to.(string), func(v any) bool { return slices.Contains(v.([]any), to) })
			}
		}
	}
	if f.Type == resource.Boolean || f.Type == resource.Integer || f.Type == resource.Datetime || f.Type == resource.Related {
		w.refused(400, "GET", w.k.Name+"/?"+f.Name+"=nonesuch", nil, f.Name+": ")
	}
}

// ordered are the filters that compare with a value of a field.
func ordered(f *resource.Field, than any) map[string]func(v any) bool {
	by := func(holds func(order int) bool) func(v any) bool {
		return func(v any) bool { return v != nil && holds(compared(f, v, than)) }
	}
	return map[string]func(v any) bool{
		"": by(func(o int) bool { return o == 0 }), "exact": by(func(o int) bool { return o == 0 }), "gt": by(func(o int) bool { return o > 0 }),
		"gte": by(func(o int) bool { return o >= 0 }), "lt": by(func(o int) bool { return o < 0 }), "lte": by(func(o int) bool { return o <= 0 }),
	}
}

// compared orders values of a field as JSON; null comes first.
func compared(f *resource.Field, a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case float64:
		if y, is := b.(float64); is {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, is := b.(bool); is {
			return cmp.Compare(strconv.FormatBool(x), strconv.FormatBool(y))
		}
	case string:
		if y, is := b.(string); is && f.Type == resource.Related {
			return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) // by number
		} else if is {
			return cmp.Compare(x, y)
		}
	}
	return 1
}

type ofTextFilter struct {
	value string
	keep  func(s string) bool
}

// ofText are the filters by a text, or by a part of it.
func ofText(x string) map[string]ofTextFilter {
	upper, half := strings.ToUpper(x), []rune(x)[len([]rune(x))/2:]
	part, begin := string(half), strings.TrimSuffix(x, string(half))
	fold := strings.ToLower
	return map[string]ofTextFilter{
		"iexact":      {upper, func(s string) bool { return fold(s) == fold(x) }},
		"in":          {"nonesuch," + x, func(s string) bool { return s == x || s == "nonesuch" }},
		"contains":    {part, func(s string) bool { return strings.Contains(s, part) }},
		"icontains":   {strings.ToUpper(part), func(s string) bool { return strings.Contains(fold(s), fold(part)) }},
		"startswith":  {begin, func(s string) bool { return strings.HasPrefix(s, begin) }},
		"istartswith": {strings.ToUpper(begin), func(s string) bool { return strings.HasPrefix(fold(s), fold(begin)) }},
		"endswith":    {part, func(s string) bool { return strings.HasSuffix(s, part) }},
		"iendswith":   {strings.ToUpper(part), func(s string) bool { return strings.HasSuffix(fold(s), fold(part)) }},
		"regex":       {"^" + regexp.QuoteMeta(x) + "$", func(s string) bool { return s == x }},
		"iregex":      {"^" + regexp.QuoteMeta(fold(x)) + "$", func(s string) bool { return fold(s) == fold(x) }},
	}
}

// walkOrder orders by a field both ways.
func (w *walker) walkOrder(f *resource.Field, all []object) {
	if f.List {
		w.refused(400, "GET", w.k.Name+"/?order_by="+f.Name, nil, "order_by: ")
		return
	}
	for _, sign := range []int{1, -1} {
		order := f.Name
		if sign < 0 {
			order = "-" + order
		}
		sorted := slices.Clone(all)
		slices.SortStableFunc(sorted, func(a, b object) int { return sign * compared(f, a[f.Name], b[f.Name]) })
		if got, want := w.uris("limit=0&order_by="+order), leaves(sorted, f.Name, func(any) bool { return true }); !slices.Equal(got, want) {
			w.t.Errorf("by %s: %v, want %v", order, got, want)
		}
	}
}
