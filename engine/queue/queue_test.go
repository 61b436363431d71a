package queue

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"parley/codecs"
)

// exchangeSlot is the rival of Slot: an atomic pointer that is exchanged. Peek is
// for one reader: to another one the slot looks empty meanwhile.
type exchangeSlot struct {
	newest atomic.Pointer[codecs.Picture]
}

func (s *exchangeSlot) Put(p *codecs.Picture) { s.newest.Swap(p).Release() }

func (s *exchangeSlot) Take() *codecs.Picture { return s.newest.Swap(nil) }

func (s *exchangeSlot) Peek() *codecs.Picture {
	p := s.newest.Swap(nil)
	if p == nil {
		return nil
	}
	p.Retain()
	if !s.newest.CompareAndSwap(nil, p) {
		p.Release()
	}
	return p
}

type slot interface {
	Put(*codecs.Picture)
	Take() *codecs.Picture
	Peek() *codecs.Picture
}

// TestSlotModel runs random calls on both and compares what they return.
func TestSlotModel(t *testing.T) {
	before := codecs.PicturesLive()
	r := rand.New(rand.NewPCG(3, 3))
	var s Slot
	var model exchangeSlot
	for n := range 20000 {
		switch r.IntN(3) {
		case 0:
			for _, each := range []slot{&s, &model} {
				p := codecs.NewPicture(2, 2)
				p.Timestamp = uint32(n)
				each.Put(p)
			}
		case 1:
			compare(t, s.Take(), model.Take())
		case 2:
			compare(t, s.Peek(), model.Peek())
		}
	}
	s.Put(nil)
	model.Put(nil)
	if live := codecs.PicturesLive(); live != before {
		t.Errorf("%d pictures left", live-before)
	}
}

func compare(t *testing.T, got, want *codecs.Picture) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && got.Timestamp != want.Timestamp {
		t.Fatalf("got %v, want %v", got, want)
	}
	got.Release()
	want.Release()
}

// TestSlotRace has two producers and a consumer; pictures come back as recycled
// memory, so a use after the last release shows as a wrong sum or a race.
func TestSlotRace(t *testing.T) {
	for name, s := range map[string]slot{"mutex": &Slot{}, "exchange": &exchangeSlot{}} {
		t.Run(name, func(t *testing.T) { raceSlot(t, s) })
	}
}

func raceSlot(t *testing.T, s slot) {
	before := codecs.PicturesLive()
	var pool codecs.Pool
	var wg sync.WaitGroup
	var done atomic.Bool
	for producer := range 2 {
		wg.Go(func() {
			for n := range 20000 {
				p := pool.Get(16, 16)
				p.Timestamp = uint32(n*2 + producer)
				p.Y[0], p.Y[1] = byte(n), ^byte(n)
				s.Put(p)
			}
		})
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		last := [2]uint32{}
		for n := 0; !done.Load(); n++ {
			p := s.Peek()
			if n%3 == 0 {
				p.Release()
				p = s.Take()
			}
			if p == nil {
				continue
			}
			if p.Y[0] != ^p.Y[1] {
				t.Error("picture changed under its reader")
			}
			if from := p.Timestamp & 1; p.Timestamp < last[from] {
				t.Error("an older picture after a newer one")
			} else {
				last[from] = p.Timestamp
			}
			p.Release()
		}
	})
	wg.Wait()
	done.Store(true)
	reader.Wait()
	s.Put(nil)
	if live := codecs.PicturesLive(); live != before {
		t.Errorf("%d pictures left", live-before)
	}
}

// lockedRing is the model of Ring: the same with a mutex.
type lockedRing struct {
	mu         sync.Mutex
	slots      []Unit
	head, tail int
	popping    bool
	gap        bool
}

func (r *lockedRing) Push(u Unit) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tail-r.head >= len(r.slots) {
		r.gap = true
		return false
	}
	s := &r.slots[r.tail%len(r.slots)]
	data := append(s.Data[:0], u.Data...)
	*s = u
	s.Data, s.Gap, r.gap = data, u.Gap || r.gap, false
	r.tail++
	return true
}

func (r *lockedRing) Pop() (Unit, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.popping {
		r.head++
		r.popping = false
	}
	if r.head == r.tail {
		return Unit{}, false
	}
	r.popping = true
	return r.slots[r.head%len(r.slots)], true
}

type ring interface {
	Push(Unit) bool
	Pop() (Unit, bool)
}

func TestRingModel(t *testing.T) {
	for size := range 6 {
		r := rand.New(rand.NewPCG(uint64(size), 5))
		q := NewRing(size)
		model := &lockedRing{slots: make([]Unit, max(size, 1))}
		for n := range 20000 {
			if r.IntN(2) == 0 {
				u := Unit{Data: make([]byte, 4+r.IntN(20)), Timestamp: uint32(n), Key: r.IntN(9) == 0, Damaged: r.IntN(9) == 0}
				binary.BigEndian.PutUint32(u.Data, uint32(n))
				if got, want := q.Push(u), model.Push(u); got != want {
					t.Fatalf("size %d step %d: Push %v, want %v", size, n, got, want)
				}
				continue
			}
			got, ok := q.Pop()
			want, wantOK := model.Pop()
			if ok != wantOK || string(got.Data) != string(want.Data) || got.Timestamp != want.Timestamp ||
				got.Key != want.Key || got.Damaged != want.Damaged || got.Gap != want.Gap {
				t.Fatalf("size %d step %d: Pop %v %v, want %v %v", size, n, got, ok, want, wantOK)
			}
		}
	}
}

func TestRingRace(t *testing.T) {
	q := NewRing(4)
	const units = 50000
	var wg sync.WaitGroup
	var done atomic.Bool
	wg.Go(func() {
		buf := make([]byte, 64)
		for n := range units {
			size := 8 + n%57
			binary.BigEndian.PutUint32(buf, uint32(n))
			buf[size-1] = byte(n)
			q.Push(Unit{Data: buf[:size], Timestamp: uint32(n)})
		}
		done.Store(true)
	})
	last, popped := -1, 0
	for {
		finished := done.Load()
		u, ok := q.Pop()
		if !ok {
			if finished {
				break
			}
			continue
		}
		popped++
		n := int(u.Timestamp)
		if n <= last || len(u.Data) != 8+n%57 || binary.BigEndian.Uint32(u.Data) != uint32(n) || u.Data[len(u.Data)-1] != byte(n) {
			t.Fatalf("unit %d after %d: %v", n, last, u.Data)
		}
		if u.Gap != (n != last+1) {
			t.Fatalf("unit %d after %d says gap %v", n, last, u.Gap)
		}
		last = n
	}
	wg.Wait()
	if uint64(popped)+q.Dropped() != units {
		t.Errorf("%d popped and %d dropped of %d", popped, q.Dropped(), units)
	}
}

func BenchmarkSlot(b *testing.B) {
	for name, make := range map[string]func() slot{
		"exchange": func() slot { return &exchangeSlot{} },
		"mutex":    func() slot { return &Slot{} },
	} {
		b.Run(name, func(b *testing.B) {
			s := make()
			p := codecs.NewPicture(2, 2)
			defer p.Release()
			var done atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				for !done.Load() {
					s.Put(p.Retain())
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				s.Peek().Release()
			}
			done.Store(true)
			wg.Wait()
			s.Take().Release()
		})
	}
}

// BenchmarkAlone has nobody else at the structure: the usual case of a stage
// that is faster than its pictures come.
func BenchmarkAlone(b *testing.B) {
	p := codecs.NewPicture(2, 2)
	defer p.Release()
	for name, s := range map[string]slot{"slot/exchange": &exchangeSlot{}, "slot/mutex": &Slot{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Put(p.Retain())
				s.Take().Release()
			}
		})
	}
	data := make([]byte, 4000)
	for name, q := range map[string]ring{"ring/atomic": NewRing(8), "ring/mutex": &lockedRing{slots: make([]Unit, 8)}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q.Push(Unit{Data: data})
				q.Pop()
			}
		})
	}
}

func BenchmarkRing(b *testing.B) {
	for name, make := range map[string]func() ring{
		"atomic": func() ring { return NewRing(8) },
		"mutex":  func() ring { return &lockedRing{slots: make([]Unit, 8)} },
	} {
		b.Run(name, func(b *testing.B) {
			q := make()
			data := []byte("an access unit of the smallest kind: nothing changed")
			var done atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				for !done.Load() {
					if !q.Push(Unit{Data: data}) {
						runtime.Gosched()
					}
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				for {
					if _, ok := q.Pop(); ok {
						break
					}
					runtime.Gosched()
				}
			}
			done.Store(true)
			wg.Wait()
		})
	}
}
