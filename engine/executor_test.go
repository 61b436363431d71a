package engine

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// Jobs run in order of their deadlines, and of their coming where these agree.
func TestExecutorRunsTheMostUrgentFirst(t *testing.T) {
	x := newExecutor(1)
	hold, held := make(chan struct{}), make(chan struct{})
	x.submit(epoch, func() { close(held); <-hold })
	<-held
	random := rand.New(rand.NewPCG(1, 2))
	type done struct{ deadline, number int }
	var mu sync.Mutex
	var order []done
	for n := range 500 {
		d := done{random.IntN(20), n}
		x.submit(epoch.Add(time.Duration(d.deadline)), func() {
			mu.Lock()
			order = append(order, d)
			mu.Unlock()
		})
	}
	close(hold)
	x.close()
	if len(order) != 500 || !slices.IsSortedFunc(order, func(a, b done) int { return (a.deadline-b.deadline)*1000 + a.number - b.number }) {
		t.Errorf("%d jobs, not in order: %v", len(order), order)
	}
	if x.submit(epoch, func() {}) {
		t.Error("taken after the end")
	}
}

// How long jobs wait is known, of those that a worker has taken.
func TestExecutorTellsHowLongJobsWait(t *testing.T) {
	x := newExecutor(1)
	hold, held := make(chan struct{}), make(chan struct{})
	x.submit(epoch, func() { close(held); <-hold })
	<-held
	_, before := x.waits()
	const waiting = 10
	for range waiting {
		x.submit(epoch, func() {})
	}
	if jobs, waited := x.waits(); jobs != 1 || waited != before {
		t.Errorf("%d jobs, %v: those that still wait are counted", jobs, waited)
	}
	begun := time.Now() // all of them have waited since before this
	tick := time.NewTicker(time.Millisecond)
	<-tick.C
	tick.Stop()
	least := time.Since(begun)
	close(hold)
	x.close()
	if jobs, waited := x.waits(); jobs != 1+waiting || waited-before < waiting*least {
		t.Errorf("%d jobs have waited %v, want at least %v", jobs, waited-before, waiting*least)
	}
}

func TestExecutorIsBounded(t *testing.T) {
	x := newExecutor(1)
	hold, held := make(chan struct{}), make(chan struct{})
	x.submit(epoch, func() { close(held); <-hold })
	<-held
	taken := 0
	for x.submit(epoch, func() {}) {
		taken++
	}
	if taken != executorQueue {
		t.Errorf("%d jobs wait, want %d", taken, executorQueue)
	}
	close(hold)
	x.close()
}

func BenchmarkExecutor(b *testing.B) {
	x := newExecutor(1)
	defer x.close()
	var wg sync.WaitGroup
	job := wg.Done
	now := time.Now()
	b.ReportAllocs()
	for n := range b.N {
		wg.Add(1)
		for !x.submit(now.Add(time.Duration(n%7)), job) {
			runtime.Gosched()
		}
	}
	wg.Wait()
}
