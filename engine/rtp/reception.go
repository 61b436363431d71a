package rtp

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// Acceptance of senders (RFC 3550 section 6.2.1 and appendix A.1: probation).
const (
	relatchSilence  = 2 * time.Second // latched address silent before another may take over
	relatchControl  = 15 * time.Second
	sourceSilence   = time.Second // a sender silent for so long is replaced as easily as none
	probationFirst  = 2           // packets in sequence before a first sender is accepted
	probationOther  = 4           // the same while another was heard less than sourceSilence ago
	probationWindow = 64          // how far apart "in sequence" may be
	candidatesMax   = 4
	candidateAge    = 5 * time.Second
)

// reception is the receiving side of a stream: who sends, and what is new.
type reception struct {
	mu        sync.Mutex
	localSSRC uint32
	clocks    [128]int // by payload type: clock rate, Hz; 0 = not negotiated, -1 = unknown
	latch     latch

	audioLevelID uint8 // header extension that tells the audio level; 0 = none

	current    *source // nil until somebody passed probation
	last       time.Time
	candidates []*candidate
	header     rtp.Header

	meter     meter
	packets   uint64
	bytes     uint64
	lostPrior uint64 // lost by sources that are gone
	discarded Discarded
	out       []Packet // reused result of receive

	senderReport    uint32    // middle 32 bits of the NTP time of the last SR
	senderReportAt  time.Time // when it arrived
	senderReportNTP uint64
	senderReportRTP uint32
}

// candidate is a sender on probation: its packets are held until it passes.
type candidate struct {
	ssrc    uint32
	from    netip.AddrPort
	highest uint16
	since   time.Time
	held    []Packet // payloads are copies
}

// receive takes one datagram and returns the media packets that it makes
// available: none, itself, or those of a sender that passes probation by it.
// The result and its payloads are valid until the next call. moved reports that
// the far end's address has changed.
func (r *reception) receive(b []byte, from netip.AddrPort, now time.Time) (packets []Packet, moved bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.parse(b, now)
	if !ok {
		return nil, false
	}
	if r.header.SSRC == r.localSSRC {
		r.discarded.SSRC++ // our own packets come back
		return nil, false
	}
	if !r.latch.allows(from, now) {
		r.discarded.Address++
		return nil, false
	}
	ssrc := r.header.SSRC
	if r.current == nil || r.current.ssrc != ssrc || from != r.latch.latched {
		return r.audition(ssrc, p, from, now)
	}
	extended, v := r.current.update(p.Sequence)
	switch v {
	case fresh:
		r.dropCandidates()
		r.latch.valid(from, now)
		r.last = now
		p.Extended = extended
		r.accept(&p, len(b))
		r.out = append(r.out[:0], p)
		return r.out, false
	case duplicate:
		if now.Sub(r.last) < sourceSilence {
			r.discarded.Duplicate++
			return nil, false
		}
	case old:
		if now.Sub(r.last) < sourceSilence {
			r.discarded.Old++
			return nil, false
		}
	case jump:
	}
	// Far away, or the past again after a silence: perhaps it has restarted.
	return r.audition(ssrc, p, from, now)
}

// parse checks the header and the payload type.
func (r *reception) parse(b []byte, now time.Time) (Packet, bool) {
	n, err := r.header.Unmarshal(b)
	if err != nil || r.header.Version != 2 || n > len(b) {
		r.discarded.Malformed++
		return Packet{}, false
	}
	payload := b[n:]
	if r.header.Padding {
		if len(payload) == 0 || payload[len(payload)-1] == 0 || int(payload[len(payload)-1]) > len(payload) {
			r.discarded.Malformed++
			return Packet{}, false
		}
		payload = payload[:len(payload)-int(payload[len(payload)-1])]
	}
	if r.clocks[r.header.PayloadType&0x7f] == 0 {
		r.discarded.PayloadType++
		return Packet{}, false
	}
	p := Packet{
		PayloadType: r.header.PayloadType,
		Sequence:    r.header.SequenceNumber,
		Timestamp:   r.header.Timestamp,
		Marker:      r.header.Marker,
		Payload:     payload,
		Arrival:     now,
		extensions:  extensionsOf(b, n),
	}
	p.AudioLevel, p.Voice = p.extensions.audioLevel(r.audioLevelID)
	return p, true
}

// accept counts a packet of the current source.
func (r *reception) accept(p *Packet, size int) {
	if r.meter.add(p.Arrival, size) {
		r.current.rollLoss()
	}
	r.packets++
	r.bytes += uint64(size)
	if p.Extended == r.current.highest {
		r.current.arrived(p.Timestamp, p.Arrival, r.clocks[p.PayloadType&0x7f])
	}
}

// audition puts a packet of a sender that is not (or no longer, or not from
// there) the current one on probation.
func (r *reception) audition(ssrc uint32, p Packet, from netip.AddrPort, now time.Time) ([]Packet, bool) {
	c := r.candidate(ssrc, p.Sequence, from, now)
	if c == nil {
		r.discarded.Duplicate++
		return nil, false
	}
	p.Payload = append([]byte(nil), p.Payload...)
	p.extensions.data = append([]byte(nil), p.extensions.data...)
	c.held = append(c.held, p)
	need := probationFirst
	if r.current != nil && now.Sub(r.last) < sourceSilence && ssrc != r.current.ssrc {
		need = probationOther
	}
	if len(c.held) < need {
		return nil, false
	}
	held := c.held
	c.held = nil
	r.dropCandidates()

	moved := r.latch.valid(from, now)
	r.last = now
	changed := false
	if !r.continues(ssrc, held[0].Sequence) {
		changed = r.current != nil
		after := int64(-1)
		if r.current != nil {
			after = r.current.highest
			r.lostPrior += r.current.lost()
		}
		r.current = newSource(ssrc, held[0].Sequence, after)
		if changed {
			r.senderReportAt = time.Time{}
		}
	}
	r.out = r.out[:0]
	for _, h := range held {
		extended, v := r.current.update(h.Sequence)
		if v != fresh {
			r.discarded.Duplicate++
			continue
		}
		h.Extended, h.SSRCChanged = extended, changed
		changed = false
		r.accept(&h, len(h.Payload)+12)
		r.out = append(r.out, h)
	}
	return r.out, moved
}

// continues reports whether the current source goes on with this number, only
// from another address.
func (r *reception) continues(ssrc uint32, sequence uint16) bool {
	if r.current == nil || r.current.ssrc != ssrc {
		return false
	}
	delta := int16(sequence - uint16(r.current.highest))
	return delta > 0 && delta < maxDropout
}

// candidate returns the candidate that this packet speaks for, a new one when
// there is none or the packet is out of its sequence; nil for a repeated packet.
func (r *reception) candidate(ssrc uint32, sequence uint16, from netip.AddrPort, now time.Time) *candidate {
	kept := r.candidates[:0]
	var found *candidate
	for _, c := range r.candidates {
		match := c.ssrc == ssrc && c.from == from
		delta := int16(sequence - c.highest)
		switch {
		case match && delta == 0:
			return nil
		case now.Sub(c.since) > candidateAge, match && (delta < 0 || delta > probationWindow):
			r.discarded.SSRC += uint64(len(c.held))
		default:
			kept = append(kept, c)
			if match {
				found = c
			}
		}
	}
	r.candidates = kept
	if found != nil {
		found.highest = sequence
		return found
	}
	if len(r.candidates) == candidatesMax {
		r.discarded.SSRC += uint64(len(r.candidates[0].held))
		r.candidates = append(r.candidates[:0], r.candidates[1:]...)
	}
	c := &candidate{ssrc: ssrc, from: from, highest: sequence, since: now}
	r.candidates = append(r.candidates, c)
	return c
}

// dropCandidates: the current source is alive, or has just been chosen.
func (r *reception) dropCandidates() {
	for i, c := range r.candidates {
		r.discarded.SSRC += uint64(len(c.held))
		r.candidates[i] = nil
	}
	r.candidates = r.candidates[:0]
}

// lost returns the packets lost by all sources.
func (r *reception) lost() uint64 {
	if r.current == nil {
		return r.lostPrior
	}
	return r.lostPrior + r.current.lost()
}
