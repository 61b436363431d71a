package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// executor runs encode jobs on a fixed number of goroutines. Its queue is
// bounded: submit fails when it is full and the frame is skipped.
type executor struct {
	jobs chan func()
	wg   sync.WaitGroup
}

// executorQueue bounds how many frames may wait; far more than a healthy node
// ever has, since a rendition never has two jobs at a time.
const executorQueue = 4096

func newExecutor(workers int) *executor {
	x := &executor{jobs: make(chan func(), executorQueue)}
	for range workers {
		x.wg.Go(func() {
			for job := range x.jobs {
				job()
			}
		})
	}
	return x
}

// submit hands a job over; false when the queue is full.
func (x *executor) submit(job func()) bool {
	select {
	case x.jobs <- job:
		return true
	default:
		return false
	}
}

// close waits for the jobs that were submitted; nothing may be submitted any more.
func (x *executor) close() {
	close(x.jobs)
	x.wg.Wait()
}

// loadMeter tells which share of the processors' time codec work takes.
type loadMeter struct {
	cores int
	busy  atomic.Int64 // nanoseconds of work since the start

	mu    sync.Mutex
	since time.Time // guarded by mu: start of the window
	was   int64     // guarded by mu: busy at since
	last  float64   // guarded by mu
}

// loadWindow is how long a load reading is averaged over.
const loadWindow = 2 * time.Second

func (m *loadMeter) start(now time.Time, cores int) {
	m.since, m.cores = now, cores
}

// add counts work that began at start.
func (m *loadMeter) add(start time.Time) { m.busy.Add(int64(time.Since(start))) }

// load returns the share, 0..1, over the last window.
func (m *loadMeter) load(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := now.Sub(m.since); d >= loadWindow {
		busy := m.busy.Load()
		m.last = min(1, float64(busy-m.was)/float64(d)/float64(m.cores))
		m.since, m.was = now, busy
	}
	return m.last
}
