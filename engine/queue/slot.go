package queue

import (
	"sync/atomic"

	"parley/codecs"
)

// Slot holds the newest picture of a source: a put replaces what nobody took.
// Any number of goroutines may Put and Take; one at a time may Peek. The zero
// value is empty and ready.
//
// There is no read of the pointer followed by a Retain: between the two the
// picture could be replaced and released. Whoever wants it takes it out by an
// exchange and thereby owns the slot's reference.
type Slot struct {
	newest   atomic.Pointer[codecs.Picture]
	replaced atomic.Uint64
}

// Put takes the caller's reference and releases the picture that it replaces.
// A nil picture empties the slot.
func (s *Slot) Put(p *codecs.Picture) {
	if old := s.newest.Swap(p); old != nil {
		s.replaced.Add(1)
		old.Release()
	}
}

// Take empties the slot and returns its picture, whose reference is then the
// caller's; nil when there is none.
func (s *Slot) Take() *codecs.Picture { return s.newest.Swap(nil) }

// Peek returns a reference to the picture and leaves it in the slot; nil when
// there is none. A picture put meanwhile wins over the one peeked at.
func (s *Slot) Peek() *codecs.Picture {
	p := s.newest.Swap(nil)
	if p == nil {
		return nil
	}
	p.Retain()
	if !s.newest.CompareAndSwap(nil, p) {
		s.replaced.Add(1)
		p.Release() // the slot's reference: a newer one has taken its place
	}
	return p
}

// Replaced returns how many pictures were released because a newer one came.
func (s *Slot) Replaced() uint64 { return s.replaced.Load() }
