package mixer

import (
	"math"
	"slices"
)

// Detector finds the dominant speaker from the levels of all inputs, after the
// idea of I. Volfin and I. Cohen, "Dominant speaker identification for
// multipoint videoconferencing", Computer Speech & Language 27 (2013): every
// input is scored on three time scales by the log likelihood that it is speech
// and not a transient or noise, and a challenger must beat the dominant speaker
// on all three. The immediate scale (how far the level stands out now) finds
// who speaks at this moment, the medium one (300 ms) passes over the gaps
// between syllables, the long one (800 ms) passes over a cough.
//
// It counts ticks of 20 ms and has no clock, so that it always decides the same
// from the same levels.
type Detector struct {
	voices []*voice // in order of Add
	byID   map[string]*voice

	speaker  *voice
	reported string
	past     []*voice // earlier speakers, the latest last
	held     int      // ticks since the last change
	tick     int

	immediate, medium, long scale
}

type voice struct {
	id    string
	level float64 // since the last tick
	activity
}

const (
	decisionTicks = 3   // 60 ms between decisions, once somebody has the floor
	holdTicks     = 100 // 2 s: how long a speaker keeps the floor at least
	silentTicks   = 36  // 720 ms without activity end that time

	// How much more likely speech the challenger must be than the speaker.
	immediateLead = 0.0
	mediumLead    = 12.0 // six active ticks more
	longLead      = 30.0 // twelve active ticks more

	// One whose peaks are this much softer than the loudest is not active beside
	// him: he hums, or a microphone picks up his neighbour.
	gateDepth = 18.0 // dB
)

// scale scores a count of active parts out of n: the log of how much likelier it
// is under speech than without, the parts taken as independent.
type scale struct {
	n         int
	hit, miss float64
}

// newScale returns the scale of n parts, each active with probability speech
// when there is speech, and with probability noise when there is none.
func newScale(n int, speech, noise float64) scale {
	return scale{n, math.Log(speech / noise), math.Log((1 - speech) / (1 - noise))}
}

func (s scale) score(active int) float64 {
	return float64(active)*s.hit + float64(s.n-active)*s.miss
}

// NewDetector returns a detector without inputs.
func NewDetector() *Detector {
	return &Detector{
		byID:      map[string]*voice{},
		immediate: newScale(loudnessSteps, 0.6, 0.2),
		medium:    newScale(mediumTicks, 0.6, 0.15), // speech from 6 of 15 on
		long:      newScale(longTicks, 0.9, 0.4),    // speech from 28 of 40 on
	}
}

// Add adds an input. One that is there already stays as it is.
func (d *Detector) Add(id string) {
	if d.byID[id] != nil {
		return
	}
	v := &voice{id: id, level: silence}
	v.peak = silence
	d.byID[id] = v
	d.voices = append(d.voices, v)
}

// Remove removes an input. When it is the speaker's, the previous speaker gets
// the floor back, and loses it to anybody who speaks.
func (d *Detector) Remove(id string) {
	v := d.byID[id]
	if v == nil {
		return
	}
	is := func(o *voice) bool { return o == v }
	delete(d.byID, id)
	d.voices = slices.DeleteFunc(d.voices, is)
	d.past = slices.DeleteFunc(d.past, is)
	if d.speaker != v {
		return
	}
	d.speaker, d.held = nil, holdTicks
	if n := len(d.past); n > 0 {
		d.speaker = d.past[n-1]
		d.past = slices.Delete(d.past, n-1, n)
	}
}

// Level tells the level of an input in this tick, dBov (-127 to 0). Without it
// the input is silent in the tick. Unknown ids are ignored.
func (d *Detector) Level(id string, dBov float64) {
	if v := d.byID[id]; v != nil && dBov >= silence { // not NaN
		v.level = min(dBov, 0)
	}
}

// Tick ends a tick of 20 ms. It returns the dominant speaker, "" when nobody
// who is there has ever spoken, and whether he is another than the tick before.
func (d *Detector) Tick() (speaker string, changed bool) {
	gate := silence
	for _, v := range d.voices {
		v.hear(v.level)
		v.level = silence
		gate = max(gate, v.peak-gateDepth)
	}
	for _, v := range d.voices {
		v.count(gate)
	}
	d.held++
	d.tick++
	if d.speaker == nil || d.tick%decisionTicks == 0 {
		if v := d.challenger(); v != nil {
			d.change(v)
		}
	}
	if d.speaker != nil {
		speaker = d.speaker.id
	}
	changed = speaker != d.reported
	d.reported = speaker
	return speaker, changed
}

// challenger returns who takes the floor now, or nil.
func (d *Detector) challenger() *voice {
	var best *voice
	var bestScore float64
	s := d.speaker
	if s != nil && d.held < holdTicks && !s.quiet(silentTicks) {
		return nil
	}
	for _, v := range d.voices {
		if v == s {
			continue
		}
		medium, long := d.medium.score(v.recent()), d.long.score(v.lasting())
		switch {
		case s == nil && (medium <= 0 || v.peak < capLevel && long <= 0):
			continue // a soft one must last: a fan that starts is its own floor soon
		case s != nil && (long <= 0 ||
			d.immediate.score(v.loudness())-d.immediate.score(s.loudness()) <= immediateLead ||
			medium-d.medium.score(s.recent()) <= mediumLead ||
			long-d.long.score(s.lasting()) <= longLead):
			continue
		}
		if best == nil || medium+long > bestScore {
			best, bestScore = v, medium+long
		}
	}
	return best
}

// change gives v the floor.
func (d *Detector) change(v *voice) {
	d.past = slices.DeleteFunc(d.past, func(o *voice) bool { return o == v })
	if d.speaker != nil {
		d.past = append(d.past, d.speaker)
	}
	d.speaker, d.held = v, 0
}
