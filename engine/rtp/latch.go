package rtp

import (
	"net/netip"
	"time"
)

// latch follows the address that the far end really sends from (symmetric RTP,
// RFC 4961): the declared one until valid packets show another.
type latch struct {
	declared  netip.AddrPort // from the session description; invalid = unknown
	signaling netip.Addr     // where the signalling comes from; invalid = unknown
	latched   netip.AddrPort // invalid = nothing valid yet
	last      time.Time      // of the last valid packet from latched
	silence   time.Duration  // how long latched must be silent before another may follow
}

// addressUsable: 0.0.0.0 and :: mean hold (RFC 3264 section 8.4), port 0 means rejected.
func addressUsable(a netip.AddrPort) bool {
	return a.IsValid() && a.Port() != 0 && !a.Addr().IsUnspecified()
}

// allows reports whether packets from this address may be considered.
func (l *latch) allows(from netip.AddrPort, now time.Time) bool {
	if from == l.latched || from == l.declared {
		return true
	}
	return (!l.latched.IsValid() || now.Sub(l.last) >= l.silence) && l.plausible(from.Addr())
}

// plausible keeps strangers from drawing a stream to themselves: media come
// from a host that signalling or media have named. Only a far end whose
// declared address says that it is behind a NAT may come from anywhere, once.
func (l *latch) plausible(host netip.Addr) bool {
	if host == l.declared.Addr() || host == l.signaling || host == l.latched.Addr() {
		return true
	}
	d := l.declared.Addr()
	unreachable := !d.IsValid() || d.IsUnspecified() || d.IsPrivate() || d.IsLoopback() || d.IsLinkLocalUnicast()
	return unreachable && !l.latched.IsValid()
}

// valid takes note of a valid packet. It reports whether the address changed.
func (l *latch) valid(from netip.AddrPort, now time.Time) bool {
	l.last = now
	if from == l.latched {
		return false
	}
	l.latched = from
	return true
}

// remote returns where to send: an invalid address while unknown or on hold.
func (l *latch) remote() netip.AddrPort {
	if l.declared.IsValid() && !addressUsable(l.declared) {
		return netip.AddrPort{}
	}
	if l.latched.IsValid() {
		return l.latched
	}
	return l.declared
}

// declare takes a newly declared address; a changed one forgets the latch.
func (l *latch) declare(a netip.AddrPort) {
	if a != l.declared {
		l.declared, l.latched = a, netip.AddrPort{}
	}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
