package rtp

import (
	"math"
	"sync"
	"time"
)

// AccessUnit is one coded picture as it was received.
type AccessUnit struct {
	Data      []byte // Annex B, four-byte start codes; valid until the next Pop
	Timestamp uint32 // RTP timestamp, 90 kHz
	Key       bool   // holds an IDR slice
	Damaged   bool   // parts of it are missing; incomplete NAL units are left out
	// Gap: something between the access unit before and this one is missing, or
	// the sender has changed.
	Gap     bool
	Arrival time.Time // of its last packet
}

// Bounds of a VideoReceiver.
const (
	videoSlots      = 1024 // packets, a power of two
	videoPayloadMax = 9000 // bytes of one packet
	missingMax      = 256  // sequence numbers asked for at once
	nackTimes       = 4    // for one packet
	nackDelay       = 5 * time.Millisecond
	videoIdle       = 200 * time.Millisecond // after which a last access unit without marker is complete
)

// DefaultVideoWait is how long a VideoReceiver waits for a missing packet.
const DefaultVideoWait = 100 * time.Millisecond

// VideoCounters tells what became of the packets of a VideoReceiver.
type VideoCounters struct {
	Packets     uint64 // pushed
	Late        uint64 // came after they had been given up, or twice
	Overflow    uint64 // pushed out because the buffer was full
	TooLarge    uint64
	Skipped     uint64 // missing and given up
	AccessUnits uint64
	Damaged     uint64 // access units
	Malformed   uint64 // payloads
	Unsupported uint64 // payloads
}

// VideoReceiver orders the packets of one video stream and joins them into
// access units. Pure: the time comes with its arguments. Push may be called from
// another goroutine than Pop and Missing.
type VideoReceiver struct {
	mu      sync.Mutex
	wait    time.Duration
	spacing time.Duration // between NACKs for one packet

	slots   [videoSlots]videoSlot
	free    [][]byte
	started bool
	next    int64 // extended number of the next packet to use
	highest int64 // highest pushed; all from next to highest are held or missing
	absent  int   // places from next to highest that are missing and not given up
	scanned scan  // how far the access unit at next has been looked at
	gap     bool  // something was skipped since the last access unit
	markers bool  // the sender sets markers

	depacketizer Depacketizer
	missing      []uint16
	counters     VideoCounters
}

// scan is how far the access unit that begins at from has been looked at. What
// lies before at is settled: held, or given up.
type scan struct {
	from, at, last int64 // last: its last packet held
	closed         bool  // nothing is given up behind last
}

type slotState uint8

const (
	slotMissing slotState = iota
	slotHeld
	slotGone // missing and given up
)

// videoSlot is one sequence number between next and highest.
type videoSlot struct {
	state     slotState
	marker    bool
	timestamp uint32
	payload   []byte
	at        time.Time // held: arrival; missing: when it was found missing
	asked     time.Time // last NACK
	times     int       // NACKs
}

// NewVideoReceiver returns an empty receiver that waits DefaultVideoWait.
func NewVideoReceiver() *VideoReceiver {
	return &VideoReceiver{wait: DefaultVideoWait, spacing: 30 * time.Millisecond, highest: -1, scanned: scan{from: math.MinInt64}}
}

// SetWait sets how long to wait for a missing packet: little more than the
// reordering of networks (20 ms) without NACK, DefaultVideoWait or more with it.
func (v *VideoReceiver) SetWait(wait time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wait = max(wait, 0)
}

// SetRTT fits the waiting and the spacing of NACKs to a round-trip time.
func (v *VideoReceiver) SetRTT(rtt time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.spacing = min(max(rtt+rtt/4, 20*time.Millisecond), 300*time.Millisecond)
	v.wait = min(max(3*rtt+40*time.Millisecond, DefaultVideoWait), 500*time.Millisecond)
}

// Counters returns what became of the packets so far.
func (v *VideoReceiver) Counters() VideoCounters {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.counters
	c.Malformed = v.depacketizer.Malformed
	c.Unsupported = v.depacketizer.Unsupported
	return c
}

func (v *VideoReceiver) slot(extended int64) *videoSlot {
	return &v.slots[uint64(extended)%videoSlots]
}

// Push takes one packet and copies what it keeps.
func (v *VideoReceiver) Push(p Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counters.Packets++
	if len(p.Payload) > videoPayloadMax {
		v.counters.TooLarge++
		return
	}
	if v.started && (p.SSRCChanged || p.Extended-v.highest > videoSlots) {
		v.restart()
	}
	if !v.started {
		v.started = true
		v.next, v.highest = p.Extended, p.Extended-1
	}
	if p.Extended < v.next {
		v.counters.Late++
		return
	}
	for p.Extended-v.next >= videoSlots {
		v.drop()
	}
	for v.highest < p.Extended {
		v.highest++
		v.absent++
		*v.slot(v.highest) = videoSlot{at: p.Arrival}
	}
	s := v.slot(p.Extended)
	if s.state != slotMissing {
		v.counters.Late++
		return
	}
	v.absent--
	s.state, s.marker, s.timestamp, s.at = slotHeld, p.Marker, p.Timestamp, p.Arrival
	s.payload = append(v.buffer(), p.Payload...)
	v.markers = v.markers || p.Marker
}

// buffer returns memory for one payload.
func (v *VideoReceiver) buffer() []byte {
	if n := len(v.free); n > 0 {
		b := v.free[n-1]
		v.free = v.free[:n-1]
		return b[:0]
	}
	return make([]byte, 0, 1536)
}

// release takes the memory of a slot back; next moves over it.
func (v *VideoReceiver) release() {
	s := v.slot(v.next)
	switch s.state {
	case slotHeld:
		v.free = append(v.free, s.payload)
	case slotMissing:
		v.absent--
	}
	*s = videoSlot{}
	v.next++
}

// drop gives the oldest place up for want of room.
func (v *VideoReceiver) drop() {
	if v.next <= v.highest {
		if v.slot(v.next).state == slotHeld {
			v.counters.Overflow++
		} else {
			v.counters.Skipped++
		}
		v.release()
	} else {
		v.next++
		v.highest = max(v.highest, v.next-1)
	}
	v.gap = true
}

// restart forgets everything held: another sender, or one that started anew.
func (v *VideoReceiver) restart() {
	for v.next <= v.highest {
		v.drop()
	}
	v.started, v.markers, v.scanned = false, false, scan{from: math.MinInt64}
	v.gap = true
}

// Pop returns the next access unit, if it is complete or its missing packets
// have been waited for. Call it until it returns false.
func (v *VideoReceiver) Pop(now time.Time) (AccessUnit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		v.skipGone()
		if v.next > v.highest {
			return AccessUnit{}, false
		}
		first := v.slot(v.next)
		if first.state == slotMissing {
			if !v.giveUp(now) {
				return AccessUnit{}, false
			}
			continue
		}
		end, closed, complete := v.scan(now)
		if !complete {
			return AccessUnit{}, false
		}
		if au, ok := v.join(end, closed); ok {
			return au, true
		}
	}
}

// skipGone moves over packets that were given up between access units.
func (v *VideoReceiver) skipGone() {
	for v.next <= v.highest && v.slot(v.next).state == slotGone {
		v.release()
		v.gap = true
	}
}

// giveUp gives up the missing packets at next whose time is over.
func (v *VideoReceiver) giveUp(now time.Time) bool {
	gave := false
	for i := v.next; i <= v.highest && v.slot(i).state == slotMissing && v.expired(v.slot(i), now); i++ {
		v.skip(v.slot(i))
		gave = true
	}
	return gave
}

// skip gives a missing packet up.
func (v *VideoReceiver) skip(s *videoSlot) {
	s.state = slotGone
	v.absent--
	v.counters.Skipped++
}

func (v *VideoReceiver) expired(s *videoSlot, now time.Time) bool {
	return now.Sub(s.at) >= v.wait
}

// scan looks for the end of the access unit that begins at next: the number
// after its last packet, and whether its end is certain (its marker has come,
// or no packet is missing before the next access unit). It goes on where it
// stopped before.
func (v *VideoReceiver) scan(now time.Time) (end int64, closed, complete bool) {
	timestamp := v.slot(v.next).timestamp
	c := &v.scanned
	if c.from != v.next {
		*c = scan{from: v.next, at: v.next, last: v.next, closed: true}
	}
	for ; c.at <= v.highest; c.at++ {
		s := v.slot(c.at)
		switch s.state {
		case slotMissing:
			if !v.expired(s, now) {
				return 0, false, false
			}
			v.skip(s)
			c.closed = false
		case slotGone:
			c.closed = false
		case slotHeld:
			if s.timestamp != timestamp {
				return c.last + 1, c.closed, true
			}
			c.last, c.closed = c.at, true
			if s.marker {
				return c.at + 1, true, true
			}
		}
	}
	// All that has come, without a marker: senders that never set it are
	// ended by their next access unit, or by a pause.
	if now.Sub(v.slot(c.last).at) >= max(v.wait, videoIdle) {
		return c.last + 1, c.closed && !v.markers, true
	}
	return 0, false, false
}

// join makes the access unit of the packets from next to before end.
func (v *VideoReceiver) join(end int64, closed bool) (AccessUnit, bool) {
	d := &v.depacketizer
	d.Reset()
	au := AccessUnit{Timestamp: v.slot(v.next).timestamp, Gap: v.gap}
	for v.next < end {
		s := v.slot(v.next)
		if s.state == slotHeld {
			_ = d.Push(s.payload) // counted there, and the access unit is damaged
			au.Arrival = s.at
		} else {
			d.Lost()
		}
		v.release()
	}
	if !closed {
		d.Lost() // its end may be among what is missing after it
	}
	au.Data, au.Key, au.Damaged = d.Finish()
	if len(au.Data) == 0 {
		v.gap = v.gap || au.Damaged // nothing usable: the next one follows a gap
		return AccessUnit{}, false
	}
	v.gap = false
	v.counters.AccessUnits++
	if au.Damaged {
		v.counters.Damaged++
	}
	return au, true
}

// Missing returns the sequence numbers to ask for by NACK now: each a few times,
// with spacing, as long as it is waited for. The slice is valid until the next call.
func (v *VideoReceiver) Missing(now time.Time) []uint16 {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.missing = v.missing[:0]
	if v.absent == 0 {
		return v.missing
	}
	for i := v.next; i <= v.highest && len(v.missing) < missingMax; i++ {
		s := v.slot(i)
		if s.state != slotMissing || s.times >= nackTimes || now.Sub(s.at) < nackDelay {
			continue
		}
		if s.times > 0 && now.Sub(s.asked) < v.spacing {
			continue
		}
		s.times++
		s.asked = now
		v.missing = append(v.missing, uint16(i))
	}
	return v.missing
}
