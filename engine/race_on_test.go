//go:build race

package engine

// raceEnabled: under the race detector all takes ten times as long, and reports by
// the clock fall into every mix, so that allocations are not counted.
const raceEnabled = true
