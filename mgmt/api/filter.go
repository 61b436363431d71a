package api

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley/mgmt/resource"
)

// condition is one filter of a list: field__op=value.
type condition func(object any) bool

// filters reads the filters of a query. Errors name the parameter.
func (a *API) filters(k *resource.Kind, query url.Values) ([]condition, error) {
	var all []condition
	for name, values := range query {
		if slices.Contains(listParameters, name) {
			continue
		}
		for _, value := range values {
			c, err := a.filter(k, name, value)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// listParameters are those of a list that are no filters.
var listParameters = []string{"limit", "offset", "order_by", "format"}

func (a *API) filter(k *resource.Kind, name, value string) (condition, error) {
	if name == "search" {
		return a.searched(k, value), nil
	}
	field, op, _ := strings.Cut(name, "__")
	if c, ok := k.Child(field); ok && op != "" {
		return a.throughChildren(k, c, op, value) // aliases__alias=...
	}
	f, ok := k.Field(field)
	if !ok || f.Secret {
		return nil, fmt.Errorf("%s: %s has no such field to filter by", name, k.Name)
	}
	if f.Type == resource.Related {
		if other, ok := a.tree.Kind(f.Ref); ok && op != "" {
			inner, _, _ := strings.Cut(op, "__")
			if _, ok := other.Field(inner); ok { // conference__name=...
				return a.through(f, other, op, value)
			}
		}
	}
	test, err := a.test(f, cmp.Or(op, "exact"), value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return func(object any) bool { return test(f.Value(object)) }, nil
}

// searched is a filter by a part of any text of the object, or of those that
// belong to it. (Parley only)
func (a *API) searched(k *resource.Kind, part string) condition {
	part = strings.ToLower(part)
	in := func(k *resource.Kind, object any) bool {
		return slices.ContainsFunc(k.Fields, func(f resource.Field) bool {
			text, ok := f.Value(object).(string)
			return ok && !f.Secret && strings.Contains(strings.ToLower(text), part)
		})
	}
	number, _ := k.Field("id")
	return func(object any) bool {
		if in(k, object) {
			return true
		}
		for _, c := range k.Children {
			child, _ := a.tree.Kind(c.Kind)
			for _, n := range a.tree.ChildrenOf(c, number.Value(object).(int64)) {
				if one, ok := a.tree.Get(c.Kind, n); ok && in(child, one) {
					return true
				}
			}
		}
		return false
	}
}

// through is a filter by a field of the object that f refers to.
func (a *API) through(f *resource.Field, other *resource.Kind, rest, value string) (condition, error) {
	inner, err := a.filter(other, rest, value)
	if err != nil {
		return nil, err
	}
	return func(object any) bool {
		for _, n := range ids(f.Value(object)) {
			if target, ok := a.tree.Get(f.Ref, n); ok && inner(target) {
				return true
			}
		}
		return false
	}, nil
}

// throughChildren is a filter by a field of the objects that belong to one.
func (a *API) throughChildren(k *resource.Kind, c resource.Child, rest, value string) (condition, error) {
	child, _ := a.tree.Kind(c.Kind)
	inner, err := a.filter(child, rest, value)
	if err != nil {
		return nil, err
	}
	number, _ := k.Field("id")
	return func(object any) bool {
		return slices.ContainsFunc(a.tree.ChildrenOf(c, number.Value(object).(int64)), func(n int64) bool {
			one, ok := a.tree.Get(c.Kind, n)
			return ok && inner(one)
		})
	}, nil
}

// ids are the objects that a value refers to.
func ids(value any) []int64 {
	switch x := value.(type) {
	case int64:
		return []int64{x}
	case []int64:
		return x
	}
	return nil
}

// test returns what op asks of a value.
func (a *API) test(f *resource.Field, op, text string) (func(any) bool, error) {
	switch op {
	case "isnull":
		want, err := strconv.ParseBool(text) // takes True too
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return func(v any) bool { return (v == nil) == want }, nil
	case "exact", "gt", "gte", "lt", "lte":
		return a.compare(f, op, text)
	case "in":
		var any_ []func(any) bool
		for part := range strings.SplitSeq(text, ",") {
			one, err := a.compare(f, "exact", part)
			if err != nil {
				return nil, err
			}
			any_ = append(any_, one)
		}
		return func(v any) bool { return slices.ContainsFunc(any_, func(t func(any) bool) bool { return t(v) }) }, nil
	case "range":
		least, most, ok := strings.Cut(text, ",")
		if !ok {
			return nil, fmt.Errorf("%q must be two values with a comma between", text)
		}
		from, err := a.compare(f, "gte", least)
		if err != nil {
			return nil, err
		}
		to, err := a.compare(f, "lte", most)
		if err != nil {
			return nil, err
		}
		return func(v any) bool { return from(v) && to(v) }, nil
	case "regex", "iregex":
		if op == "iregex" {
			text = "(?i)" + text
		}
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, err
		}
		return func(v any) bool {
			if at, isTime := v.(time.Time); isTime {
				v = at.UTC().Format(timeFormat)
			}
			return v != nil && pattern.MatchString(fmt.Sprint(v))
		}, nil
	}
	fold := func(s string) string { return s }
	base, insensitive := strings.CutPrefix(op, "i")
	if insensitive {
		fold = strings.ToLower
	}
	match, ok := map[string]func(s, part string) bool{
		"exact": func(s, part string) bool { return s == part }, "contains": strings.Contains,
		"startswith": strings.HasPrefix, "endswith": strings.HasSuffix,
	}[base]
	if !ok {
		return nil, fmt.Errorf("there is no filter %q; there are exact, iexact, in, contains, icontains, startswith, istartswith, endswith, iendswith, gt, gte, lt, lte, range, regex, iregex, isnull", op)
	}
	part := fold(text)
	return func(v any) bool {
		s, isText := v.(string)
		return isText && match(fold(s), part)
	}, nil
}

// compare compares values of the type of f with text.
func (a *API) compare(f *resource.Field, op, text string) (func(any) bool, error) {
	want, err := a.valueOf(f, text)
	if err != nil {
		return nil, err
	}
	return func(v any) bool {
		if list, ok := v.([]int64); ok {
			return slices.Contains(list, want.(int64))
		}
		order, ordered := compareValues(v, want)
		switch op {
		case "exact":
			return ordered && order == 0
		case "gt":
			return ordered && order > 0
		case "gte":
			return ordered && order >= 0
		case "lt":
			return ordered && order < 0
		}
		return ordered && order <= 0
	}, nil
}

// valueOf reads what a filter compares with.
func (a *API) valueOf(f *resource.Field, text string) (any, error) {
	switch f.Type {
	case resource.Related:
		if n, ok := a.resolve(f.Ref, text); ok {
			return n, nil
		}
		fallthrough
	case resource.Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", text)
		}
		return n, nil
	case resource.Float:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return n, nil
	case resource.Boolean:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return b, nil
	case resource.Datetime:
		return resource.ParseTime(text)
	}
	return text, nil
}

// compareValues orders two values of a field; false when they cannot be compared.
func compareValues(a, b any) (int, bool) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return cmp.Compare(x, y), ok
	case int64:
		y, ok := b.(int64)
		return cmp.Compare(x, y), ok
	case float64:
		y, ok := b.(float64)
		return cmp.Compare(x, y), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case bool:
		y, ok := b.(bool)
		return cmp.Compare(btoi(x), btoi(y)), ok
	}
	return 0, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ordering reads order_by: fields, with - in front for falling order.
func ordering(k *resource.Kind, names []string) (func(a, b any) int, error) {
	var by []func(a, b any) int
	for _, list := range names {
		for name := range strings.SplitSeq(list, ",") {
			name, falling := strings.CutPrefix(strings.TrimSpace(name), "-")
			f, ok := k.Field(name)
			if !ok || f.Secret || f.List {
				return nil, fmt.Errorf("order_by: %s has no field %q to order by", k.Name, name)
			}
			by = append(by, func(a, b any) int {
				x, y := f.Value(a), f.Value(b)
				order, ordered := compareValues(x, y)
				if !ordered { // null comes first
					order = cmp.Compare(btoi(x != nil), btoi(y != nil))
				}
				if falling {
					return -order
				}
				return order
			})
		}
	}
	return func(a, b any) int {
		for _, one := range by {
			if order := one(a, b); order != 0 {
				return order
			}
		}
		return 0
	}, nil
}

// queryOf reads filters and order of a query as data, for a database.
func (a *API) queryOf(k *resource.Kind, query url.Values) (conditions []resource.Condition, order []resource.Order, err error) {
	for name, values := range query {
		if slices.Contains(listParameters, name) {
			continue
		}
		field, op, _ := strings.Cut(name, "__")
		f, ok := k.Field(field)
		if !ok || f.Secret {
			return nil, nil, fmt.Errorf("%s: %s has no such field to filter by", name, k.Name)
		}
		for _, text := range values {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return nil, nil, fmt.Errorf("%s: %q is no text", name, text)
			}
			c := resource.Condition{Field: f, Op: cmp.Or(op, "exact")}
			parts := []string{text}
			if c.Op == "in" || c.Op == "range" {
				parts = strings.Split(text, ",")
			}
			if c.Op == "range" && len(parts) != 2 {
				return nil, nil, fmt.Errorf("%s: %q must be two values with a comma between", name, text)
			}
			for _, part := range parts {
				value, err := a.valueOf(f, part)
				if c.Op == "isnull" {
					value, err = strconv.ParseBool(text)
				}
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", name, err)
				}
				c.Values = append(c.Values, value)
			}
			if c.Op == "range" {
				conditions = append(conditions, resource.Condition{Field: f, Op: "gte", Values: c.Values[:1]})
				c.Op, c.Values = "lte", c.Values[1:]
			}
			conditions = append(conditions, c)
		}
	}
	for _, list := range query["order_by"] {
		for name := range strings.SplitSeq(list, ",") {
			name, falling := strings.CutPrefix(strings.TrimSpace(name), "-")
			f, ok := k.Field(name)
			if !ok || f.Secret {
				return nil, nil, fmt.Errorf("order_by: %s has no field %q to order by", k.Name, name)
			}
			order = append(order, resource.Order{Field: f, Falling: falling})
		}
	}
	return conditions, order, nil
}
