package rtp

import "time"

// historySize bounds the packets kept for retransmission: more than a second
// of 4 Mbit/s. A power of two.
const historySize = 512

// Bounds of retransmission: what is sent again never becomes the congestion.
const (
	resendMax     = 4                     // times for one packet
	resendSpacing = 15 * time.Millisecond // between two of the same packet
	resendBurst   = 64 << 10              // bytes at once
	resendFloor   = 8 << 10               // bytes/s that are always allowed
	resendShare   = 0.5                   // of the rate of first transmissions
)

// history keeps copies of the packets sent last. Not safe for concurrent use.
type history struct {
	slots  [historySize]sentPacket
	budget float64 // bytes that may be sent again now
	at     time.Time
}

type sentPacket struct {
	data     []byte // header and payload
	sequence uint16
	used     bool
	resent   int
	last     time.Time
}

// add copies one packet.
func (h *history) add(sequence uint16, header, payload []byte) {
	s := &h.slots[sequence%historySize]
	s.data = append(append(s.data[:0], header...), payload...)
	s.sequence, s.used, s.resent, s.last = sequence, true, 0, time.Time{}
}

// take returns a packet to send again, or nil when it is not kept any more or
// its bounds are reached. rate is the rate of first transmissions, bit/s.
func (h *history) take(sequence uint16, now time.Time, rate float64) []byte {
	if h.at.IsZero() {
		h.budget, h.at = resendBurst, now
	}
	if elapsed := now.Sub(h.at).Seconds(); elapsed > 0 {
		h.budget = min(h.budget+elapsed*max(resendFloor, rate/8*resendShare), resendBurst)
		h.at = now
	}
	s := &h.slots[sequence%historySize]
	if !s.used || s.sequence != sequence || s.resent >= resendMax || float64(len(s.data)) > h.budget {
		return nil
	}
	if s.resent > 0 && now.Sub(s.last) < resendSpacing {
		return nil
	}
	h.budget -= float64(len(s.data))
	s.resent++
	s.last = now
	return s.data
}
