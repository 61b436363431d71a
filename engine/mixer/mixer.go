// Package mixer mixes the sound of one conference and finds its dominant
// speaker. It has no clock and no goroutine: the conference calls Mix and Tick
// every 20 ms. It imports only codecs and nothing in it is safe for concurrent
// use.
package mixer

import (
	"slices"

	"parley/codecs"
)

const (
	maxMixed = 3 // inputs mixed at a time

	// maxParts is the number of sounds that can be in one frame: those who are
	// mixed, those who fade out, and what is left of those removed.
	maxParts = 2*maxMixed + 1

	// An input takes the place of a mixed one when it is this much louder. Speech
	// at equal level never gets so far apart in the smoothed level.
	displaceMargin = 6.0 // dB

	// idleTicks without sound end an input's place among the mixed: longer than
	// the pauses of discontinuous transmission.
	idleTicks = 100
)

// frame is 20 ms of sound.
type frame = [codecs.FrameSamples]float32

// Mixer mixes one conference's sound, 20 ms a Mix, mono float32 at 48 kHz: the
// sum of the loudest three inputs, and for each of these the sum of the others.
// An input that enters or leaves the sum is faded over 20 ms. Silence needs no
// place: nobody is mixed who is not heard, and one who falls silent keeps his
// place for a while, but hears the common sum, which is the same then.
type Mixer struct {
	inputs []*Input
	mixed  [maxMixed]*Input // a prefix of it, see count
	count  int

	// The frame at hand.
	common        frame
	commonLimiter limiter
	parts         [maxParts]part
	partCount     int
	scratch       [maxParts]frame // parts that are not a Frame as it came
	own           [maxParts]frame

	tail     edge // what is left of removed inputs
	haveTail bool
}

// part is what one input adds to the frame at hand.
type part struct {
	in    *Input // nil: of removed inputs
	sound *frame // nil: silence
}

// New returns a mixer without inputs.
func New() *Mixer {
	return &Mixer{commonLimiter: limiter{gain: 1}}
}

// Add adds an input that is not active. The id is only a label.
func (m *Mixer) Add(id string) *Input {
	in := &Input{id: id, score: silence, level: silence, limiter: limiter{gain: 1}}
	m.inputs = append(m.inputs, in)
	return in
}

// Remove removes an input. If it was audible the next Mix still holds its last
// sound, faded out within 5 ms.
func (m *Mixer) Remove(in *Input) {
	i := slices.Index(m.inputs, in)
	if i < 0 {
		return
	}
	m.inputs = slices.Delete(m.inputs, i, i+1)
	if in.audible {
		addTail(m.tail[:], &in.last)
		m.haveTail = true
	}
	in.mixed, in.audible, in.own = false, false, nil
	m.drop()
}

// Common returns what everybody hears who is not among the mixed: the whole
// sum, one frame, valid until the next Mix.
func (m *Mixer) Common() []float32 { return m.common[:] }

// Mix makes the sums of this tick from the frames of the active inputs. It
// reads Frame, Active and Muted of every input and does not change them.
func (m *Mixer) Mix() {
	for _, in := range m.inputs {
		in.measure()
	}
	m.choose()
	m.collect()
	parts := m.parts[:m.partCount]

	before := m.commonLimiter.gain
	sum(&m.common, parts, nil)
	m.commonLimiter.limit(&m.common)
	for i, p := range parts {
		if p.in == nil {
			continue
		}
		if !p.in.hadOwn { // he heard the common sum until now
			p.in.limiter.gain = before
		}
		dst := &m.own[i]
		sum(dst, parts, p.in)
		p.in.limiter.limit(dst)
		if !p.in.mixed || p.in.idle == ownTicks-1 { // he will hear the common sum from now on
			p.in.limiter.land(dst, m.commonLimiter.gain)
		}
		p.in.own = dst[:]
	}
	for _, in := range m.inputs {
		in.hadOwn = in.own != nil
	}
}

// Wanted returns the least level, dBov, with which an input's next frame would
// be heard: it needs to be decoded only from there on. Below silence means that
// it is needed in any case.
func (m *Mixer) Wanted(in *Input) float64 {
	switch {
	case in.mixed || in.audible:
		return silence - 1
	case m.count < maxMixed:
		return inaudible
	}
	return m.weakest().score + displaceMargin - candidateMargin
}

// drop takes those out of the mixed who lost their place.
func (m *Mixer) drop() {
	kept := 0
	for _, in := range m.mixed[:m.count] {
		if in.mixed {
			m.mixed[kept] = in
			kept++
		}
	}
	clear(m.mixed[kept:])
	m.count = kept
}

// choose decides who is mixed in this tick.
func (m *Mixer) choose() {
	for _, in := range m.mixed[:m.count] {
		in.mixed = !in.Muted && in.idle < idleTicks
	}
	m.drop()
	for {
		best := m.loudest()
		if best == nil {
			return
		}
		if m.count < maxMixed {
			best.mixed = true
			m.mixed[m.count] = best
			m.count++
			continue
		}
		if weakest := m.weakest(); best.score > weakest.score+displaceMargin {
			weakest.mixed, best.mixed = false, true
			m.mixed[slices.Index(m.mixed[:], weakest)] = best
		}
		return // one change a tick is enough
	}
}

// weakest returns the softest of the mixed; there are some.
func (m *Mixer) weakest() *Input {
	weakest := m.mixed[0]
	for _, in := range m.mixed[1:m.count] {
		if in.score < weakest.score {
			weakest = in
		}
	}
	return weakest
}

// loudest returns the loudest input that could be mixed and is not, or nil.
func (m *Mixer) loudest() *Input {
	var best *Input
	for _, in := range m.inputs {
		if in.sounding && in.level > inaudible && !in.mixed && !in.Muted && (best == nil || in.score > best.score) {
			best = in
		}
	}
	return best
}

// collect gathers what is heard in this tick, with its fades.
func (m *Mixer) collect() {
	m.partCount = 0
	for _, in := range m.inputs {
		in.own = nil
		if in.idle >= ownTicks {
			in.audible = false
		}
		if !in.audible && (!in.mixed || in.idle >= ownTicks) {
			continue
		}
		m.parts[m.partCount] = part{in, in.render(&m.scratch[m.partCount])}
		m.partCount++
	}
	if m.haveTail {
		dst := &m.scratch[m.partCount]
		copy(dst[:], m.tail[:])
		clear(dst[len(m.tail):])
		clear(m.tail[:])
		m.haveTail = false
		m.parts[m.partCount] = part{sound: dst}
		m.partCount++
	}
}
