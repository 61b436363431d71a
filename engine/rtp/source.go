package rtp

import (
	"math"
	"time"
)

// verdict says what became of a sequence number.
type verdict uint8

const (
	fresh     verdict = iota // not seen before
	duplicate                // seen before
	old                      // before everything that is remembered
	jump                     // far from what was expected: perhaps a restart
)

// Limits of RFC 3550 appendix A.1. The window for late packets is wider than
// the RFC's example because retransmissions arrive late.
const (
	maxDropout = 3000
	seenWindow = 1024
)

// source is what is known of one sender: extended sequence numbers, loss and
// jitter (RFC 3550 appendices A.1, A.3, A.8). Pure.
type source struct {
	ssrc uint32

	origin   int64 // extended numbers start here: a multiple of 65536
	base     int64 // first extended sequence number
	highest  int64
	received uint64
	seen     [seenWindow / 64]uint64 // bit of each of the last numbers

	priorExpected, priorReceived uint64 // at the last report
	fraction                     uint8  // of the last report

	rateExpected, rateReceived uint64  // at the start of the rate window
	loss                       float64 // of the last rate window, 0..1

	epoch     time.Time
	transit   int64
	timestamp uint32
	hasTime   bool
	jitter    float64 // timestamp units
	clock     int
}

// newSource starts a source with its first packet, whose extended number is
// above every number of the one before.
func newSource(ssrc uint32, sequence uint16, after int64) *source {
	// More than a whole cycle on, so that no buffer takes one for the other.
	origin := (after>>16 + 2) << 16
	s := &source{ssrc: ssrc, origin: origin, base: origin + int64(sequence)}
	s.highest = s.base - 1
	return s
}

// update takes one sequence number and returns its extended form.
func (s *source) update(sequence uint16) (int64, verdict) {
	delta := int64(int16(sequence - uint16(s.highest)))
	extended := s.highest + delta
	switch {
	case delta > 0 && delta < maxDropout:
		for i := s.highest + 1; i < extended && i <= s.highest+seenWindow; i++ {
			s.mark(i, false)
		}
		s.highest = extended
	case delta <= 0 && -delta < seenWindow:
		if s.isSeen(extended) {
			return extended, duplicate
		}
		if extended < s.base {
			s.base = extended // reordered around the very first packet
		}
	case delta <= 0 && -delta < maxDropout:
		return extended, old
	default:
		return extended, jump
	}
	s.mark(extended, true)
	s.received++
	return extended, fresh
}

func (s *source) mark(extended int64, seen bool) {
	word, bit := (extended%seenWindow)/64, uint(extended%64)
	if seen {
		s.seen[word] |= 1 << bit
	} else {
		s.seen[word] &^= 1 << bit
	}
}

func (s *source) isSeen(extended int64) bool {
	return s.seen[(extended%seenWindow)/64]&(1<<uint(extended%64)) != 0
}

// arrived takes the times of one packet that came in order (appendix A.8).
func (s *source) arrived(timestamp uint32, now time.Time, clock int) {
	if clock <= 0 {
		return
	}
	if s.epoch.IsZero() || clock != s.clock {
		s.epoch, s.clock, s.hasTime = now, clock, false
	}
	arrival := int64(float64(now.Sub(s.epoch)) * float64(clock) / float64(time.Second))
	if s.hasTime {
		// The difference of differences, so that the timestamp may wrap.
		d := arrival - s.transit - int64(int32(timestamp-s.timestamp))
		if d < 0 {
			d = -d
		}
		if d < int64(clock)*10 { // more is a jump of the sender's clock, not jitter
			s.jitter += (float64(d) - s.jitter) / 16
		}
	}
	s.transit, s.timestamp, s.hasTime = arrival, timestamp, true
}

func (s *source) expected() uint64 { return uint64(s.highest - s.base + 1) }

// lost returns the cumulative loss; late duplicates never make it negative
// because duplicates are not counted as received.
func (s *source) lost() uint64 {
	if e := s.expected(); e > s.received {
		return e - s.received
	}
	return 0
}

// report closes a reporting interval and returns its loss in 1/256 (appendix A.3).
func (s *source) report() uint8 {
	expected, received := s.expected(), s.received
	e, r := expected-s.priorExpected, received-s.priorReceived
	s.priorExpected, s.priorReceived = expected, received
	s.fraction = 0
	if e > 0 && e > r && e < math.MaxInt32 {
		s.fraction = uint8(min((e-r)<<8/e, 255))
	}
	return s.fraction
}

// rollLoss closes a rate window.
func (s *source) rollLoss() {
	e, r := s.expected()-s.rateExpected, s.received-s.rateReceived
	s.rateExpected, s.rateReceived = s.expected(), s.received
	s.loss = 0
	if e > 0 && e > r && e < math.MaxInt32 {
		s.loss = float64(e-r) / float64(e)
	}
}

// jitterTime returns the interarrival jitter as a duration.
func (s *source) jitterTime() time.Duration {
	if s.clock <= 0 {
		return 0
	}
	return time.Duration(s.jitter / float64(s.clock) * float64(time.Second))
}

// highestReported is the extended highest sequence number of a report block:
// cycles since this source began, and the number itself.
func (s *source) highestReported() uint32 { return uint32(s.highest - s.origin) }
