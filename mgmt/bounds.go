package mgmt

import (
	"math"
	"reflect"
	"strings"
	"time"
)

// What the history takes of a node: the texts of callers are shorter, and an
// index of PostgreSQL takes 2,700 bytes.
const (
	textMost    = 250 // characters
	journalMost = 64
	streamsMost = 16 // of a participant
	timeAhead   = time.Hour
	counterMost = 1 << 53 // of packets
)

// timeFirst is before everything that a history can tell of.
var timeFirst = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// cut returns the first characters of a text that databases take.
func cut(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i]
		}
	}
	return s
}

// bound brings all that is in a message into what the columns of the history
// take: texts are cut, an int is made one of 32 bits, times are brought between
// timeFirst and a little after now.
func bound(v reflect.Value, now time.Time) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(cut(v.String(), textMost))
	case reflect.Int:
		v.SetInt(min(max(v.Int(), math.MinInt32), math.MaxInt32))
	case reflect.Uint64:
		v.SetUint(min(v.Uint(), counterMost))
	case reflect.Slice:
		for i := range v.Len() {
			bound(v.Index(i), now)
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = earlier(later(t.UTC(), timeFirst), now.UTC().Add(timeAhead))
			return
		}
		for i := range v.NumField() {
			bound(v.Field(i), now)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
