package load

import (
	"fmt"
	"sync"
	"time"
)

// Account admits participants: what is measured, what was promised to those who
// came since and does not show in the measurement yet, and what one more would
// take must stay within the limit, all of it at the step OwnShown: nobody is
// refused whom cheaper pictures make room for, unless that takes from the frame
// rate. Safe for concurrent use.
type Account struct {
	cores float64
	limit float64 // of all processors, 0..1

	mu       sync.Mutex
	costs    Costs     // guarded by mu
	mix      Mix       // guarded by mu
	usage    float64   // guarded by mu: of all processors, 0..1
	step     Step      // guarded by mu
	spared   int       // guarded by mu: see Measured
	promised []promise // guarded by mu
	refused  uint64    // guarded by mu
}

// promise is what somebody admitted will take.
type promise struct {
	at   time.Time
	cost float64 // processors, at OwnShown
}

// saturated is the usage from which on a reading tells no more how much is wanted.
const saturated = 0.97

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

// Measured takes a reading: which share of the processors the program takes,
// what for, the step that holds, and how many senders who are seen send less
// than they may: what that saves is not free, as they may send all again.
func (a *Account) Measured(usage float64, m Mix, step Step, spared int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.usage, a.mix, a.step, a.spared = usage, m, step, spared
}

// sparedShare is how much of decoding a picture is saved where it is sent small.
const sparedShare = 0.75

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
	cost = a.costs.Predict(j, OwnShown)
	free := a.free(now)
	if a.limit > 0 && cost > free {
		a.refused++
		return cost, &NoRoom{cost, free}
	}
	return cost, nil
}

// AdmitChange is Admit for one who is there already, as from, and will be to. What
// adds nothing always fits. It is not counted as refused: he stays.
func (a *Account) AdmitChange(from, to Join, now time.Time) (cost float64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cost = max(a.costs.Predict(to, OwnShown)-a.costs.Predict(from, OwnShown), 0)
	if free := a.free(now); a.limit > 0 && cost > max(free, 0) {
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

// free returns how many processors would be left at OwnShown. There are none
// while the machine is saturated, which hides how much is wanted, and while
// those who are there have half their frame rate already.
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
	if a.step >= HalfRate || a.usage > saturated {
		return 0
	}
	limit := a.limit
	if limit <= 0 {
		limit = 1
	}
	back := float64(a.spared) * sparedShare * a.costs.DecodeSmall * typicalVideo.rate() * (1 + overhead)
	return limit*a.cores - back - a.usage*a.cores*(1-a.mix.Relief(a.step)) - pending
}

// State is what an account tells of itself.
type State struct {
	Usage   float64 `json:"usage"` // share of the processors that the program takes, 0..1
	Step    string  `json:"step"`  // of quality that is given up
	Free    float64 `json:"free"`  // processors left for newcomers, once quality has made room
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
			OwnHidden: true, OwnAuto: true, Thumbnail: typicalStrip,
		}, OwnShown)
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
