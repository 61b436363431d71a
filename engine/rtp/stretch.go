package rtp

import "math"

// Sizes of the steps by which sound is shortened and lengthened, samples at
// 48 kHz. The smallest lag is not below the fade, so that a fade never reads
// what it has written.
const (
	fadeSamples = 240 // 5 ms
	lagMin      = 240 // 5 ms: one period of a 200 Hz voice, two of a 400 Hz one
	lagMax      = 480 // 10 ms
	stretchMin  = lagMax + fadeSamples
)

// quietRMS is the level below which a cut cannot be heard: -50 dB of full scale.
const quietRMS = 0.00316

// isQuiet reports whether the sound is below quietRMS.
func isQuiet(x []float32) bool {
	var sum float64
	for _, s := range x {
		sum += float64(s) * float64(s)
	}
	return sum <= quietRMS*quietRMS*float64(len(x))
}

// bestLag returns the lag at which the sound repeats itself best, and how well
// (normalised correlation, 1 = exactly). x holds at least stretchMin samples.
func bestLag(x []float32) (lag int, likeness float64) {
	lag, likeness = lagMin, -1
	for l := lagMin; l <= lagMax; l += 4 {
		var dot, a, b float64
		for i := 0; i < fadeSamples; i += 2 {
			p, q := float64(x[i]), float64(x[l+i])
			dot += p * q
			a += p * p
			b += q * q
		}
		if c := dot / (math.Sqrt(a*b) + 1e-9); c > likeness {
			lag, likeness = l, c
		}
	}
	return lag, likeness
}

// shorten takes lag samples out near the beginning of x, in place.
func shorten(x []float32, lag int) []float32 {
	for i := range fadeSamples {
		w := float32(i) / fadeSamples
		x[i] += (x[lag+i] - x[i]) * w
	}
	n := copy(x[fadeSamples:], x[fadeSamples+lag:])
	return x[:fadeSamples+n]
}

// lengthen repeats lag samples near the beginning of x, in place when it has room.
func lengthen(x []float32, lag int) []float32 {
	n := len(x)
	for range lag {
		x = append(x, 0)
	}
	copy(x[lag+fadeSamples:], x[fadeSamples:n])
	for i := range fadeSamples {
		w := float32(i) / fadeSamples
		x[lag+i] += (x[i] - x[lag+i]) * w
	}
	return x
}
