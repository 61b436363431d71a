package mixer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// track is a participant's level in dBov at every tick.
type track []float64

const second = 50 // ticks

// noise is a steady background: level is its mean, it wavers by about 1 dB.
func noise(rng *rand.Rand, ticks int, level float64) track {
	t := make(track, ticks)
	for i := range t {
		t[i] = level + rng.NormFloat64()
	}
	return t
}

func steady(ticks int, level float64) track {
	t := make(track, ticks)
	for i := range t {
		t[i] = level
	}
	return t
}

// speech is syllables of 100 to 260 ms, 6 dB about level, with dips of 40 to
// 120 ms between them, over a background. It starts with a syllable.
func speech(rng *rand.Rand, ticks int, level, background float64) track {
	t := noise(rng, ticks, background)
	for i := 0; i < ticks; {
		n := 5 + rng.IntN(9)
		top := level + rng.Float64()*12 - 6
		for k := range n {
			if i+k < ticks { // rises and falls by 6 dB
				t[i+k] = max(t[i+k], top-6*math.Abs(2*float64(k)/float64(n)-0.8))
			}
		}
		i += n + 2 + rng.IntN(5)
	}
	return t
}

// with lays b over t from a tick on.
func (t track) with(from int, b track) track {
	t = slices.Clone(t)
	for i, l := range b {
		if from+i < len(t) {
			t[from+i] = max(t[from+i], l)
		}
	}
	return t
}

// turn is a change of the speaker.
type turn struct {
	tick    int
	speaker string
}

// play lets a detector hear all tracks; the first is a, the next b and so on.
func play(tracks ...track) []turn {
	d := NewDetector()
	for i := range tracks {
		d.Add(string(rune('a' + i)))
	}
	var turns []turn
	for tick := range tracks[len(tracks)-1] {
		for i, t := range tracks {
			d.Level(string(rune('a'+i)), t[tick])
		}
		if who, changed := d.Tick(); changed {
			turns = append(turns, turn{tick, who})
		}
	}
	return turns
}

// seeds runs a test with many seeds.
func seeds(t *testing.T, f func(t *testing.T, rng *rand.Rand)) {
	for seed := range uint64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { f(t, rand.New(rand.NewPCG(seed, 7))) })
		if t.Failed() {
			return
		}
	}
}

// floors are the backgrounds that speech is tried over.
var floors = []float64{-127, -75, -60, -50}

func TestFirstSpeakerWithin300ms(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		for _, floor := range floors {
			level := -14 - rng.Float64()*12
			a := noise(rng, 10*second, floor)
			b := noise(rng, 10*second, floor).with(2*second, speech(rng, 4*second, level, floor))
			turns := play(a, b)
			if len(turns) != 1 || turns[0].speaker != "b" || turns[0].tick < 2*second || turns[0].tick > 2*second+15 {
				t.Errorf("speech at %.0f over %.0f: %v", level, floor, turns)
			}
		}
	})
}

func TestSilenceAndFansAreNobody(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		const n = 20 * second
		started := noise(rng, n, -70).with(5*second, noise(rng, n, -40))
		absent := steady(n, -127).with(3*second, noise(rng, n, -40))
		lossy := noise(rng, n+1, -40)
		for i := 0; i < n; i += 5 + rng.IntN(20) { // one or two packets at a time
			lossy[i] = -127
			if rng.IntN(3) == 0 {
				lossy[i+1] = -127
			}
		}
		for name, tr := range map[string]track{
			"silence": steady(n, -127), "room": noise(rng, n, -60), "fan": noise(rng, n, -40),
			"constant fan": steady(n, -40), "absent, then fan": absent, "lossy fan": lossy, "fan starts": started,
		} {
			if turns := play(tr, noise(rng, n, -60)); turns != nil {
				t.Errorf("%s: %v", name, turns)
			}
		}
	})
}

func TestToneIsSpeech(t *testing.T) {
	n := 40 * second
	for _, level := range []float64{-3, -20, -26} {
		a := steady(n, -127).with(second, steady(30*second, level))
		b := steady(n, -127).with(33*second, steady(5*second, level))
		turns := play(a, b)
		if len(turns) != 2 || turns[0].speaker != "a" || turns[0].tick > second+15 ||
			turns[1].speaker != "b" || turns[1].tick > 34*second {
			t.Errorf("tone at %.0f: %v", level, turns)
		}
	}
	// Nobody takes the floor from a tone that sounds.
	a, b := steady(n, -20), steady(n, -127).with(second, steady(n, -20))
	if turns := play(a, b); len(turns) != 1 || turns[0].speaker != "a" {
		t.Errorf("two tones: %v", turns)
	}
}

func TestCoughDoesNotTakeTheFloor(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		for _, floor := range floors {
			n := 20 * second
			a := speech(rng, n, -22, floor)
			b := noise(rng, n, floor)
			for at := 3 * second; at < n-second; at += 2*second + rng.IntN(second) {
				b = b.with(at, steady(10+rng.IntN(11), -8))
			}
			if turns := play(a, b); len(turns) != 1 || turns[0].speaker != "a" {
				t.Errorf("floor %.0f: %v", floor, turns)
			}
			// Nor in a pause of the speaker.
			a = noise(rng, n, floor).with(0, speech(rng, 2*second, -22, floor))
			if turns := play(a, b); len(turns) != 1 || turns[0].speaker != "a" {
				t.Errorf("floor %.0f, in silence: %v", floor, turns)
			}
		}
	})
}

func TestNewSpeakerWithinASecond(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		for _, floor := range floors {
			n := 16 * second
			at := 6*second + rng.IntN(second)
			level := -14 - rng.Float64()*12
			spoke := noise(rng, n, floor).with(0, speech(rng, at, -20, floor))
			rests := map[string]track{
				"silent":        spoke,
				"long silent":   noise(rng, n, floor).with(0, speech(rng, at-2*second, -20, floor)),
				"hums":          spoke.with(at, noise(rng, n, -40)),
				"hummed before": spoke.with(at-3*second, noise(rng, n, -38)),
				"room":          spoke.with(0, noise(rng, n, -45)),
			}
			for name, a := range rests {
				b := noise(rng, n, floor).with(at, speech(rng, n, level, floor))
				turns := play(a, b)
				if len(turns) != 2 || turns[0].speaker != "a" || turns[1].speaker != "b" || turns[1].tick > at+second {
					t.Errorf("%s, floor %.0f, level %.0f: at %d %v", name, floor, level, at, turns)
				}
			}
		}
	})
}

// A hum that is loud enough to count as speech gives way to somebody much louder.
func TestLoudHumGivesWay(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		n, at := 12*second, 4*second
		a := noise(rng, n, -60).with(0, speech(rng, at, -12, -60)).with(at, noise(rng, n, -35))
		b := noise(rng, n, -60).with(at, speech(rng, n, -8, -60))
		if turns := play(a, b); len(turns) != 2 || turns[1].speaker != "b" || turns[1].tick > at+second*3/2 {
			t.Errorf("at %d: %v", at, turns)
		}
	})
}

// talk is speech with pauses between sentences.
func talk(rng *rand.Rand, ticks int, level, background float64) track {
	t := noise(rng, ticks, background)
	for i := 0; i < ticks; {
		n := second + rng.IntN(4*second)
		t = t.with(i, speech(rng, n, level, background))
		i += n + 10 + rng.IntN(15) // 200 to 500 ms
	}
	return t
}

func TestNoFlappingWhileTwoTalk(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		for _, floor := range floors {
			n := 60 * second
			tracks := []track{talk(rng, n, -20, floor), talk(rng, n, -20, floor), talk(rng, n, -24, floor)}
			turns := play(tracks...)
			for i := 1; i < len(turns); i++ {
				if d := turns[i].tick - turns[i-1].tick; d < 2*second {
					t.Errorf("floor %.0f: turn after %d ticks: %v", floor, d, turns)
				}
			}
			if len(turns) == 0 || len(turns) > 18 {
				t.Errorf("floor %.0f: %d turns in a minute: %v", floor, len(turns), turns)
			}
		}
	})
}

func TestSilenceKeepsTheSpeaker(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	n := 100 * second
	turns := play(noise(rng, n, -55).with(second, speech(rng, 3*second, -20, -55)), noise(rng, n, -45), steady(n, -127))
	if len(turns) != 1 || turns[0].speaker != "a" {
		t.Error(turns)
	}
}

func TestLeavingSpeaker(t *testing.T) {
	d := NewDetector()
	for _, id := range []string{"a", "b", "c"} {
		d.Add(id)
	}
	say := func(id string) {
		t.Helper()
		for range 2 * second {
			d.Level(id, -20)
			d.Tick()
		}
		if who, _ := d.Tick(); who != id {
			t.Fatalf("%s speaks, speaker is %q", id, who)
		}
	}
	want := func(id string, changes bool) {
		t.Helper()
		if who, changed := d.Tick(); who != id || changed != changes {
			t.Fatalf("speaker %q changed %v, want %q %v", who, changed, id, changes)
		}
	}
	want("", false)
	say("a")
	say("b")
	say("c")
	d.Remove("c")
	want("b", true)
	want("b", false)
	d.Remove("a")
	want("b", false)
	d.Remove("b")
	want("", true)
	want("", false)
	d.Remove("b")
	d.Level("nobody", -10)
	d.Level("b", -10)
	d.Add("a")
	d.Add("a")
	want("", false)
	say("a")
}

func TestDetectorIgnoresNonsense(t *testing.T) {
	d := NewDetector()
	d.Add("a")
	for range second {
		d.Level("a", math.NaN())
		if who, _ := d.Tick(); who != "" {
			t.Fatal(who)
		}
	}
	for range second {
		d.Level("a", math.Inf(1))
		d.Tick()
	}
	if who, _ := d.Tick(); who != "a" {
		t.Error("a level above 0 is not taken as 0")
	}
}

func TestDetectorIsDeterministic(t *testing.T) {
	run := func() []turn {
		rng := rand.New(rand.NewPCG(9, 9))
		var tracks []track
		for range 6 {
			tracks = append(tracks, talk(rng, 60*second, -20, -60))
		}
		return play(tracks...)
	}
	first := run()
	for range 5 {
		if !slices.Equal(first, run()) {
			t.Fatal("two runs differ")
		}
	}
}

func BenchmarkDetector(b *testing.B) {
	for _, n := range []int{8, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			d := NewDetector()
			ids := make([]string, n)
			tracks := make([]track, n)
			for i := range ids {
				ids[i] = fmt.Sprint(i)
				d.Add(ids[i])
				tracks[i] = talk(rng, 20*second, -20, -60)
			}
			b.ReportAllocs()
			tick := 0
			for b.Loop() {
				tick = (tick + 1) % len(tracks[0])
				for i, id := range ids {
					d.Level(id, tracks[i][tick])
				}
				d.Tick()
			}
		})
	}
}
