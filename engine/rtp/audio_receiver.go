package rtp

import (
	"slices"
	"sync"
	"time"

	"parley/codecs"
)

// How an AudioReceiver keeps to the delay that its buffer aims at.
const (
	excessTolerance = 10 * time.Millisecond
	excessUrgent    = 60 * time.Millisecond // worth a step at every frame, and at a worse place
	stepSpacing     = 60 * time.Millisecond
	excessSmoothing = 0.08 // share of a new measurement
	goodLikeness    = 0.6  // of the places that a step joins
	declick         = 96   // samples of a fade to and from silence, 2 ms
	popsMax         = 32   // packets for one frame
)

// AudioReceiverCounters tells what an AudioReceiver did.
type AudioReceiverCounters struct {
	AudioCounters
	Concealed uint64        // samples at 48 kHz made up for what was missing
	Removed   uint64        // samples taken out to shorten the delay
	Inserted  uint64        // samples put in to lengthen it
	Corrupt   uint64        // packets that the decoder refused
	Passed    uint64        // packets not decoded because nobody would hear them
	Target    time.Duration // delay aimed at
	Excess    time.Duration // delay above (or below) the target, smoothed
}

// Heard says what a frame of sound is.
type Heard uint8

// The kinds of frames.
const (
	Silence Heard = iota // nothing came, or the sender says that there is no sound
	Sound
	Passed // zeros in place of what was not decoded; its level is known
)

// String returns the kind's name.
func (h Heard) String() string { return [...]string{"silence", "sound", "passed"}[h] }

// AudioReceiver turns the packets of one stream into sound at the engine's own
// pace: jitter buffer, decoder, concealment, and small corrections of the delay.
// Push and Skip may be called from another goroutine than Pull. Pure: the time
// comes with the arguments.
type AudioReceiver struct {
	mu     sync.Mutex // buffer
	buffer *AudioBuffer

	// Of the one who pulls.
	decoder   codecs.AudioDecoder
	clock     int
	sound     []float32 // decoded, not played yet
	excess    float64   // smoothed, nanoseconds
	measured  bool
	lastStep  time.Time
	last      float32 // sample played last
	silent    bool    // the last frame ended in silence
	concealed uint64
	removed   uint64
	inserted  uint64
	corrupt   uint64
	passed    uint64

	levels  levels
	meter   leveller // the decoder, where it can tell levels
	decoded int      // samples of sound up to the last that is not a stand-in
	told    float64  // level of the packet passed over last, dBov
	scratch []float32
}

// NewAudioReceiver returns a receiver for packets of the decoder's codec with
// this RTP clock rate. It does not close the decoder.
func NewAudioReceiver(decoder codecs.AudioDecoder, clock int) *AudioReceiver {
	r := &AudioReceiver{
		buffer: NewAudioBuffer(clock), decoder: decoder, clock: clock, silent: true,
		sound: make([]float32, 0, 4*codecs.FrameSamples),
	}
	r.meter, _ = decoder.(leveller)
	r.buffer.UseFEC(clock == codecs.SampleRate) // Opus has it, the codecs of 8 kHz have not
	return r
}

// Push takes one packet of sound and copies it.
func (r *AudioReceiver) Push(p Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buffer.Push(p, 0) // its length is known when it has been decoded
}

// Skip takes a packet of the same stream that carries no sound, such as a
// telephone event, so that it does not count as lost.
func (r *AudioReceiver) Skip(p Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buffer.Skip(p)
}

// Counters returns what was done so far. It belongs to the one who pulls.
func (r *AudioReceiver) Counters() AudioReceiverCounters {
	r.mu.Lock()
	defer r.mu.Unlock()
	return AudioReceiverCounters{
		AudioCounters: r.buffer.Counters(), Target: r.buffer.Target(),
		Concealed: r.concealed, Removed: r.removed, Inserted: r.inserted, Corrupt: r.corrupt,
		Excess: time.Duration(r.excess), Passed: r.passed,
	}
}

// Want says how loud a packet must be to be decoded, dBov, from the next Pull
// on: softer ones are passed over where their level is known, by what the sender
// tells (RFC 6464) or from the codec itself. A level below -127 wants all, and so
// it is at first.
func (r *AudioReceiver) Want(least float64) { r.levels.asked, r.levels.least = least > -127, least }

// Level returns the level of the last frame when it is Passed, dBov.
func (r *AudioReceiver) Level() float64 { return r.told }

// Pull fills dst (at codecs.SampleRate; one frame of 20 ms) with what is to be
// played now.
func (r *AudioReceiver) Pull(dst []float32, now time.Time) Heard {
	r.fill(len(dst), now)
	if r.correct(now) {
		r.fill(len(dst), now)
	}
	n := copy(dst, r.sound)
	r.sound = r.sound[:copy(r.sound, r.sound[n:])]
	decoded := min(r.decoded, n)
	r.decoded -= decoded
	fades := !r.silent && r.last != 0 // what was played before ends in this frame
	r.smooth(dst, decoded)
	switch {
	case decoded > 0, fades && n > 0:
		return Sound
	case n > 0 && r.told > -127:
		return Passed
	}
	return Silence
}

// fill decodes until need samples are there or nothing is due.
func (r *AudioReceiver) fill(need int, now time.Time) {
	for range popsMax {
		if len(r.sound) >= need {
			return
		}
		r.mu.Lock()
		p := r.buffer.Pop(now)
		r.mu.Unlock()
		switch p.Kind {
		case Empty:
			return
		case Lost:
			r.conceal(p.Next, p.Samples*codecs.SampleRate/r.clock)
		case Normal:
			before := len(r.sound)
			r.take(p)
			r.mu.Lock()
			r.buffer.settle(int64(len(r.sound)-before) * int64(r.clock) / codecs.SampleRate)
			r.mu.Unlock()
		}
	}
}

// take puts a packet's sound behind what is there, or a stand-in when nobody
// would hear it.
func (r *AudioReceiver) take(p Popped) {
	told, sure := r.level(p)
	none := told <= -127 && sure
	if none || r.levels.asked && told < 0 {
		if samples := r.decoder.Duration(p.Payload); samples > 0 && (none || r.levels.pass(told, sure, samples)) {
			r.pass(p.Payload, samples, told, none)
			return
		}
	}
	before := len(r.sound)
	if r.levels.count > 0 {
		r.scratch = r.levels.warmUp(r.decoder, r.scratch)
	}
	var err error
	if r.sound, err = r.decoder.Decode(r.sound, p.Payload); err != nil {
		r.corrupt++
		r.sound = r.sound[:before]
		r.conceal(nil, codecs.FrameSamples)
		return
	}
	if p.Level != NoAudioLevel && !sure {
		r.levels.compare(told, r.sound[before:])
	}
	r.join(before)
}

// pass puts a stand-in for a packet that is not decoded behind what is there.
func (r *AudioReceiver) pass(packet []byte, samples int, told float64, none bool) {
	r.told = told
	r.passed++
	if none {
		r.levels.forget()
	} else {
		r.levels.keep(packet)
	}
	r.standIn(samples)
}

// level returns the level of a packet in dBov, 0 = not known, and whether it is
// sure: not only what the sender tells.
func (r *AudioReceiver) level(p Popped) (level float64, sure bool) {
	switch {
	case r.meter != nil:
		return r.meter.Level(p.Payload), true
	case r.clock == codecs.SampleRate && len(p.Payload) <= levelDTX:
		return -127, true
	case p.Level != NoAudioLevel:
		return -float64(p.Level), false
	}
	return 0, false
}

// standIn puts zeros in place of sound that is not decoded.
func (r *AudioReceiver) standIn(samples int) {
	n := len(r.sound)
	if n > 0 && n == r.decoded {
		for i := range min(n, declick) {
			r.sound[n-1-i] *= float32(i) / declick
		}
	}
	r.sound = slices.Grow(r.sound, samples)[:n+samples]
	clear(r.sound[n:])
}

// join ends a row of stand-ins with what now lies behind them, from before on.
func (r *AudioReceiver) join(before int) {
	if before > r.decoded {
		for i := range min(len(r.sound)-before, declick) {
			r.sound[before+i] *= float32(i) / declick
		}
	}
	r.decoded = len(r.sound)
}

// conceal makes up for missing samples. Of a sound that is not decoded there is
// nothing to make up.
func (r *AudioReceiver) conceal(next []byte, samples int) {
	if r.levels.count > 0 {
		r.standIn(samples)
		return
	}
	before := len(r.sound)
	var err error
	if r.sound, err = r.decoder.Recover(r.sound, next, samples); err != nil {
		r.sound = r.sound[:before]
	}
	for len(r.sound) < before+samples {
		r.sound = append(r.sound, 0)
	}
	r.concealed += uint64(samples)
	r.join(before)
}

// correct moves the delay a little towards its target where that is not heard:
// in quiet, or where the sound repeats itself. It reports whether it did.
func (r *AudioReceiver) correct(now time.Time) bool {
	held := time.Duration(len(r.sound)) * time.Second / codecs.SampleRate
	r.mu.Lock()
	excess, ok := r.buffer.Excess(now, held)
	r.mu.Unlock()
	if !ok || len(r.sound) == 0 {
		r.measured = false
		return false
	}
	if !r.measured {
		r.measured, r.excess = true, float64(excess)
	}
	r.excess += (float64(excess) - r.excess) * excessSmoothing
	off := time.Duration(r.excess).Abs()
	if off <= excessTolerance || len(r.sound) < stretchMin {
		return false
	}
	if off < excessUrgent && now.Sub(r.lastStep) < stepSpacing {
		return false
	}
	lag := lagMax
	if !isQuiet(r.sound[:stretchMin]) {
		var likeness float64
		if lag, likeness = bestLag(r.sound); likeness < goodLikeness && off < excessUrgent {
			return false
		}
	}
	r.lastStep = now
	step := float64(lag) * float64(time.Second) / codecs.SampleRate
	if r.excess > 0 {
		r.sound = shorten(r.sound, lag)
		r.decoded = max(r.decoded-lag, 0)
		r.removed += uint64(lag)
		r.excess -= step
	} else {
		r.sound = lengthen(r.sound, lag)
		if r.decoded > 0 {
			r.decoded += lag
		}
		r.inserted += uint64(lag)
		r.excess += step
	}
	return true
}

// smooth fills dst after its first n samples with silence, and takes the clicks
// off the joins of sound and silence.
func (r *AudioReceiver) smooth(dst []float32, n int) {
	if r.silent && n > 0 {
		for i := range min(n, declick) {
			dst[i] *= float32(i) / declick
		}
	}
	clear(dst[n:])
	if n < len(dst) && !r.silent {
		last := r.last
		if n > 0 {
			last = dst[n-1]
		}
		for i := range min(len(dst)-n, declick) {
			dst[n+i] = last * float32(declick-i) / declick
		}
	}
	r.silent = n < len(dst)
	r.last = dst[len(dst)-1]
}
