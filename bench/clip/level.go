package clip

import (
	"math"

	"parley/codecs"
)

// Quiet is what the level functions return for no sound at all (RFC 6465: -127 dBov).
const Quiet = -127.0

// Goertzel returns the level of one frequency (Hz) in the samples
// (codecs.SampleRate) in dBov: a sine of full scale is -3. Its bandwidth is
// about 2 Hz divided by the seconds of sound given (Hann window).
func Goertzel(samples []float32, freq float64) float64 {
	n := len(samples)
	if n == 0 {
		return Quiet
	}
	w := 2 * math.Pi * freq / codecs.SampleRate
	coeff := 2 * math.Cos(w)
	step := 2 * math.Pi / float64(n)
	var s1, s2, gain float64
	for i, v := range samples {
		hann := 0.5 - 0.5*math.Cos(step*(float64(i)+0.5))
		gain += hann
		s1, s2 = float64(v)*hann+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	amplitude := 2 * math.Sqrt(max(power, 0)) / gain
	return dBov(amplitude / math.Sqrt2)
}

// Level returns the level of the whole sound in dBov.
func Level(samples []float32) float64 {
	var sum float64
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	if len(samples) == 0 {
		return Quiet
	}
	return dBov(math.Sqrt(sum / float64(len(samples))))
}

func dBov(rms float64) float64 {
	if rms <= 0 {
		return Quiet
	}
	return max(Quiet, 20*math.Log10(rms))
}
