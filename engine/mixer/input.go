package mixer

import (
	"math"

	"parley/codecs"
)

const (
	silence = -127.0 // dBov, the least that RFC 6464 can say

	// The smoothed level follows a rise at once and a fall slowly, so that one
	// who speaks keeps his place between words.
	scoreFall = 0.6 // dB per tick: 30 dB/s

	// inaudible is what cannot be heard beside anything, dBov: the last bit of 16.
	inaudible = -90.0

	// An input that was inaudible for so long has no sum of his own: without him
	// the sum is the same, sample for sample. A limiter has forgotten by then what
	// it had to turn down.
	ownTicks = 25

	// candidateMargin is how far below what it takes to be mixed an input is
	// already wanted: levels that are told are whole numbers, of packets.
	candidateMargin = 3.0 // dB

	// edgeSamples is how long a sound that starts or ends from one frame to the
	// next is faded: 5 ms, short enough to leave the first consonant.
	edgeSamples = codecs.FrameSamples / 4
)

// edge is the end of a frame.
type edge = [edgeSamples]float32

// Input is one participant's sound. The engine sets the exported fields before
// every Mix.
type Input struct {
	Frame  [codecs.FrameSamples]float32 // in [-1, 1]
	Active bool                         // Frame holds sound in this tick
	Muted  bool                         // neither mixed nor measured
	// Told is the level in dBov, below 0, of what was not decoded because it is
	// softer than Wanted; 0 = nothing is known. It counts when Active is not set.
	Told float64

	id string

	// Of this tick's frame.
	sounding bool    // active, and the samples are numbers
	sounded  bool    // the same of the tick before, unless it has been inaudible for long
	level    float64 // dBov

	score    float64 // smoothed level, dBov
	idle     int     // ticks without anything audible
	activity activity
	talking  bool

	mixed   bool // among the loudest
	audible bool // was heard up to the end of the last frame
	last    edge // its last 5 ms, while audible

	own     []float32 // the sum without him, nil when he hears the common one
	hadOwn  bool      // own of the tick before
	limiter limiter   // of own
}

// ID returns the label given to Add.
func (in *Input) ID() string { return in.id }

// Own returns the sum of everybody else, one frame, valid until the next Mix,
// when that is another than Common: he is among the mixed, or just leaving them,
// and was audible in the last half second. Else (nil, false): he hears Common.
func (in *Input) Own() ([]float32, bool) { return in.own, in.own != nil }

// Level returns the level of this tick's frame in dBov, -127 to 0, in the sense
// of RFC 6464: a square wave of full scale is 0, a sine of full scale -3. It is
// what was told when the input is not active, and -127 when it is muted.
func (in *Input) Level() float64 { return in.level }

// Talking reports whether he speaks, for indicators: it comes on within 100 ms
// of speech and stays on over the gaps between words.
func (in *Input) Talking() bool { return in.talking }

// Mixed reports whether he is among the loudest, who are in the sum.
func (in *Input) Mixed() bool { return in.mixed }

// measure takes the level of this tick's frame.
func (in *Input) measure() {
	in.sounded = in.sounding && in.idle < ownTicks
	in.sounding, in.level = false, silence
	if !in.Active && !in.Muted && in.Told < 0 {
		in.level = max(silence, in.Told)
	}
	if in.Active {
		// A broken decoder's NaN or infinity would spoil everybody's sound.
		if e := float64(energy(&in.Frame)); !math.IsNaN(e) && !math.IsInf(e, 0) {
			in.sounding = true
			if e > 0 && !in.Muted {
				in.level = min(0, max(silence, 10*math.Log10(e/codecs.FrameSamples)))
			}
		}
	}
	in.score = max(in.level, in.score-scoreFall, silence)
	in.idle++
	if in.sounding && in.level > inaudible {
		in.idle = 0
	}
	in.activity.hear(in.level)
	in.activity.count(silence)
	switch n := in.activity.recent(); {
	case n >= talkingOn:
		in.talking = true
	case n == 0:
		in.talking = false
	}
}

// render returns what he adds to this frame, nil for nothing: the frame itself
// when he is heard before and after, else a faded copy in dst.
func (in *Input) render(dst *frame) *frame {
	was, now := in.audible, in.mixed && in.sounding
	in.audible = now
	sound := &in.Frame
	switch {
	case was && now:
	case now && in.sounded: // chosen or no longer muted while he sounds
		fadeIn(dst, &in.Frame, len(dst))
		sound = dst
	case now: // his sound starts
		fadeIn(dst, &in.Frame, edgeSamples)
		sound = dst
	case !was:
		return nil
	case in.sounding: // displaced or muted
		fadeOut(dst, &in.Frame)
		sound = dst
	default: // his sound is gone
		clear(dst[:])
		addTail(dst[:edgeSamples], &in.last)
		sound = dst
	}
	if now {
		in.last = edge(in.Frame[len(in.Frame)-edgeSamples:])
	}
	return sound
}
