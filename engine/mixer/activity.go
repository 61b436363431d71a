package mixer

import "math/bits"

// activity tells speech from background in one input's levels, one per tick of
// 20 ms, and remembers it for a second.
//
// A tick is active when its level stands out of the noise floor: the least level
// of the last 400 ms. Speech dips between syllables in that time, a fan or a hum
// is its own floor. The floor is capped, so that a steady sound
// louder than the cap (a test tone) counts as speech for as long as it sounds.
type activity struct {
	ring [floorTicks]float64 // levels that tell about the floor, dBov
	next int
	used int
	gone int // ticks since the last audible one

	ticks  uint64 // bit 0: the last tick is active, bit 1: the one before
	blocks uint64 // the same of the medium scale

	level float64 // of the last tick
	peak  float64 // level that falls slowly
	least float64 // threshold of the last tick
}

const (
	floorTicks = 20    // 400 ms
	margin     = 8.0   // dB above the floor
	capLevel   = -35.0 // dBov: what is louder is always active
	minLevel   = -55.0 // dBov: what is softer never is
	absent     = -90.0 // dBov: no sound at all
	gapTicks   = 3     // that are not just lost packets
	peakFall   = 1.0   // dB per tick

	mediumTicks = 15 // 300 ms
	mediumOn    = 6  // active ticks of these that make the medium scale active
	longTicks   = 40 // 800 ms

	loudnessStep  = 3.0 // dB
	loudnessSteps = 10

	talkingOn = 4 // active ticks of the medium scale that light an indicator
)

// hear takes the level of one tick, dBov. count must follow.
func (a *activity) hear(level float64) {
	// A lost packet says nothing about the floor, a gap does: some senders send
	// digital silence, or nothing, between words.
	if a.gone++; level > absent {
		a.gone = 0
	}
	if a.gone == 0 || a.gone >= gapTicks {
		a.ring[a.next] = max(level, absent)
		a.next = (a.next + 1) % floorTicks
		a.used = min(a.used+1, floorTicks)
	}
	a.level = level
	a.peak = max(level, a.peak-peakFall, silence)
	a.least = a.threshold()
}

// count decides whether the tick is active. The peak must not be below gate.
func (a *activity) count(gate float64) {
	a.ticks <<= 1
	if a.level >= a.least && a.peak >= gate {
		a.ticks |= 1
	}
	a.blocks <<= 1
	if a.recent() >= mediumOn {
		a.blocks |= 1
	}
}

// threshold returns the least level that counts as speech now.
func (a *activity) threshold() float64 {
	floor := capLevel
	for _, l := range a.ring[:a.used] {
		floor = min(floor, l)
	}
	return max(minLevel, min(floor+margin, capLevel))
}

// loudness returns by how many steps of 3 dB the peak stands out now.
func (a *activity) loudness() int {
	return max(0, min(int((a.peak-a.least)/loudnessStep), loudnessSteps))
}

// quiet reports whether none of the last n ticks is active.
func (a *activity) quiet(n int) bool { return a.ticks&(1<<n-1) == 0 }

// recent returns the number of active ticks in the medium scale.
func (a *activity) recent() int {
	return bits.OnesCount64(a.ticks & (1<<mediumTicks - 1))
}

// lasting returns the number of active ticks of the medium scale in the long scale.
func (a *activity) lasting() int {
	return bits.OnesCount64(a.blocks & (1<<longTicks - 1))
}
