package mixer

import (
	"math"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

func TestQuietSumsPassUnchanged(t *testing.T) {
	l := limiter{gain: 1}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		var f frame
		for i := range f {
			f[i] = rng.Float32()*2 - 1
		}
		f[5], f[6] = 1, -1
		want := f
		l.limit(&f)
		if f != want {
			t.Fatal("changed")
		}
	}
}

func TestLoudSumsStayWithinOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	l := limiter{gain: 1}
	for range 500 {
		var f frame
		top := rng.Float32() * 6
		from := rng.IntN(len(f))
		for i := from; i < len(f); i++ {
			f[i] = (rng.Float32()*2 - 1) * top
		}
		l.limit(&f)
		for i, v := range f {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("sample %d is %v", i, v)
			}
		}
		if !(l.gain > 0 && l.gain <= 1) {
			t.Fatalf("gain %v", l.gain)
		}
	}
}

// Three full tones together must sound like three tones, not like a square wave.
func TestLimiterDoesNotClip(t *testing.T) {
	l := limiter{gain: 1}
	var j jumps
	for tick := range 100 {
		var f frame
		for i := range f {
			s := float64(tick*len(f)+i) / codecs.SampleRate
			for _, hz := range []float64{200, 450, 700} {
				f[i] += float32(0.6 * math.Sin(2*math.Pi*hz*s))
			}
		}
		l.limit(&f)
		j.listen(f[:])
		if tick < 2 {
			continue
		}
		total, wanted := 0.0, 0.0
		for _, v := range f {
			total += float64(v) * float64(v) / float64(len(f))
		}
		for _, hz := range []float64{200, 450, 700} {
			a := goertzel(f[:], hz)
			wanted += a * a / 2
		}
		if rest := (total - wanted) / total; rest > 0.001 { // -30 dB
			t.Fatalf("tick %d: %.4f of the power is distortion", tick, rest)
		}
	}
	if steepest := 0.6 * 2 * math.Pi * 1350 / codecs.SampleRate; j.worst > steepest {
		t.Errorf("a jump of %.3f, more than %.3f", j.worst, steepest)
	}
	for tick := 0; l.gain < 1; tick++ {
		var f frame
		l.limit(&f)
		if tick > 25 {
			t.Fatal("gain does not recover within half a second")
		}
	}
}

func TestLandMeetsTheOtherGain(t *testing.T) {
	for _, c := range [][2]float32{{1, 0.5}, {0.5, 1}, {0.7, 0.7}} {
		l := limiter{gain: c[0]}
		var f frame
		for i := range f {
			f[i] = 0.6 * c[0]
		}
		l.land(&f, c[1])
		if got := f[len(f)-1]; math.Abs(float64(got-0.6*c[1])) > 1e-5 || l.gain != c[1] {
			t.Errorf("%v: ends at %v with gain %v", c, got, l.gain)
		}
	}
}
