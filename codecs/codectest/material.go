package codectest

import (
	"math"

	"parley/codecs"
)

// Scene draws picture n of a moving scene into p: a sloping background that
// drifts, fine texture, and a bright square that travels.
func Scene(p *codecs.Picture, n int) {
	side := min(p.Width, p.Height) / 4 &^ 1
	left := 2 * n % max(p.Width-side, 1)
	top := n % max(p.Height-side, 1)
	for y := range p.Height {
		row := p.Y[y*p.StrideY:][:p.Width]
		for x := range row {
			v := 48 + 128*(x+y+n)/(p.Width+p.Height+256) + (x^y)&7
			if x >= left && x < left+side && y >= top && y < top+side {
				v = 200
			}
			row[x] = byte(v)
		}
	}
	for y := range p.Height / 2 {
		u, v := p.U[y*p.StrideUV:][:p.Width/2], p.V[y*p.StrideUV:][:p.Width/2]
		for x := range u {
			u[x] = byte(96 + 64*x/p.Width)
			v[x] = byte(160 - 64*y/p.Height)
		}
	}
}

// PSNR returns the peak signal to noise ratio of the luma of two pictures of
// one size, in dB; 0 if the sizes differ.
func PSNR(a, b *codecs.Picture) float64 {
	if a.Width != b.Width || a.Height != b.Height {
		return 0
	}
	sum := 0
	for y := range a.Height {
		ra, rb := a.Y[y*a.StrideY:][:a.Width], b.Y[y*b.StrideY:][:a.Width]
		for x := range ra {
			d := int(ra[x]) - int(rb[x])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255/(float64(sum)/float64(a.Width*a.Height)+1e-9))
}

// Tone is an endless sine.
type Tone struct {
	Frequency float64 // Hz
	Amplitude float64
	at        int
}

// Next fills frame with the next samples at 48 kHz.
func (t *Tone) Next(frame []float32) {
	for i := range frame {
		frame[i] = float32(t.Amplitude * math.Sin(2*math.Pi*t.Frequency*float64(t.at)/codecs.SampleRate))
		t.at++
	}
}

// Voice is an endless vowel: harmonics of a pitch that sways around 140 Hz.
type Voice struct {
	at    int
	phase float64
}

// Next fills frame with the next samples at 48 kHz.
func (v *Voice) Next(frame []float32) {
	for i := range frame {
		seconds := float64(v.at) / codecs.SampleRate
		v.phase += 2 * math.Pi * (140 + 8*math.Sin(2*math.Pi*1.5*seconds)) / codecs.SampleRate
		v.at++
		sum := 0.0
		for k := 1.0; k <= 12; k++ {
			sum += math.Sin(k*v.phase) / k
		}
		frame[i] = float32(0.2 * sum)
	}
}

// SNR returns how far want stands above the difference of got from it, in dB.
func SNR(got, want []float32) float64 {
	n := min(len(got), len(want))
	difference := make([]float32, n)
	for i := range difference {
		difference[i] = got[i] - want[i]
	}
	return 20 * math.Log10((Level(want[:n])+1e-9)/(Level(difference)+1e-9))
}

// ToneSNR returns how far a sine of the frequency stands above all else in the
// samples at 48 kHz, in dB, whatever its phase, and its amplitude.
func ToneSNR(samples []float32, frequency float64) (snr, amplitude float64) {
	// least squares of a*sin + b*cos
	var ss, cc, sc, xs, xc, xx float64
	for i, v := range samples {
		sin, cos := math.Sincos(2 * math.Pi * frequency * float64(i) / codecs.SampleRate)
		x := float64(v)
		ss, cc, sc = ss+sin*sin, cc+cos*cos, sc+sin*cos
		xs, xc, xx = xs+x*sin, xc+x*cos, xx+x*x
	}
	det := ss*cc - sc*sc
	if det == 0 {
		return math.Inf(-1), 0
	}
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	tone := a*xs + b*xc
	return 10 * math.Log10((tone+1e-12)/(max(xx-tone, 0)+1e-12)), math.Hypot(a, b)
}

// Level returns the root of the mean square of the samples.
func Level(samples []float32) float64 {
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(samples), 1)))
}
