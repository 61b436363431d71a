//go:build race

package rtp

// raceEnabled: under the race detector pools drop what is put into them, so
// allocations are not counted.
const raceEnabled = true
