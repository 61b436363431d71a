package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// envPrefix starts the name of every variable that the program reads.
const envPrefix = "PARLEY_"

// envName returns the variable of a key: sip.udp has PARLEY_SIP_UDP.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// environment lays the variables over c. Names that start like those of a
// group of keys and belong to none are mistyped; others with the prefix are not
// ours to judge.
func (d *decoder) environment(env []string, c *Config) {
	values := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, envPrefix) && !serviceLink(name, value) {
			values[name] = value
		}
	}
	if len(values) == 0 {
		return
	}
	d.unknownVariables(values, c)
	walk("", reflect.ValueOf(c).Elem(), func(path string, v reflect.Value) {
		text, ok := values[envName(path)]
		if !ok {
			return
		}
		d.source = envName(path)
		d.places[path] = place{source: d.source}
		d.scalar(path, text, v)
	})
}

// unknownVariables records the names among values that start with the prefix
// of a group, such as PARLEY_SIP_, but belong to no key.
func (d *decoder) unknownVariables(values map[string]string, c *Config) {
	var known []string
	walk("", reflect.ValueOf(c).Elem(), func(path string, _ reflect.Value) { known = append(known, envName(path)) })
	whole := reflect.TypeOf(*c)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(known, name) {
			continue
		}
		for i := range whole.NumField() {
			group := envName(whole.Field(i).Tag.Get("yaml")) + "_"
			if whole.Field(i).Type.Kind() != reflect.Struct || !strings.HasPrefix(name, group) {
				continue
			}
			hint := DidYouMean(name, known)
			if hint == "" {
				there := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !strings.HasPrefix(k, group) })
				hint = fmt.Sprintf(" (there are %s)", strings.Join(there, ", "))
			}
			d.problems = append(d.problems, problem{place{source: name}, "unknown variable" + hint})
		}
	}
}

// linkName is what Kubernetes and Docker add to the name of a service to tell
// the programs beside it where it is: a service parley-sip gives
// PARLEY_SIP_SERVICE_HOST and PARLEY_SIP_PORT=udp://10.0.0.1:5060.
var linkName = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)$`)

// serviceLink reports whether a variable was put there by a container
// platform, not by whoever configures us.
func serviceLink(name, value string) bool {
	return linkName.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// walk calls f for every key of the struct v that holds a value or a list.
func walk(path string, v reflect.Value, f func(path string, v reflect.Value)) {
	for i := range v.NumField() {
		field := v.Field(i)
		p := join(path, v.Type().Field(i).Tag.Get("yaml"))
		if field.Kind() == reflect.Struct && !isScalar(field) {
			walk(p, field, f)
			continue
		}
		f(p, field)
	}
}

// fieldByKey returns the field of the struct v whose key is given.
func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keysOf returns the keys of a struct type in their order.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

// unknownKey says that key does not belong into the struct v at path, and
// what may have been meant: a key spelled alike, or the same key elsewhere.
func unknownKey(path, key string, v reflect.Value) string {
	where := "at the top level"
	if path != "" {
		where = "in " + path
	}
	text := fmt.Sprintf("unknown key %q %s", key, where)
	if hint := DidYouMean(key, keysOf(v.Type())); hint != "" {
		return text + hint
	}
	var elsewhere []string
	whole := Default()
	walk("", reflect.ValueOf(&whole).Elem(), func(p string, _ reflect.Value) {
		if p == key || strings.HasSuffix(p, "."+key) {
			elsewhere = append(elsewhere, p)
		}
	})
	if len(elsewhere) > 0 {
		return text + fmt.Sprintf(" (did you mean %s?)", strings.Join(elsewhere, " or "))
	}
	return text + fmt.Sprintf(" (known here: %s)", strings.Join(keysOf(v.Type()), ", "))
}

// DidYouMean returns a hint at the word most like what was written, or "".
func DidYouMean(written string, words []string) string {
	best, distance := "", 3
	if len(written) < 4 {
		distance = 2
	}
	for _, w := range words {
		if n := editDistance(strings.ToLower(written), strings.ToLower(w)); n < distance {
			best, distance = w, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// editDistance counts the bytes to insert, remove, replace or swap with their
// neighbour to make b of a (optimal string alignment).
func editDistance(a, b string) int {
	if len(a) > 64 { // nobody means a key with such a text
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
