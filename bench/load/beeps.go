package load

import (
	"math"

	"parley/bench/clip"
	"parley/codecs"
)

// beeps finds the beeps in a voice. It looks for the beep's frequency in a
// window that slides with every sample, so that it places the beginning of a
// beep equally in equal sounds. The zero value is ready.
type beeps struct {
	phase  int
	window [beepWindow][2]float64
	at     int
	sum    [2]float64
	since  int // samples since the frequency was last there
	begun  bool
}

const (
	beepWindow = codecs.SampleRate / 400 // whole periods of the frequency
	beepHeard  = 0.02                    // amplitude: a third of what is sent
	beepApart  = codecs.SampleRate / 5   // samples of silence before the next one
	beepPeriod = codecs.SampleRate / clip.BeepFreq
)

// find takes samples and returns the index of that at which a beep begins.
func (b *beeps) find(samples []float32) (at int, ok bool) {
	if !b.begun {
		b.begun, b.since = true, beepApart
	}
	for i, v := range samples {
		turn := 2 * math.Pi * float64(b.phase) / beepPeriod
		b.phase = (b.phase + 1) % beepPeriod
		w := &b.window[b.at]
		b.sum[0], b.sum[1] = b.sum[0]-w[0], b.sum[1]-w[1]
		w[0], w[1] = float64(v)*math.Cos(turn), float64(v)*math.Sin(turn)
		b.sum[0], b.sum[1] = b.sum[0]+w[0], b.sum[1]+w[1]
		if b.at++; b.at == beepWindow {
			b.at = 0
			b.sum = [2]float64{} // anew, so that rounding does not add up
			for _, w := range b.window {
				b.sum[0], b.sum[1] = b.sum[0]+w[0], b.sum[1]+w[1]
			}
		}
		if 2*math.Hypot(b.sum[0], b.sum[1])/beepWindow < beepHeard {
			b.since++
			continue
		}
		if b.since >= beepApart && !ok {
			at, ok = i, true
		}
		b.since = 0
	}
	return at, ok
}
