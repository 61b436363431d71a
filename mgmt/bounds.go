package mgmt

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
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

// What a message of a node may hold: a participant is some 1,500 bytes of a status.
const (
	statusBytes  = 2 << 20
	recordsBytes = 8 << 20 // twice what nodes hand over at once
	requestBytes = 64 << 10

	conferencesMost  = 1000
	participantsMost = 2000 // of a node
	sinksMost        = 100
	certificatesMost = 10
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

// boundStatus leaves out of a status what no node has that many of.
func boundStatus(s *bus.NodeStatus) {
	s.FailingSinks, s.Certificates = first(s.FailingSinks, sinksMost), first(s.Certificates, certificatesMost)
	for i := range s.Certificates { // an alarm is told by their names
		s.Certificates[i].Name = cut(s.Certificates[i].Name, 64)
	}
	if s.Rejected != nil {
		s.Rejected.Reason = cut(s.Rejected.Reason, textMost)
	}
	s.Version = cut(s.Version, textMost)
	s.Conferences = first(s.Conferences, conferencesMost)
	left := participantsMost
	for i := range s.Conferences {
		c := &s.Conferences[i]
		c.Participants = first(c.Participants, left)
		left -= len(c.Participants)
		for k := range c.Participants {
			c.Participants[k].Streams = first(c.Participants[k].Streams, streamsMost)
		}
	}
}

// first returns the first of a list, and does not hold on to the others.
func first[T any](list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	return slices.Clone(list[:most])
}

// from returns a handler of messages of nodes: larger ones are refused before
// anything reads them, and logged once a subject, which a node has a few of.
func (m *Management) from(most int, f nats.MsgHandler) nats.MsgHandler {
	return m.gate.Handler(func(msg *nats.Msg) {
		if len(msg.Data) <= most {
			f(msg)
			return
		}
		if _, told := m.tooLarge.LoadOrStore(msg.Subject, true); !told {
			m.log.Warn("messages of a node are too large, and refused", "subject", msg.Subject, "bytes", len(msg.Data), "most", most)
		}
		_ = msg.Respond([]byte(`{"error": "the message is too large"}`)) // a status needs no answer
	})
}
