package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// executor runs the jobs of all conferences on a fixed number of goroutines,
// the most urgent first. It is bounded: submit fails when too many wait.
type executor struct {
	mu     sync.Mutex
	wake   *sync.Cond
	heap   []job // guarded by mu: a binary heap, the most urgent in front
	count  uint64
	taken  uint64        // guarded by mu: jobs that a worker has taken
	waited time.Duration // guarded by mu: that those waited before, all together
	closed bool          // guarded by mu
	wg     sync.WaitGroup
}

// job is a function and when it should be done.
type job struct {
	deadline time.Time
	number   uint64 // among equals, those submitted first go first
	since    time.Time
	run      func()
}

func (j *job) before(o *job) bool {
	if j.deadline.Equal(o.deadline) {
		return j.number < o.number
	}
	return j.deadline.Before(o.deadline)
}

// executorQueue bounds how many jobs may wait; far more than a healthy node
// ever has, since nothing has two jobs at a time.
const executorQueue = 8192

func newExecutor(workers int) *executor {
	x := &executor{heap: make([]job, 0, 64)}
	x.wake = sync.NewCond(&x.mu)
	for range workers {
		x.wg.Go(x.work)
	}
	return x
}

func (x *executor) work() {
	for {
		x.mu.Lock()
		for len(x.heap) == 0 && !x.closed {
			x.wake.Wait()
		}
		if len(x.heap) == 0 {
			x.mu.Unlock()
			return
		}
		j := x.pop()
		x.taken++
		x.waited += time.Since(j.since)
		x.mu.Unlock()
		j.run()
	}
}

// submit hands a job over; false when the queue is full.
func (x *executor) submit(deadline time.Time, run func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed || len(x.heap) >= executorQueue {
		return false
	}
	x.count++
	x.push(job{deadline, x.count, time.Now(), run})
	x.wake.Signal()
	return true
}

// waits returns how many jobs workers have taken since the start, and how long
// those had waited, all together.
func (x *executor) waits() (jobs uint64, waited time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.taken, x.waited
}

func (x *executor) push(j job) {
	x.heap = append(x.heap, j)
	for i := len(x.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !x.heap[i].before(&x.heap[up]) {
			return
		}
		x.heap[i], x.heap[up] = x.heap[up], x.heap[i]
		i = up
	}
}

func (x *executor) pop() job {
	j, last := x.heap[0], len(x.heap)-1
	x.heap[0], x.heap[last] = x.heap[last], job{}
	x.heap = x.heap[:last]
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && x.heap[down].before(&x.heap[least]) {
				least = down
			}
		}
		if least == i {
			return j
		}
		x.heap[i], x.heap[least] = x.heap[least], x.heap[i]
		i = least
	}
}

// close waits for the jobs that were submitted; nothing may be submitted any more.
func (x *executor) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.wake.Broadcast()
	x.wg.Wait()
}

// work is a kind of work that the engine keeps account of.
type work uint8

// The kinds of work.
const (
	workDecode work = iota
	workCompose
	workEncode
	workSend // stitching, packetising and the system calls
	workSound
	workKinds
)

// workNames are what status and metrics call them.
var workNames = [workKinds]string{"decode", "compose", "encode", "send", "sound"}

// loadMeter tells which share of the processors' time media work takes.
type loadMeter struct {
	cores int
	busy  [workKinds]atomic.Int64 // nanoseconds of work since the start

	mu    sync.Mutex
	since time.Time // guarded by mu: start of the window
	was   int64     // guarded by mu: the sum of busy at since
	last  float64   // guarded by mu
}

// loadWindow is how long a load reading is averaged over.
const loadWindow = 2 * time.Second

func (m *loadMeter) start(now time.Time, cores int) {
	m.since, m.cores = now, cores
}

// add counts work that began at start.
func (m *loadMeter) add(kind work, start time.Time) { m.busy[kind].Add(int64(time.Since(start))) }

func (m *loadMeter) sum() (sum int64) {
	for i := range m.busy {
		sum += m.busy[i].Load()
	}
	return sum
}

// load returns the share, 0..1, over the last window.
func (m *loadMeter) load(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := now.Sub(m.since); d >= loadWindow {
		busy := m.sum()
		m.last = min(1, float64(busy-m.was)/float64(d)/float64(m.cores))
		m.since, m.was = now, busy
	}
	return m.last
}

// seconds returns the time spent on each kind of work since the start.
func (m *loadMeter) seconds() map[string]float64 {
	all := make(map[string]float64, workKinds)
	for i := range m.busy {
		all[workNames[i]] = time.Duration(m.busy[i].Load()).Seconds()
	}
	return all
}
