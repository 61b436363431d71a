package mixer

import (
	"fmt"
	"math"
	"testing"
)

// One who falls silent hears the common sum from the moment on in which it is
// the same as his own, sample for sample, also when a limiter was at work.
func TestSilentTalkerHearsTheCommonSum(t *testing.T) {
	m := New()
	a, b, c := m.Add("a"), m.Add("b"), m.Add("c")
	seams := 0
	for tick := range 400 {
		for i, in := range []*Input{a, b, c} {
			tone(in, tick, pitch(i), 0.7) // far above full scale, all three together
		}
		switch phase := tick % 80; {
		case phase >= 70: // comes back
		case phase >= 20 && tick < 200: // nothing comes
			a.Active = false
		case phase >= 20:
			a.Frame = frame{}
		}
		m.Mix()
		mine, now := a.Own()
		if tick > 5 && tick%80 == 20+ownTicks-1 {
			seams++
			if now {
				t.Fatalf("tick %d: a sum of his own, the same as the common one", tick)
			}
		}
		if want := tick%80 < 20+ownTicks-1 || tick%80 >= 70; now != want || !a.Mixed() {
			t.Fatalf("tick %d: own %v, mixed %v", tick, now, a.Mixed())
		}
		if tick%80 == 20+ownTicks-2 { // the last but one frame of his own
			for i, v := range mine {
				if math.Abs(float64(v-m.Common()[i])) > 1e-6 {
					t.Fatalf("tick %d sample %d: %v, common %v", tick, i, v, m.Common()[i])
				}
			}
		}
	}
	if seams != 5 {
		t.Errorf("%d seams", seams)
	}
}

// What cannot be heard takes nobody's place and needs no sum without it.
func TestSilenceIsNotMixed(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 5 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	for tick := range 10 {
		for i, in := range ins {
			tone(in, tick, pitch(i), math.Pow(10, -100.0/20))
		}
		tone(ins[4], tick, pitch(4), 0.001)
		m.Mix()
	}
	for i, in := range ins {
		if _, own := in.Own(); own != (i == 4) || in.Mixed() != own {
			t.Errorf("input %d: own %v, mixed %v", i, own, in.Mixed())
		}
	}
}

func TestWanted(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 5 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	mix := func(amplitudes ...float64) {
		for i, in := range ins {
			tone(in, 0, pitch(i), amplitudes[i])
		}
		m.Mix()
	}
	for range 5 {
		mix(0.1, 0.2, 0, 0, 0)
	}
	for i, want := range []float64{silence - 1, silence - 1, inaudible, inaudible, inaudible} {
		if got := m.Wanted(ins[i]); got != want {
			t.Errorf("two mixed: %d wanted from %.1f on, want %.1f", i, got, want)
		}
	}
	for range 5 {
		mix(0.1, 0.2, 0.05, 0.01, 0)
	}
	soft := 20*math.Log10(0.05/math.Sqrt2) + displaceMargin - candidateMargin
	for i, want := range []float64{silence - 1, silence - 1, silence - 1, soft, soft} {
		if got := m.Wanted(ins[i]); math.Abs(got-want) > 0.1 {
			t.Errorf("three mixed: %d wanted from %.1f on, want %.1f", i, got, want)
		}
	}
	mix(0.1, 0.2, 0.05, 0.2, 0)
	if got := m.Wanted(ins[2]); !ins[3].Mixed() || got < -30 || m.Wanted(ins[3]) > silence {
		t.Errorf("the displaced one is wanted from %.1f on", got)
	}
}

// What is told of sound that nobody hears counts for indicators, not for the mix.
func TestTold(t *testing.T) {
	m := New()
	a, b := m.Add("a"), m.Add("b")
	for _, c := range []struct{ told, want float64 }{{-30, -30}, {-127, -127}, {-200, -127}, {0, -127}} {
		a.Active, a.Told = false, c.told
		tone(b, 0, 300, 0.1)
		m.Mix()
		if a.Level() != c.want || a.Mixed() {
			t.Errorf("told %v: level %v, mixed %v", c.told, a.Level(), a.Mixed())
		}
	}
	a.Told, a.Muted = -30, true
	if m.Mix(); a.Level() != silence {
		t.Errorf("muted: %v", a.Level())
	}
	a.Muted = false
	a.Active = true
	if m.Mix(); a.Level() != silence {
		t.Errorf("active: %v", a.Level())
	}
	a.Active = false
	for tick := range 40 {
		a.Told = -60
		if tick > 20 {
			a.Told = -20
		}
		m.Mix()
	}
	if !a.Talking() {
		t.Error("no indicator for what is told")
	}
}
