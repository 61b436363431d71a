package queue

import (
	"sync"
	"sync/atomic"

	"parley/codecs"
)

// Slot holds the newest picture of a source: a put replaces what nobody took.
// Any number of goroutines may use it. The zero value is empty and ready.
//
// It has a mutex around a few instructions. The exchange of an atomic pointer,
// which the benchmarks keep beside it, is no faster when both sides are busy (a
// peek needs two exchanges, since reading the pointer and then retaining would
// race with a replacement), and lets a second reader miss a picture.
type Slot struct {
	mu       sync.Mutex
	newest   *codecs.Picture
	replaced atomic.Uint64
}

// Put takes the caller's reference and releases the picture that it replaces.
// A nil picture empties the slot.
func (s *Slot) Put(p *codecs.Picture) {
	s.mu.Lock()
	old := s.newest
	s.newest = p
	s.mu.Unlock()
	if old != nil {
		s.replaced.Add(1)
		old.Release() // outside: the last release runs the codec's or pool's code
	}
}

// Take empties the slot and returns its picture, whose reference is then the
// caller's; nil when there is none.
func (s *Slot) Take() *codecs.Picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.newest
	s.newest = nil
	return p
}

// Peek returns a reference to the picture and leaves it in the slot; nil when
// there is none.
func (s *Slot) Peek() *codecs.Picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest == nil {
		return nil
	}
	return s.newest.Retain()
}

// Replaced returns how many pictures were released because a newer one came.
func (s *Slot) Replaced() uint64 { return s.replaced.Load() }
