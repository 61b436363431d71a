package onecore

import (
	"context"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Result is what one operation takes.
type Result struct {
	Group string
	Name  string
	Size  string        // of what it works on
	Each  time.Duration // processor time of one, in the fastest round
	// Median is the same in the middle round: much more than Each says that
	// others used the machine meanwhile.
	Median time.Duration
	Rate   float64 // how many of them a stream needs in a second
	Area   int     // luma samples, 0 = no picture
}

// PerSecond returns how many of them one core does.
func (r Result) PerSecond() float64 { return 1 / r.Each.Seconds() }

// Streams returns how many streams one core does that for, and nothing else.
func (r Result) Streams() float64 { return r.PerSecond() / r.Rate }

// operation is what is measured: the fields of its result that are known
// before, and how it is done.
type operation struct {
	Result
	open func() (task, error)
}

// task is an operation that is ready to be done.
type task struct {
	steps   int             // that make a round; the rounds are alike
	prepare func(int) error // not measured, before each step; nil = nothing
	do      func(int) error
	each    int // operations in a step
	close   func()
}

// leastRounds is how many rounds are measured at least, after one that warms up.
const leastRounds = 3

// preparing is how many times the time of the operation may go by with what
// prepares it.
const preparing = 3

// measure does rounds until they have taken the given processor time, or too
// much has gone by beside them.
func (op operation) measure(ctx context.Context, enough time.Duration) (Result, error) {
	t, err := op.open()
	if err != nil {
		return Result{}, err
	}
	defer t.close()
	runtime.GC() // what the last one left behind is not this one's work
	var took []time.Duration
	var total time.Duration
	began := Clock()
	for round := 0; len(took) < leastRounds || total < enough && Clock()-began-total < preparing*enough; round++ {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		spent, err := t.round()
		if err != nil {
			return Result{}, err
		}
		if round > 0 {
			took = append(took, spent)
			total += spent
		}
	}
	slices.Sort(took)
	n := time.Duration(t.steps * t.each)
	op.Each, op.Median = max(took[0]/n, 1), max(took[len(took)/2]/n, 1)
	return op.Result, nil
}

// round does each step once and returns the processor time.
func (t task) round() (spent time.Duration, err error) {
	for i := range t.steps {
		if t.prepare != nil {
			if err := t.prepare(i); err != nil {
				return 0, err
			}
		}
		start := Clock()
		if err := t.do(i); err != nil {
			return 0, err
		}
		spent += Clock() - start
	}
	return spent, nil
}

// Clock returns the processor time of this thread, to which the goroutine
// should be locked.
func Clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux has it
	}
	return time.Duration(t.Nano())
}
