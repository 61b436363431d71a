package queue

import "sync/atomic"

// Unit is one access unit in a Ring.
type Unit struct {
	Data      []byte // Annex B
	Timestamp uint32 // RTP timestamp, 90 kHz
	Key       bool   // an IDR picture
	Damaged   bool   // parts of it are missing
	Gap       bool   // something between the one before and this one is missing
}

// Ring is a bounded queue of access units from one goroutine that pushes to one
// that pops. It copies into memory of its own, which it uses again. What does not
// fit is dropped and counted, and the next unit that fits says Gap.
type Ring struct {
	slots []Unit

	_       [64]byte // head and tail are written by different cores
	head    atomic.Uint64
	popping bool // the unit at head is the consumer's

	_       [64]byte
	tail    atomic.Uint64
	gap     bool // the producer's: something was dropped
	dropped atomic.Uint64
}

// NewRing returns a ring with room for units access units.
func NewRing(units int) *Ring {
	return &Ring{slots: make([]Unit, max(units, 1))}
}

// Push copies a unit in. It returns false when the ring is full: the unit is
// dropped and counted.
func (r *Ring) Push(u Unit) bool {
	tail := r.tail.Load()
	if tail-r.head.Load() >= uint64(len(r.slots)) {
		r.gap = true
		r.dropped.Add(1)
		return false
	}
	s := &r.slots[tail%uint64(len(r.slots))]
	data := append(s.Data[:0], u.Data...)
	*s = u
	s.Data = data
	s.Gap = u.Gap || r.gap
	r.gap = false
	r.tail.Store(tail + 1)
	return true
}

// Pop returns the oldest unit; its bytes are valid until the next Pop. The unit
// keeps its room until then.
func (r *Ring) Pop() (Unit, bool) {
	head := r.head.Load()
	if r.popping {
		head++
		r.head.Store(head)
		r.popping = false
	}
	if head == r.tail.Load() {
		return Unit{}, false
	}
	r.popping = true
	return r.slots[head%uint64(len(r.slots))], true
}

// Len returns how many units wait, the one popped last included until the next Pop.
func (r *Ring) Len() int { return int(r.tail.Load() - r.head.Load()) }

// Dropped returns how many units did not fit.
func (r *Ring) Dropped() uint64 { return r.dropped.Load() }
