package engine

import (
	"math"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/fake"
)

// counted is a set of codecs that counts what is decoded and encoded.
type counted struct {
	set              codecs.Set
	decoded, encoded int
}

type countedDecoder struct {
	codecs.AudioDecoder
	count *int
}

func (d countedDecoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	*d.count++
	return d.AudioDecoder.Decode(dst, packet)
}

type countedEncoder struct {
	codecs.AudioEncoder
	count *int
}

func (e countedEncoder) Encode(dst []byte, frame []float32) ([]byte, error) {
	*e.count++
	return e.AudioEncoder.Encode(dst, frame)
}

func newCounted() *counted {
	c := &counted{}
	c.set = fake.Codecs()
	newDecoder, newEncoder := c.set.NewAudioDecoder, c.set.NewAudioEncoder
	c.set.NewAudioDecoder = func(name string) (codecs.AudioDecoder, error) {
		d, err := newDecoder(name)
		return countedDecoder{d, &c.decoded}, err
	}
	c.set.NewAudioEncoder = func(name string, bitrate int) (codecs.AudioEncoder, error) {
		e, err := newEncoder(name, bitrate)
		return countedEncoder{e, &c.encoded}, err
	}
	return c
}

// pitched is a tone of whole periods in a frame, its own for each party.
func pitched(i int) float64 { return float64(200 + 50*i) }

// tone records a tone of a level in dBov.
func tone(t testing.TB, hz, dBov float64) []recorded {
	sine := codectest.Tone{Frequency: hz, Amplitude: math.Sqrt2 * math.Pow(10, dBov/20)}
	return record(t, fake.Codecs(), codecs.Opus, 10, sine.Next)
}

// common returns how loud a tone is in the common mix, dBov.
func (h *hall) common(hz float64) float64 {
	_, amplitude := codectest.ToneSNR(h.conference.sound.mixer.Common(), hz)
	return 20 * math.Log10(amplitude/math.Sqrt2+1e-9)
}

// A hundred parties cost little more than ten: besides the mixed only a look at
// the others now and then is decoded, and what is encoded does not grow.
func TestSoundDoesNotGrowWithTheConference(t *testing.T) {
	for _, n := range []int{10, 100} {
		c := newCounted()
		h := newHall(t, c.set)
		for i := range n {
			level := -65.0
			if i < 3 {
				level = -20
			}
			h.enter(t, codecs.Opus, true, tone(t, pitched(i%8), level))
		}
		h.run(200)
		c.decoded, c.encoded = 0, 0
		const ticks = 300
		h.run(ticks)
		if most := ticks * (3 + 0.09*float64(n)); float64(c.decoded) > most {
			t.Errorf("%d parties: %.1f packets decoded a tick", n, float64(c.decoded)/ticks)
		}
		if c.encoded != 4*ticks {
			t.Errorf("%d parties: %.1f packets encoded a tick, want 4", n, float64(c.encoded)/ticks)
		}
		t.Logf("%d parties: %.1f packets decoded a tick", n, float64(c.decoded)/ticks)
	}
}

// What is passed over is told of each participant, whatever codecs he changes
// to, and in the totals also when he has left.
func TestPassedPacketsAreCounted(t *testing.T) {
	h := newHall(t, fake.Codecs())
	e := h.conference.engine
	count := func(p *party) uint64 { return p.leg.Status().Audio.RxPassed }
	soft := tone(t, pitched(7), -65)
	for i := range 3 { // as many as are mixed
		h.enter(t, codecs.Opus, true, tone(t, pitched(i), -20))
	}
	quiet := h.enter(t, codecs.Opus, true, soft)
	h.run(200)
	before := count(quiet)
	if loud := count(h.parties[0]); before < 100 || loud != 0 {
		t.Fatalf("of 200 packets %d of the soft one were passed over, and %d of a loud one", before, loud)
	}
	cfg := *quiet.leg.audio.Load().config.Load()
	cfg.Formats = map[uint8]string{96: codecs.PCMU}
	quiet.leg.audio.Load().config.Store(&cfg)
	quiet.packets = record(t, fake.Codecs(), codecs.PCMU, 10, murmur(-65))
	h.run(1)
	if now := count(quiet); now < before {
		t.Errorf("%d passed over, %d before the codec changed", now, before)
	}
	h.run(200)
	all := count(quiet)
	if all < before+100 {
		t.Errorf("%d passed over, %d before the codec changed", all, before)
	}
	if total := e.totals.read([]*Conference{h.conference})["rx_passed"]; total != all {
		t.Errorf("%d in all, %d of the only one who is soft", total, all)
	}
	quiet.leg.audio.Load().end()
	if now := count(quiet); now != all {
		t.Errorf("%d of the one whose sound has ended, before %d", now, all)
	}
	h.conference.leave(quiet.leg)
	if total := e.totals.read([]*Conference{h.conference})["rx_passed"]; total != all {
		t.Errorf("%d in all after he left, before %d", total, all)
	}
}

// Only those have a packet of their own who are heard, and one who hears nothing
// costs nothing.
func TestEncodesOfTalkersOnly(t *testing.T) {
	c := newCounted()
	h := newHall(t, c.set)
	var parties []*party
	for i := range 8 {
		parties = append(parties, h.enter(t, codecs.Opus, true, tone(t, pitched(i), -20)))
		parties[i].silent = i > 3
	}
	for _, step := range []struct {
		talking int
		want    int // encodes a tick
	}{
		{3, 4}, // and the common mix
		{2, 3}, // each of two hears the other
		{1, 1}, // who talks alone hears silence
		{0, 0},
		{1, 1},
		{3, 4},
	} {
		for i, p := range parties {
			p.silent = i >= step.talking
		}
		h.run(70) // until nobody remembers
		c.encoded = 0
		h.run(20)
		if c.encoded != 20*step.want {
			t.Errorf("%d talk: %.1f encodes a tick, want %d", step.talking, float64(c.encoded)/20, step.want)
		}
	}
}

// Whoever begins to speak is heard as soon as when everybody is decoded.
func TestOnsetWithLevels(t *testing.T) {
	var heard [2]int
	for k, levels := range []bool{false, true} {
		h := newHall(t, fake.Codecs())
		for i := range 12 {
			level := -60.0
			if i < 3 {
				level = -30
			}
			h.enter(t, codecs.Opus, levels, tone(t, pitched(i), level))
		}
		h.run(150)
		if h.common(pitched(7)) > -80 {
			t.Fatalf("levels %v: one who is silent is heard at %.0f dBov", levels, h.common(pitched(7)))
		}
		h.parties[7].packets = tone(t, pitched(7), -18)
		for h.common(pitched(7)) < -24 && heard[k] < 50 {
			h.next()
			heard[k]++
		}
		h.next()
		if level := h.common(pitched(7)); math.Abs(level+18) > 0.5 {
			t.Errorf("levels %v: heard at %.1f dBov", levels, level)
		}
		t.Logf("levels %v: heard after %d frames", levels, heard[k])
	}
	if heard[1] > heard[0] || heard[1] > 4 {
		t.Errorf("heard after %d frames with levels, %d without", heard[1], heard[0])
	}
}

// The speaker is the same whether all are decoded or levels are told, through a
// discussion in which everybody has his turn.
func TestSpeakerWithLevels(t *testing.T) {
	const parties, turn = 9, 150
	var speakers [2][]string
	for k, levels := range []bool{false, true} {
		h := newHall(t, fake.Codecs())
		quiet := record(t, fake.Codecs(), codecs.Opus, 50, murmur(-62))
		var voice codectest.Voice
		talk := record(t, fake.Codecs(), codecs.Opus, 50, voice.Next)
		for range parties {
			h.enter(t, codecs.Opus, levels, quiet)
		}
		for round := range 2 * parties {
			for i, p := range h.parties {
				p.packets = quiet
				if i == round%parties {
					p.packets = talk
				}
			}
			h.run(turn)
			speakers[k] = append(speakers[k], *h.conference.sound.speaker.Load())
			if want := h.parties[round%parties].leg.id; speakers[k][round] != want {
				t.Errorf("levels %v, round %d: %s has the floor, want %s", levels, round, speakers[k][round], want)
			}
		}
	}
}

// One whose levels are not true neither takes the floor from others nor loses
// his voice.
func TestFalseLevels(t *testing.T) {
	set := fake.Codecs()
	var voice codectest.Voice
	talk, quiet := record(t, set, codecs.Opus, 50, voice.Next), record(t, set, codecs.Opus, 50, murmur(-62))
	h := newHall(t, set)
	for i := range 8 {
		h.enter(t, codecs.Opus, true, quiet)
		if i == 0 {
			h.parties[0].packets = talk
		}
	}
	h.run(200)
	floor := func() string { return *h.conference.sound.speaker.Load() }
	if floor() != "0" {
		t.Fatalf("%s has the floor", floor())
	}
	boast := append([]recorded(nil), quiet...)
	for i := range boast {
		boast[i].level = 3
	}
	h.parties[5].packets = boast
	for range 500 {
		h.next()
		if floor() != "0" || h.parties[5].leg.audio.Load().talking.Load() {
			t.Fatalf("tick %d: who only tells of a voice has the floor", h.tick)
		}
	}
	mute := tone(t, 700, -15)
	for i := range mute {
		mute[i].level = 127
	}
	h.parties[0].packets, h.parties[6].packets = quiet, mute
	at := h.tick
	for h.common(700) < -20 && h.tick < at+500 {
		h.next()
	}
	if waited := h.tick - at; waited > 150 {
		t.Errorf("who tells silence of a voice is heard after %d ms", 20*waited)
	}
	h.run(300)
	if floor() != "6" || h.common(700) < -16 {
		t.Errorf("%s has the floor, his voice is at %.0f dBov", floor(), h.common(700))
	}
}
