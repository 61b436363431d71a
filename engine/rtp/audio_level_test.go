package rtp

import (
	"math"
	"testing"
	"time"

	"parley/codecs"
)

// loudness is a decoder whose packets say by their first byte how loud they
// are, -dBov; it counts what it decodes.
type loudness struct{ decoded, recovered int }

func (d *loudness) Decode(dst []float32, packet []byte) ([]float32, error) {
	d.decoded++
	amplitude := float32(math.Pow(10, -float64(packet[0])/20))
	for i := range codecs.FrameSamples {
		dst = append(dst, amplitude*float32(1-2*(i&1)))
	}
	return dst, nil
}

func (d *loudness) Recover(dst []float32, _ []byte, samples int) ([]float32, error) {
	d.recovered++
	return append(dst, make([]float32, samples)...), nil
}

func (d *loudness) Duration([]byte) int { return codecs.FrameSamples }
func (d *loudness) Close()              {}

// measured is the same that tells the level of a packet.
type measured struct{ loudness }

func (d *measured) Level(packet []byte) float64 { return -float64(packet[0]) }

// talk is a stream whose packets come every 20 ms and are pulled at once.
type talk struct {
	receiver *AudioReceiver
	now      time.Time
	sequence int64
	frame    [codecs.FrameSamples]float32
}

func newTalk(d codecs.AudioDecoder) *talk {
	return &talk{receiver: NewAudioReceiver(d, 48000), now: time.Unix(3000, 0)}
}

// say brings a packet that sounds at a level, told as another, and pulls.
func (k *talk) say(told uint8, payload ...byte) Heard {
	k.receiver.Push(Packet{
		Sequence: uint16(k.sequence), Extended: k.sequence, Timestamp: uint32(960 * k.sequence),
		Payload: payload, Arrival: k.now.Add(-2 * time.Millisecond), AudioLevel: told,
	})
	k.sequence++
	heard := k.receiver.Pull(k.frame[:], k.now)
	k.now = k.now.Add(20 * time.Millisecond)
	return heard
}

func TestSoftPacketsArePassedOver(t *testing.T) {
	d := &loudness{}
	k := newTalk(d)
	k.receiver.Want(-40)
	for range 50 {
		k.say(70, 70, 0, 0)
	}
	before := d.decoded
	for i := range 1000 {
		if heard := k.say(70, 70, 0, 0); heard == Passed && k.receiver.Level() != -70 || heard == Silence {
			t.Fatalf("packet %d: %v, level %v", i, heard, k.receiver.Level())
		}
	}
	if n := d.decoded - before; n > 90 || n < 45 {
		t.Errorf("%d of 1000 soft packets decoded, want a look every two seconds", n)
	}
	// One who begins to speak is heard from his first packet on.
	before = d.decoded
	loud := 0
	for range 8 {
		if heard := k.say(20, 20, 0, 0); heard == Sound && dBov(k.frame[:]) > -21 {
			loud++
		}
	}
	if waiting := int(k.receiver.Counters().Target/(20*time.Millisecond)) + 1; loud < 8-waiting {
		t.Errorf("%d of 8 loud frames heard, %d may wait", loud, waiting)
	}
	if n := d.decoded - before; n > 8+levelWarmUp {
		t.Errorf("%d packets decoded for 8", n)
	}
	// He lingers, then is passed over again.
	sounds := 0
	for range 30 {
		if k.say(70, 70, 0, 0) == Sound {
			sounds++
		}
	}
	if sounds < 5 || sounds > 10 {
		t.Errorf("%d frames decoded after the last loud one", sounds)
	}
	if c := k.receiver.Counters(); c.Lost != 0 || c.Concealed != 0 {
		t.Errorf("%+v", c)
	}
	// Whoever is heard is decoded whatever he tells.
	k.receiver.Want(-128)
	before = d.decoded
	for range 50 {
		k.say(70, 70, 0, 0)
	}
	if n := d.decoded - before; n < 50 {
		t.Errorf("%d of 50 wanted packets decoded", n)
	}
}

func TestLevelsThatLie(t *testing.T) {
	for _, c := range []struct {
		name        string
		told, sound uint8
		decoded     int // of the last hundred packets, at least
	}{
		{"silence told of a voice", 127, 20, 100},
		{"a murmur told of a voice", 60, 30, 100},
		{"a voice told of silence", 10, 127, 100},
		{"a little louder than told", 60, 52, 0},
		{"softer than told, and soft", 60, 90, 0},
		{"inaudible whatever is told", 100, 60, 0},
	} {
		d := &loudness{}
		k := newTalk(d)
		k.receiver.Want(-40)
		for range 100 { // he tells the truth for a while
			k.say(70, 70, 0, 0)
		}
		for range levelAuditMax + 3*levelLies {
			k.say(c.told, c.sound, 0, 0)
		}
		before := d.decoded
		for range 100 {
			k.say(c.told, c.sound, 0, 0)
		}
		n := d.decoded - before
		if n < c.decoded || c.decoded == 0 && n > 10 {
			t.Errorf("%s: %d of 100 decoded", c.name, n)
		}
	}
}

// Whose levels are not known is decoded; whose codec has them need not be
// looked at.
func TestLevelsUnknownAndMeasured(t *testing.T) {
	plain := &loudness{}
	k := newTalk(plain)
	k.receiver.Want(-40)
	for range 100 {
		k.say(NoAudioLevel, 70, 0, 0)
	}
	if plain.decoded < 95 {
		t.Errorf("%d of 100 packets of unknown level decoded", plain.decoded)
	}
	m := &measured{}
	k = newTalk(m)
	k.receiver.Want(-40)
	for range 300 {
		k.say(0, 70, 0, 0) // a lie, but nobody asks
	}
	if m.decoded != 0 {
		t.Errorf("%d of 300 packets decoded whose level is measured", m.decoded)
	}
	if k.receiver.Counters().Passed < 290 {
		t.Errorf("%+v", k.receiver.Counters())
	}
}

// A packet that only says that there is no sound costs nothing, and its time passes.
func TestDiscontinuousTransmission(t *testing.T) {
	d := &loudness{}
	k := newTalk(d)
	for range 50 {
		k.say(NoAudioLevel, 20, 0, 0)
	}
	before, waiting := d.decoded, 3
	for i := range 200 {
		if heard := k.say(NoAudioLevel, 8); heard != Silence && i > waiting {
			t.Fatalf("packet %d is %v", i, heard)
		}
	}
	if n := d.decoded - before; n > waiting {
		t.Errorf("%d packets of silence decoded", n)
	}
	for i := range 20 {
		if heard := k.say(NoAudioLevel, 20, 0, 0); heard != Sound && i > waiting {
			t.Fatalf("packet %d after the pause is %v", i, heard)
		}
	}
	if c := k.receiver.Counters(); c.Lost != 0 || c.Resets != 0 || c.Late != 0 || d.recovered != 0 {
		t.Errorf("%+v, %d recovered", c, d.recovered)
	}
}

// Where stand-ins and sound meet there is no click.
func TestPassedOverJoinsWithoutClicks(t *testing.T) {
	k := newTalk(&steadyTone{at: 60}) // frames begin at the crest
	k.receiver.Want(-40)
	last, steepest := float32(0), float32(0)
	was := Silence
	for i := range 400 {
		told := uint8(70)
		if i%40 < 15 {
			told = 10
		}
		heard := k.say(told, told, 0, 0)
		for _, v := range k.frame {
			if was != Sound || heard != Sound { // elsewhere the steps are those of the packets
				steepest = max(steepest, v-last, last-v)
			}
			last = v
		}
		was = heard
	}
	if limit := float32(math.Pow(10, -0.5)) * 0.04; steepest > limit || k.receiver.Counters().Passed < 100 {
		t.Errorf("a step of %v, more than %v", steepest, limit)
	}
}

// steadyTone decodes packets like loudness, to a tone that goes on.
type steadyTone struct {
	loudness
	at int64
}

func (d *steadyTone) Decode(dst []float32, packet []byte) ([]float32, error) {
	amplitude := 2 * float32(math.Pow(10, -float64(packet[0])/20))
	for range codecs.FrameSamples {
		dst = append(dst, amplitude*tone(d.at))
		d.at++
	}
	return dst, nil
}

// BenchmarkPull is a packet pushed and pulled.
func BenchmarkPull(b *testing.B) {
	for _, c := range []struct {
		name string
		want float64
	}{{"decoded", -128}, {"passed over", -40}} {
		b.Run(c.name, func(b *testing.B) {
			k := newTalk(&measured{})
			k.receiver.Want(c.want)
			b.ReportAllocs()
			payload := []byte{70, 0, 0}
			for b.Loop() {
				k.say(70, payload...)
			}
		})
	}
}
