package engine

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"parley/codecs"
	"parley/engine/rtp"
)

// TestVideoAllocatesNothing takes pictures all the way, from access units to
// packets on sockets that nobody reads, and looks for those turns that leave
// something on the heap.
func TestVideoAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const senders, settle, turns = 4, 60, 200
	e := newEngine(t)
	c := testConfig("allocations", OwnHidden)
	var legs []*phone
	for i := range senders {
		p := join(t, e, c, i)
		defer p.close()
		p.stream.Close() // what it makes of what it gets is not what is counted
		p.leg.Confirm()
		legs = append(legs, p)
	}
	conf := e.Conference("allocations")
	speak(conf, "B")
	now := time.Now()
	conf.Compose(now)

	// What each sends, with a change in every picture.
	units := make([][]codecs.AccessUnit, senders)
	for i, p := range legs {
		for n := range settle + turns {
			p.frame.Y[0] ^= 0xff
			fill(p.frame, [3]byte{byte(40 + 3*(n%50)), p.colour[1], p.colour[2]})
			au, err := p.enc.Encode(p.frame, n == 0)
			if err != nil {
				t.Fatal(err)
			}
			units[i] = append(units[i], codecs.AccessUnit{Data: bytes.Clone(au.Data), Key: au.Key})
		}
	}
	var memory runtime.MemStats
	objects := func() uint64 {
		runtime.ReadMemStats(&memory)
		return memory.Mallocs
	}
	done := newBarrier(e, 2)
	turn := func(n int) {
		now = now.Add(time.Second / FrameRate)
		for i, p := range legs {
			u := units[i][n]
			p.leg.video.Load().source.push(rtp.AccessUnit{Data: u.Data, Key: u.Key, Timestamp: uint32(3000 * n), Arrival: now})
		}
		done.wait()
		conf.Compose(now)
		done.wait()
	}
	made := func() uint64 { return e.made.Load() }
	for n := range settle {
		turn(n)
	}
	runtime.GC() // pools are filled; what they lose to a collection is made again
	turn(settle)
	allocating, all, most, before := 0, uint64(0), uint64(0), made()
	for n := settle + 1; n < settle+turns; n++ {
		start := objects()
		turn(n)
		if grown := objects() - start; grown > 0 {
			allocating, all, most = allocating+1, all+grown, max(most, grown)
		}
	}
	if pictures := made() - before; pictures < senders*(turns-1)/2 {
		t.Fatalf("%d pictures in %d turns", pictures, turns-1)
	}
	// The runtime and once-a-second work of the conference may.
	if limit := turns / 10; allocating > limit || all > turns/2 {
		t.Errorf("%d of %d turns allocate, up to %d objects, %d in all; want no more than %d turns and %d objects", allocating, turns-1, most, all, limit, turns/2)
	}
	t.Logf("%d of %d turns allocate, at most %d objects", allocating, turns-1, most)
}

// barrier waits until the executor has done all that it was given.
type barrier struct {
	engine         *Engine
	workers        int
	arrive, depart chan struct{}
	job            func()
}

func newBarrier(e *Engine, workers int) *barrier {
	b := &barrier{engine: e, workers: workers, arrive: make(chan struct{}, workers), depart: make(chan struct{})}
	b.job = func() {
		b.arrive <- struct{}{}
		<-b.depart
	}
	return b
}

// wait has every worker come to the barrier, which is the least urgent of all work.
func (b *barrier) wait() {
	last := time.Now().Add(time.Hour)
	for range b.workers {
		b.engine.exec.submit(last, b.job)
	}
	for range b.workers {
		<-b.arrive
	}
	for range b.workers {
		b.depart <- struct{}{}
	}
}
