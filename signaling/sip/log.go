package sip

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

// throttle lets one line a second into the log of what strangers cause.
type throttle struct {
	last    atomic.Int64 // Unix seconds
	skipped atomic.Int64
}

// pass reports whether a line may be written, and how many were not since the
// last one.
func (t *throttle) pass() (skipped int64, ok bool) {
	now := time.Now().Unix()
	last := t.last.Load()
	if now == last || !t.last.CompareAndSwap(last, now) {
		t.skipped.Add(1)
		return 0, false
	}
	return t.skipped.Swap(0), true
}

// logFault notes a malformed message.
func (s *Server) logFault(network string, source netip.AddrPort, m *message, f *fault) {
	if skipped, ok := s.faults.pass(); ok {
		s.log.Warn("sip message refused", "transport", network, "remote", source.String(), "call_id", clip(m.get("Call-ID")),
			"method", clip(m.method), "field", f.field, "status", f.code, "reason", clip(f.reason), "not_logged", skipped)
	}
}

// logRefusal notes a call that was not taken.
func (s *Server) logRefusal(in *inbound, code int, reason string) {
	if skipped, ok := s.refusals.pass(); ok {
		s.log.Info("call refused", "call_id", clip(in.callID), "remote", in.source.String(), "transport", in.network,
			"alias", clip(in.alias()), "status", code, "reason", clip(reason), "not_logged", skipped)
	}
}

// maxText bounds what a caller may call himself and others, in characters.
const maxText = 128

// clean makes a stranger's text fit to be shown: valid UTF-8 without control
// characters, of at most limit characters.
func clean(s string, limit int) string {
	n := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || n >= limit {
			return -1
		}
		n++
		return r // unicode.ReplacementChar for what is no UTF-8
	}, s))
}

// clip bounds what a stranger may write into the log.
func clip(s string) string { return clean(s, 120) }
