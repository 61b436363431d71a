package load

import "time"

// Step says how much quality is given up. Each step includes those before it.
type Step int32

// The steps, by how little they are noticed.
const (
	Full       Step = iota
	Thumbnails      // thumbnails have half the frame rate
	OwnShown        // with own thumbnail `auto`, receivers on stage see themselves: fewer strips
	HalfRate        // everything has half the frame rate
)

// String returns the name that logs and pages use.
func (s Step) String() string {
	return [...]string{"full", "thumbnails", "own thumbnails", "half rate"}[s]
}

// Governor chooses the step from load readings. It goes up as soon as packets
// would come late, and down one step at a time; a step down that had to be
// taken back makes the next one wait longer. Not for concurrent use.
type Governor struct {
	Limit float64 // share of the processors that may be used, 0..1; 0 = quality never falls

	step     Step
	changed  time.Time
	calm     time.Time // since when there is room
	lowered  bool      // the last change was a step down
	late     int       // readings in a row with pictures or jobs that were late
	patience time.Duration
}

// The thresholds. A step saves less than the distance between up and down, or
// it would be taken back at once.
const (
	upBelowLimit = 0.02 // of the processors: so far below the limit a step is taken
	downBelow    = 0.69 // of the limit
	// The large picture gives up its frame rate above the limit only: a node
	// is filled up to it, and whoever was admitted keeps his frame rate.
	rateAboveLimit = 0.4  // of what lies above the limit
	skippedAbove   = 0.02 // of the pictures that were due
	// rateSkipped is how many must be skipped before half of all are left out:
	// fewer are the lesser evil.
	rateSkipped = 0.2
	// lateReadings is how often in a row pictures or jobs must be late: opening
	// an encoder may cost the first picture of a conference, which is nothing
	// that less quality would help.
	lateReadings = 2
	// waitAbove is how long jobs may wait for a processor on average: when all
	// work of a tick takes all of its time, half a frame.
	waitAbove     = time.Second / 60
	rateWait      = time.Second / 30 // before the large picture gives up its frame rate
	restBelow     = 0.33             // of the limit: no step down could be wrong
	settle        = time.Second
	patienceLeast = 10 * time.Second
	patienceMost  = 15 * time.Minute
)

// Reading is what was measured since the one before.
type Reading struct {
	Usage   float64       // share of the processors in use, 0..1
	Skipped float64       // share of the pictures that were due and not made in time, 0..1
	Wait    time.Duration // that jobs waited for a processor, on average
}

// overload reports whether more quality must be given up than is already.
func (g *Governor) overload(r Reading) bool {
	up, skipped, wait := g.Limit-upBelowLimit, skippedAbove, waitAbove
	if g.step+1 >= HalfRate {
		up, skipped, wait = g.Limit+(1-g.Limit)*rateAboveLimit, rateSkipped, rateWait
	}
	if g.late++; r.Skipped <= skipped && r.Wait <= wait {
		g.late = 0
	}
	return r.Usage > up || g.late >= lateReadings
}

// Read takes a reading and returns the step that holds from now on.
func (g *Governor) Read(now time.Time, r Reading) Step {
	if g.Limit <= 0 {
		return Full
	}
	if g.patience == 0 {
		g.patience, g.calm = patienceLeast, now
	}
	if r.Usage < restBelow*g.Limit {
		g.patience = patienceLeast
	}
	overload := g.overload(r)
	if overload || r.Usage >= downBelow*g.Limit {
		g.calm = now
	}
	switch {
	case overload && g.step < HalfRate && now.Sub(g.changed) >= settle:
		if g.lowered && now.Sub(g.changed) < 2*g.patience {
			g.patience = min(2*g.patience, patienceMost)
		}
		g.step++
		g.changed, g.lowered = now, false
	case g.step > Full && now.Sub(g.calm) >= g.patience && now.Sub(g.changed) >= g.patience:
		g.step--
		g.changed, g.lowered = now, true
	case g.step == Full && now.Sub(g.changed) > 2*patienceMost:
		g.patience = patienceLeast
	}
	return g.step
}
