package mixer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

// tone fills a frame with a sine that goes on from tick to tick.
func tone(in *Input, tick int, hz, amplitude float64) {
	for i := range in.Frame {
		t := float64(tick*codecs.FrameSamples + i)
		in.Frame[i] = float32(amplitude * math.Sin(2*math.Pi*hz*t/codecs.SampleRate))
	}
	in.Active = true
}

// goertzel returns the amplitude of a frequency in x.
func goertzel(x []float32, hz float64) float64 {
	w := 2 * math.Pi * hz / codecs.SampleRate
	c := 2 * math.Cos(w)
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = float64(v)+c*s1-s2, s1
	}
	return 2 * math.Sqrt(max(0, s1*s1+s2*s2-c*s1*s2)) / float64(len(x))
}

// hears returns what a participant hears.
func hears(m *Mixer, in *Input) []float32 {
	if own, ok := in.Own(); ok {
		return own
	}
	return m.Common()
}

// pitch gives every input a frequency of its own with whole periods in a frame.
func pitch(i int) float64 { return float64(200 + 50*i) }

func TestTwoHearEachOtherUntouched(t *testing.T) {
	m := New()
	a, b := m.Add("a"), m.Add("b")
	rng := rand.New(rand.NewPCG(1, 2))
	for tick := range 50 {
		for _, in := range []*Input{a, b} {
			in.Active = true
			for i := range in.Frame {
				in.Frame[i] = rng.Float32()*2 - 1 // as loud as can be
			}
		}
		wantA, wantB := a.Frame, b.Frame
		m.Mix()
		if a.Frame != wantA || b.Frame != wantB {
			t.Fatal("Mix changed a frame")
		}
		if tick == 0 {
			continue // fades in
		}
		heardA, heardB := hears(m, a), hears(m, b)
		for i := range wantA {
			if heardA[i] != wantB[i] || heardB[i] != wantA[i] {
				t.Fatalf("tick %d sample %d is not the other's", tick, i)
			}
		}
	}
}

func TestWhoHearsWhom(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 8 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	loud := map[int]bool{1: true, 4: true, 6: true}
	for tick := range 20 {
		for i, in := range ins {
			amplitude := 0.01
			if loud[i] {
				amplitude = 0.2
			}
			tone(in, tick, pitch(i), amplitude)
		}
		m.Mix()
		if tick < 8 { // one change a tick, and each fades
			continue
		}
		for i, in := range ins {
			heard := hears(m, in)
			for j := range ins {
				want := 0.0
				if loud[j] && i != j {
					want = 0.2
				}
				if got := goertzel(heard, pitch(j)); math.Abs(got-want) > 1e-4 {
					t.Fatalf("tick %d: %d hears %d at %.5f, want %.2f", tick, i, j, got, want)
				}
			}
			if _, own := in.Own(); own != loud[i] || in.Mixed() != loud[i] {
				t.Fatalf("tick %d: input %d: own %v mixed %v", tick, i, own, in.Mixed())
			}
		}
		for j := range ins {
			want := 0.0
			if loud[j] {
				want = 0.2
			}
			if got := goertzel(m.Common(), pitch(j)); math.Abs(got-want) > 1e-4 {
				t.Fatalf("common holds %d at %.5f, want %.2f", j, got, want)
			}
		}
	}
}

// jumps checks what one listener hears over many ticks for clicks.
type jumps struct {
	last  float32
	worst float64
}

func (j *jumps) listen(x []float32) {
	for _, v := range x {
		j.worst = max(j.worst, math.Abs(float64(v-j.last)))
		j.last = v
	}
}

func TestNoClicks(t *testing.T) {
	const hz, amplitude = 330, 0.3 // no whole periods: frames end anywhere
	steepest := 2 * math.Pi * 400 / codecs.SampleRate * amplitude
	rng := rand.New(rand.NewPCG(3, 4))
	for run := range 30 {
		m := New()
		listener := m.Add("listener")
		var j jumps
		talkers := map[int]*Input{}
		muted, active := map[int]bool{}, map[int]bool{}
		for tick := range 200 {
			if i := rng.IntN(5); tick%3 == 0 {
				switch in := talkers[i]; {
				case in == nil:
					talkers[i] = m.Add("talker")
					active[i], muted[i] = true, false
				case rng.IntN(4) == 0:
					m.Remove(in)
					delete(talkers, i)
				case rng.IntN(2) == 0:
					muted[i] = !muted[i]
				default:
					active[i] = !active[i]
				}
			}
			for i, in := range talkers {
				for n := range in.Frame { // swells over 20 dB, each at his own time
					s := float64(tick*codecs.FrameSamples+n) / codecs.SampleRate
					swell := 0.55 + 0.45*math.Sin(2*math.Pi*s/1.5+float64(i))
					in.Frame[n] = float32(amplitude * swell * math.Sin(2*math.Pi*(hz+float64(i)*7)*s))
				}
				in.Active, in.Muted = active[i], muted[i]
			}
			m.Mix()
			j.listen(hears(m, listener))
		}
		// At most three talk at a time, others may fade out beside them.
		if limit := 3.5 * steepest; j.worst > limit {
			t.Errorf("run %d: a jump of %.4f, more than %.4f", run, j.worst, limit)
		}
	}
}

// A new talker is faded over the whole frame, one whose sound starts only over
// its first 5 ms.
func TestFades(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 4 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	flat := func(in *Input, v float32) {
		in.Active = true
		for i := range in.Frame {
			in.Frame[i] = v
		}
	}
	for i, in := range ins[:3] {
		flat(in, 0.01*float32(i+1))
	}
	ins[3].Active = true // all zeros: the last to be chosen
	m.Mix()
	if x := m.Common(); x[0] > 0.001 || x[edgeSamples/2] > 0.04 || x[edgeSamples] != 0.06 {
		t.Errorf("start: %v %v %v", x[0], x[edgeSamples/2], x[edgeSamples])
	}
	m.Mix()
	flat(ins[3], 0.5)
	m.Mix()
	x := m.Common()
	if middle := float32(0.5*0.5 + 0.05 + 0.5*0.01); math.Abs(float64(x[479]-middle)) > 0.002 {
		t.Errorf("in the middle of the change: %v, want %v", x[479], middle)
	}
	if own, ok := ins[0].Own(); !ok || math.Abs(float64(own[959]-0.55)) > 1e-6 || math.Abs(float64(own[0]-0.05)) > 1e-3 {
		t.Error("the displaced one does not hear the others while he fades out")
	}
	if own, _ := ins[3].Own(); math.Abs(float64(own[0]-0.06)) > 1e-3 || math.Abs(float64(own[959]-0.05)) > 1e-6 {
		t.Error("the new one does not hear the others while he fades in")
	}
	m.Mix()
	if _, ok := ins[0].Own(); ok || ins[0].Mixed() {
		t.Error("the displaced one still has a sum of his own")
	}
}

// One who changes between his own sum and the common one hears no step in gain.
func TestLimitersMeetAtTheSeam(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 5 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	rng := rand.New(rand.NewPCG(7, 8))
	last := map[*Input]float32{}
	own := map[*Input]bool{}
	seams := 0
	for tick := range 400 {
		for i, in := range ins {
			amplitude := 0.9
			if (tick/20+i)%5 > 2 {
				amplitude = 0.2
			}
			tone(in, tick, 100+float64(i)*3+rng.Float64(), amplitude)
			in.Muted = (tick/7+i)%6 == 0
		}
		before := m.commonLimiter.gain
		m.Mix()
		for _, in := range ins {
			_, now := in.Own()
			switch {
			case now && !own[in] && in.limiter.gain > before+sliceCount*release+1e-6:
				t.Fatalf("tick %d: gain rises from %v to %v in one frame", tick, before, in.limiter.gain)
			case !now && own[in]:
				seams++
				if math.Abs(float64(last[in]-before)) > 1e-6 {
					t.Fatalf("tick %d: gain %v to %v", tick, last[in], before)
				}
			}
			if own[in] = now; now {
				last[in] = in.limiter.gain
			} else {
				last[in] = m.commonLimiter.gain
			}
		}
	}
	if seams < 20 {
		t.Errorf("only %d seams", seams)
	}
}

func TestIdleInputsLoseTheirPlace(t *testing.T) {
	m := New()
	a := m.Add("a")
	for tick := range idleTicks + 10 {
		tone(a, tick, 300, 0.2)
		a.Active = tick < 5
		m.Mix()
		if _, own := a.Own(); own != (tick < 5+ownTicks-1) || a.Mixed() != (tick < 5+idleTicks-1) {
			t.Fatalf("tick %d: own %v, mixed %v", tick, own, a.Mixed())
		}
	}
	for _, v := range m.Common() {
		if v != 0 {
			t.Fatal("sound from nobody")
		}
	}
}

func TestRemove(t *testing.T) {
	m := New()
	a, b := m.Add("a"), m.Add("b")
	tone(a, 0, 300, 0.2)
	tone(b, 0, 400, 0.2)
	m.Mix()
	m.Remove(a)
	m.Remove(a)
	m.Remove(&Input{})
	if _, own := a.Own(); own || a.Mixed() {
		t.Error("a removed input has a sum")
	}
	tone(b, 1, 400, 0.2)
	m.Mix()
	if x, _ := b.Own(); x[0] == 0 || x[edgeSamples] != 0 {
		t.Error("no fade of the removed one, or a long one")
	}
	tone(b, 2, 400, 0.2)
	m.Mix()
	if x, _ := b.Own(); x[0] != 0 {
		t.Error("the removed one is heard again")
	}
	if math.Abs(goertzel(m.Common(), 400)-0.2) > 1e-4 {
		t.Error("the rest is not heard")
	}
	if a.ID() != "a" {
		t.Error(a.ID())
	}
}

func TestNoFlapping(t *testing.T) {
	m := New()
	var ins []*Input
	for i := range 6 {
		ins = append(ins, m.Add(fmt.Sprint(i)))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	changes, was := 0, map[*Input]bool{}
	for tick := range 500 {
		for i, in := range ins {
			tone(in, tick, pitch(i), 0.1*math.Pow(10, (rng.Float64()*4-2)/20)) // within 4 dB
		}
		m.Mix()
		for _, in := range ins {
			if tick > 5 && was[in] != in.Mixed() {
				changes++
			}
			was[in] = in.Mixed()
		}
	}
	if changes != 0 {
		t.Errorf("%d changes among equally loud inputs", changes)
	}
}

func TestBrokenFrameIsNotHeard(t *testing.T) {
	m := New()
	a, b, c := m.Add("a"), m.Add("b"), m.Add("c")
	for tick := range 6 {
		tone(a, tick, 300, 0.2)
		tone(b, tick, 400, 0.2)
		if tick >= 3 {
			b.Frame[7] = float32(math.NaN())
		}
		m.Mix()
		for _, v := range hears(m, c) {
			if v != v || v > 1 || v < -1 {
				t.Fatalf("tick %d: heard %v", tick, v)
			}
		}
		if tick == 5 && (b.Level() != -127 || math.Abs(goertzel(hears(m, c), 300)-0.2) > 1e-4) {
			t.Error("the broken frame is not treated as silence")
		}
	}
}

func TestLevel(t *testing.T) {
	m := New()
	in := m.Add("a")
	for _, c := range []struct {
		amplitude, want float64
		muted, inactive bool
	}{
		{1, -3.01, false, false},
		{0.1414214, -20, false, false},
		{0, -127, false, false},
		{1e-9, -127, false, false},
		{1, -127, true, false},
		{1, -127, false, true},
	} {
		tone(in, 0, 1000, c.amplitude)
		in.Muted, in.Active = c.muted, !c.inactive
		m.Mix()
		if math.Abs(in.Level()-c.want) > 0.01 {
			t.Errorf("%+v: level %.2f", c, in.Level())
		}
	}
}

func TestTalking(t *testing.T) {
	m := New()
	in := m.Add("a")
	for tick := range 200 {
		amplitude := 0.003 // -53 dBov
		if tick >= 50 && tick < 100 && tick%10 < 7 {
			amplitude = 0.2
		}
		tone(in, tick, 1000, amplitude)
		m.Mix()
		if want := tick >= 55 && tick < 100; tick != 50 && (tick < 50 || tick >= 55) && (tick < 100 || tick > 120) && in.Talking() != want {
			t.Fatalf("tick %d: talking %v", tick, in.Talking())
		}
	}
}

func TestMixAllocatesNothing(t *testing.T) {
	m, mix := crowd(20)
	if n := testing.AllocsPerRun(200, mix); n != 0 {
		t.Errorf("%v allocations a Mix", n)
	}
	if m.count != maxMixed {
		t.Errorf("%d mixed", m.count)
	}
}

// crowd returns a mixer with n active inputs whose loudness wanders.
func crowd(n int) (*Mixer, func()) {
	m := New()
	var ins []*Input
	for i := range n {
		in := m.Add(fmt.Sprint(i))
		tone(in, 0, pitch(i), 0.3)
		ins = append(ins, in)
	}
	tick := 0
	return m, func() {
		tick++
		for i, in := range ins { // cheap: one sample sets the level
			in.Frame[0] = float32((tick/10+i)%n) / float32(n)
		}
		m.Mix()
	}
}

func BenchmarkMix(b *testing.B) {
	for _, n := range []int{2, 8, 30, 100, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, mix := crowd(n)
			b.ReportAllocs()
			for b.Loop() {
				mix()
			}
		})
	}
}
