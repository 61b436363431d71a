package load

import "time"

// Step says how much quality is given up. Each step includes those before it.
type Step int32

// The steps, by how little they are noticed.
const (
	Full       Step = iota
	Effort          // encoders search less
	Thumbnails      // thumbnails have half the frame rate
	OwnShown        // with own thumbnail `auto`, receivers on stage see themselves: fewer strips
	HalfRate        // everything has half the frame rate
)

// String returns the name that logs and pages use.
func (s Step) String() string {
	return [...]string{"full", "effort", "thumbnails", "own thumbnails", "half rate"}[s]
}

// Governor chooses the step from load readings. It goes up as soon as packets
// would come late, and down one step at a time; a step down that had to be
// taken back makes the next one wait longer. Not for concurrent use. The zero
// value is ready.
type Governor struct {
	step     Step
	changed  time.Time
	calm     time.Time // since when there is room
	lowered  bool      // the last change was a step down
	patience time.Duration
}

// The thresholds. A step saves less than the distance between up and down, or
// it would be taken back at once.
const (
	upAbove       = 0.88 // of the processors
	downBelow     = 0.62
	skippedAbove  = 0.02 // of the pictures that were due
	settle        = time.Second
	patienceLeast = 10 * time.Second
	patienceMost  = 15 * time.Minute
)

// Reading is what was measured since the one before.
type Reading struct {
	Usage   float64 // share of the processors in use, 0..1
	Skipped float64 // share of the pictures that were due and not made in time, 0..1
}

// Read takes a reading and returns the step that holds from now on.
func (g *Governor) Read(now time.Time, r Reading) Step {
	if g.patience == 0 {
		g.patience, g.calm = patienceLeast, now
	}
	overload := r.Usage > upAbove || r.Skipped > skippedAbove
	if overload || r.Usage >= downBelow {
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
