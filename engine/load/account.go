package load

import (
	"fmt"
	"sync"
	"time"
)

// Account admits participants: what is measured, what was promised to those who
// came since and does not show in the measurement yet, and what one more would
// take must stay within the limit. Safe for concurrent use.
type Account struct {
	cores float64
	limit float64 // of all processors, 0..1

	mu       sync.Mutex
	costs    Costs     // guarded by mu
	usage    float64   // guarded by mu: of all processors, 0..1
	step     Step      // guarded by mu
	promised []promise // guarded by mu
	refused  uint64    // guarded by mu
}

// promise is what somebody admitted will take.
type promise struct {
	at   time.Time
	cost float64 // processors
}

// showsAfter is how long it takes until a participant's work shows in the
// measurement: he joins, comes on stage, and a window passes.
const showsAfter = 4 * time.Second

// NewAccount returns an account of a machine with so many processors, of which
// the share limit may be used; limit 0 admits everybody.
func NewAccount(cores, limit float64) *Account {
	return &Account{cores: cores, limit: limit, costs: Typical}
}

// SetCosts takes what was measured.
func (a *Account) SetCosts(c Costs) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.costs = c
}

// Measured takes a reading of the load.
func (a *Account) Measured(usage float64, step Step) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.usage, a.step = usage, step
}

// NoRoom is the error of a participant who does not fit.
type NoRoom struct {
	Needs, Free float64 // processors
}

// Error implements error.
func (e *NoRoom) Error() string {
	return fmt.Sprintf("the node is at its capacity: %.2f processors needed, %.2f free", e.Needs, max(e.Free, 0))
}

// Admit returns which share the participant will take, in processors, for
// Promise when he really comes; or *NoRoom.
func (a *Account) Admit(j Join, now time.Time) (cost float64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cost = a.costs.Predict(j)
	free := a.free(now)
	if a.limit > 0 && cost > free {
		a.refused++
		return cost, &NoRoom{cost, free}
	}
	return cost, nil
}

// Promise keeps a share for one who has come, until it shows in the measurement.
func (a *Account) Promise(cost float64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.promised = append(a.promised, promise{now, cost})
}

// free returns how many processors are left: those that shedding would give
// count, for nobody is refused whom a cheaper picture would make room for.
func (a *Account) free(now time.Time) float64 {
	kept := a.promised[:0]
	pending := 0.0
	for _, p := range a.promised {
		if now.Sub(p.at) < showsAfter {
			kept = append(kept, p)
			pending += p.cost
		}
	}
	a.promised = kept
	return a.limit*a.cores - (a.usage*a.cores+pending)*(1-Relief(a.step))
}

// State is what an account tells of itself.
type State struct {
	Usage   float64 `json:"usage"` // share of the processors that the program takes, 0..1
	Step    string  `json:"step"`  // of quality that is given up
	Free    float64 `json:"free"`  // processors left for newcomers
	Ports   int     `json:"ports"` // about how many more callers at 720p30 that is, in conferences of eight
	Refused uint64  `json:"refused"`
	Costs   Costs   `json:"costs"`
}

// State returns the state.
func (a *Account) State(now time.Time) State {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := State{Usage: a.usage, Step: a.step.String(), Free: max(a.free(now), 0), Refused: a.refused, Costs: a.costs}
	conference := 0.0
	for n := range typicalParties {
		conference += a.costs.Predict(Join{
			Parties: n, OnStage: typicalParties, Sends: typicalVideo, Takes: typicalVideo, Shares: n > 0,
			OwnHidden: true, Thumbnail: typicalStrip,
		})
	}
	s.Ports = int(s.Free / (conference / typicalParties))
	return s
}

// What State.Ports counts.
const (
	typicalParties = 8
	typicalStrip   = 8.0 / 45
)

var typicalVideo = Video{Width: 1280, Height: 720, FPS: 30}
