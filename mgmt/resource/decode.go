package resource

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parley/config"
)

// Input is an object as JSON gives it, by field.
type Input map[string]json.RawMessage

// Resolver returns the id of the object that a URI of the API names, of that kind.
type Resolver func(kind, uri string) (int64, bool)

// decode puts the fields of in into object, and records what is wrong with
// them. What in does not name stays as it is; fields that Parley sets are left
// out, as clients send back what they read.
func (k *Kind) decode(in Input, object any, resolve Resolver, p *Problems) {
	for name, raw := range in {
		f, ok := k.Field(name)
		if !ok {
			if normal, known := k.absent[name]; known {
				if !isEmpty(raw) && string(bytes.TrimSpace(raw)) != normal {
					p.Addf(name, "is not there yet: leave it out, or give its default, %s", cmp.Or(normal, "nothing"))
				}
			} else if name != "resource_uri" && !k.isChild(name) {
				p.Addf(name, "there is no such field%s", config.DidYouMean(name, k.names()))
			}
			continue
		}
		if f.ReadOnly {
			continue
		}
		value, problem := f.read(raw, resolve)
		if problem == "" {
			problem = f.judge(value)
		}
		if problem != "" {
			p.Addf(name, "%s", problem)
			continue
		}
		f.set(object, value)
	}
}

// isEmpty reports whether a value is one of those that stand for nothing.
func isEmpty(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "null", `""`, "0", "false", "[]", "{}":
		return true
	}
	return false
}

func (k *Kind) isChild(name string) bool {
	return slices.ContainsFunc(k.Children, func(c Child) bool { return c.Name == name })
}

func (k *Kind) names() []string {
	names := make([]string, len(k.Fields))
	for i, f := range k.Fields {
		names[i] = f.Name
	}
	return names
}

// read returns the value in raw, or says why it is none of the field's.
func (f *Field) read(raw json.RawMessage, resolve Resolver) (value any, problem string) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		switch {
		case f.Nullable:
			return nil, ""
		case f.Type == String && f.Default == "": // nothing is nothing to clients of the model API
			return "", ""
		}
		return nil, "must not be null"
	}
	if f.Type == String && f.Nullable && string(raw) == `""` {
		return nil, ""
	}
	switch {
	case f.List:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return nil, "must be a list of URIs of the resource " + f.Ref
		}
		ids := make([]int64, 0, len(list))
		for _, one := range list {
			n, problem := f.readRef(one, resolve)
			if problem != "" {
				return nil, problem
			}
			if !slices.Contains(ids, n) {
				ids = append(ids, n)
			}
		}
		return ids, ""
	case f.Type == Related:
		n, problem := f.readRef(raw, resolve)
		if problem != "" {
			return nil, problem
		}
		return n, ""
	case f.Type == Boolean:
		var b bool
		if json.Unmarshal(raw, &b) != nil {
			return nil, "must be true or false"
		}
		return b, ""
	case f.Type == Integer:
		return readInteger(raw)
	case f.Type == Datetime:
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, "must be a time such as 2026-01-31T12:00:00Z"
		}
		t, err := ParseTime(text)
		if err != nil {
			return nil, "must be a time such as 2026-01-31T12:00:00Z"
		}
		return t, ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, "must be a text"
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		return nil, "has control characters in it"
	}
	return s, ""
}

// readInteger takes 5 and, as clients of the model API send it, "5".
func readInteger(raw json.RawMessage) (any, string) {
	const want = "must be a whole number"
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return nil, want
	}
	i, err := n.Int64()
	if err != nil || i > math.MaxInt32 || i < math.MinInt32 {
		return nil, want
	}
	return i, ""
}

func (f *Field) readRef(raw json.RawMessage, resolve Resolver) (int64, string) {
	var uri *string
	if json.Unmarshal(raw, &uri) != nil || uri == nil {
		return 0, "must be the URI of a " + f.Ref
	}
	n, ok := resolve(f.Ref, *uri)
	if !ok {
		return 0, "\"" + *uri + "\" is not the URI of a " + f.Ref
	}
	return n, ""
}

// judge says what is wrong with a value of the right type; "" = nothing.
func (f *Field) judge(value any) string {
	if f.Later != "" && !f.isDefault(value) {
		return f.Later
	}
	switch x := value.(type) {
	case int64:
		if f.Type == Integer {
			return f.judgeRange(x)
		}
	case string:
		return f.judgeText(x)
	}
	return ""
}

func (f *Field) isDefault(value any) bool {
	if list, ok := value.([]int64); ok {
		return len(list) == 0
	}
	return value == f.Default
}

func (f *Field) judgeRange(n int64) string {
	switch {
	case f.Min != nil && n < *f.Min, f.Max != nil && n > *f.Max:
		return "must be " + f.bounds()
	}
	return ""
}

func (f *Field) judgeText(s string) string {
	if len(f.Choices) > 0 {
		if !slices.Contains(f.Choices, s) {
			return quote(s) + " is none of " + strings.Join(f.Choices, ", ") + config.DidYouMean(s, f.Choices)
		}
		if len(f.Accepts) > 0 && !slices.Contains(f.Accepts, s) {
			return quote(s) + " is not there yet: use " + strings.Join(f.Accepts, " or ")
		}
	}
	n := int64(utf8.RuneCountInString(s))
	switch {
	case f.Min != nil && n < *f.Min:
		return "must not be empty"
	case f.Max != nil && n > *f.Max:
		return "is too long: " + f.bounds()
	}
	for _, check := range f.check {
		if problem := check(s); problem != "" {
			return problem
		}
	}
	return ""
}

// ParseTime reads a time as clients write it; without a zone it is UTC.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 2026-01-31T12:00:00", text)
}
