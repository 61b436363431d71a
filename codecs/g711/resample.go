package g711

import "math"

// filterTaps is the length of the filters at the higher rate: a delay of 1.5 ms
// at 48 kHz each way and a transition of 1.2 kHz.
const filterTaps = 144

// kaiserBeta gives the stop band of the filters some 60 dB.
const kaiserBeta = 5.65

// lowPass returns a windowed-sinc low pass with gain 1 and half amplitude at
// cutoff, as a fraction of the sampling rate.
func lowPass(taps int, cutoff float64) []float64 {
	h := make([]float64, taps)
	sum := 0.0
	for i := range h {
		x := float64(i) - float64(taps-1)/2
		sinc := 2 * cutoff
		if x != 0 {
			sinc = math.Sin(2*math.Pi*cutoff*x) / (math.Pi * x)
		}
		r := 2 * x / float64(taps-1)
		h[i] = sinc * bessel0(kaiserBeta*math.Sqrt(max(0, 1-r*r)))
		sum += h[i]
	}
	for i := range h {
		h[i] /= sum
	}
	return h
}

// bessel0 is the modified Bessel function of the first kind and order zero.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

// Decimator lowers a sampling rate by a whole factor. It is a stream: calls go
// on where the last one ended.
type Decimator struct {
	factor int
	taps   []float32
	input  []float32 // the last len(taps)-1 or more samples
}

// NewDecimator returns a decimator from 48 kHz by the factor that keeps what
// lies below about cutoff, in Hz.
func NewDecimator(factor int, cutoff float64) *Decimator {
	d := &Decimator{factor: factor, taps: make([]float32, filterTaps)}
	for i, v := range lowPass(filterTaps, cutoff/48000) {
		d.taps[i] = float32(v)
	}
	// So much silence comes first that the first full group gives a sample.
	d.input = make([]float32, filterTaps-factor, 4*filterTaps+4096)
	return d
}

// Append appends the samples at the lower rate to dst. Samples that do not fill
// a group of the factor wait for the next call.
func (d *Decimator) Append(dst, samples []float32) []float32 {
	d.input = append(d.input, samples...)
	at := 0
	for ; at+len(d.taps) <= len(d.input); at += d.factor {
		dst = append(dst, dot(d.taps, d.input[at:at+len(d.taps)]))
	}
	d.input = d.input[:copy(d.input, d.input[at:])]
	return dst
}

// Interpolator raises a sampling rate by a whole factor, as a stream.
type Interpolator struct {
	phases [][]float32 // one filter for each output sample of a group
	input  []float32
}

// NewInterpolator returns an interpolator to 48 kHz by the factor that keeps
// what lies below about cutoff, in Hz.
func NewInterpolator(factor int, cutoff float64) *Interpolator {
	n := filterTaps / factor
	in := &Interpolator{phases: make([][]float32, factor), input: make([]float32, n-1, 4*filterTaps+4096)}
	h := lowPass(n*factor, cutoff/48000)
	for p := range in.phases {
		in.phases[p] = make([]float32, n)
		for i := range n {
			// the newest input sample is last
			in.phases[p][n-1-i] = float32(h[p+i*factor] * float64(factor))
		}
	}
	return in
}

// Append appends len(samples) times the factor of samples to dst.
func (in *Interpolator) Append(dst, samples []float32) []float32 {
	in.input = append(in.input, samples...)
	n := len(in.phases[0])
	at := 0
	for ; at+n <= len(in.input); at++ {
		window := in.input[at : at+n]
		for _, phase := range in.phases {
			dst = append(dst, dot(phase, window))
		}
	}
	in.input = in.input[:copy(in.input, in.input[at:])]
	return dst
}

// dot multiplies two vectors of equal length, a multiple of four, in four sums
// that do not wait for each other.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return (s0 + s1) + (s2 + s3)
}
