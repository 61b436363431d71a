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
