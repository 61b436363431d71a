package codectest

import (
	"errors"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

// Audio is an audio codec to test.
type Audio struct {
	NewEncoder func() (codecs.AudioEncoder, error)
	NewDecoder func() (codecs.AudioDecoder, error)
	// MinSNR is what a tone must reach after coding, in dB.
	MinSNR float64
	// MinConcealed is what a voice must reach with one packet in ten lost, in dB
	// against the whole stream.
	MinConcealed float64
	// Size is how many bytes a packet of 20 ms has, 0 if it varies.
	Size int
	// Live returns the open native handles; nil where there are none.
	Live func() int64
}

// RunAudio runs the suite.
func RunAudio(t *testing.T, a Audio) {
	tests := []struct {
		name string
		run  func(*testing.T, Audio)
	}{
		{"Tone", testTone},
		{"Duration", testDuration},
		{"Concealment", testConcealment},
		{"Fade", testFade},
		{"Damage", testAudioDamage},
		{"Closed", testAudioClosed},
		{"Allocations", testAudioAllocs},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handles := int64(0)
			if a.Live != nil {
				handles = a.Live()
			}
			test.run(t, a)
			if a.Live != nil && a.Live() != handles {
				t.Errorf("%d native handles leaked", a.Live()-handles)
			}
		})
	}
}

func (a Audio) open(t *testing.T) (codecs.AudioEncoder, codecs.AudioDecoder) {
	t.Helper()
	e, err := a.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.NewDecoder()
	if err != nil {
		e.Close()
		t.Fatal(err)
	}
	return e, d
}

// packets returns so many packets of a tone.
func packets(t *testing.T, e codecs.AudioEncoder, tone *Tone, count int) [][]byte {
	t.Helper()
	frame := make([]float32, codecs.FrameSamples)
	var all [][]byte
	for range count {
		tone.Next(frame)
		p, err := e.Encode([]byte("before"), frame)
		if err != nil {
			t.Fatal(err)
		}
		if string(p[:6]) != "before" {
			t.Fatal("Encode wrote before the end of dst")
		}
		all = append(all, p[6:])
	}
	return all
}

func testTone(t *testing.T, a Audio) {
	for _, frequency := range []float64{300, 440, 1000, 2500} {
		e, d := a.open(t)
		sound := make([]float32, 1, 1<<17)
		for _, p := range packets(t, e, &Tone{Frequency: frequency, Amplitude: 0.5}, 60) {
			if a.Size > 0 && len(p) != a.Size || len(p) == 0 || len(p) > 1276 {
				t.Fatalf("packet of %d bytes", len(p))
			}
			before := len(sound)
			var err error
			if sound, err = d.Decode(sound, p); err != nil {
				t.Fatal(err)
			}
			if n := len(sound) - before; n != codecs.FrameSamples || n != d.Duration(p) {
				t.Fatalf("%d samples, Duration %d, want %d", n, d.Duration(p), codecs.FrameSamples)
			}
		}
		snr, amplitude := ToneSNR(sound[20*codecs.FrameSamples:], frequency)
		if snr < a.MinSNR || amplitude < 0.4 || amplitude > 0.6 {
			t.Errorf("%.0f Hz: %.1f dB at amplitude %.2f, want %.1f dB at 0.5", frequency, snr, amplitude, a.MinSNR)
		}
		e.Close()
		d.Close()
	}
}

func testDuration(t *testing.T, a Audio) {
	e, d := a.open(t)
	defer e.Close()
	defer d.Close()
	if n := d.Duration(nil); n != 0 {
		t.Errorf("no packet: %d", n)
	}
	if n := d.Duration(make([]byte, 70000)); n != 0 {
		t.Errorf("70000 bytes: %d", n)
	}
	if _, err := e.Encode(nil, make([]float32, 100)); err == nil {
		t.Error("a frame of 100 samples was taken")
	}
	if _, err := d.Decode(nil, nil); !errors.Is(err, codecs.ErrCorrupt) {
		t.Errorf("no packet: %v", err)
	}
}

// testConcealment loses one packet in ten of a voice: the gaps must have the
// level of what was lost, and all of it be near to what a whole stream gives.
func testConcealment(t *testing.T, a Audio) {
	e, d := a.open(t)
	defer e.Close()
	defer d.Close()
	whole, err := a.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	e.SetLoss(10)
	voice := Voice{}
	frame := make([]float32, codecs.FrameSamples)
	var all [][]byte
	for range 100 {
		voice.Next(frame)
		p, err := e.Encode(nil, frame)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	var sound, want []float32
	for i, p := range all {
		before := len(sound)
		if want, err = whole.Decode(want, p); err != nil {
			t.Fatal(err)
		}
		lost := i%10 == 9 && i+1 < len(all)
		if lost {
			sound, err = d.Recover(sound, all[i+1], codecs.FrameSamples)
		} else {
			sound, err = d.Decode(sound, p)
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := len(sound) - before; n != codecs.FrameSamples {
			t.Fatalf("packet %d: %d samples", i, n)
		}
		if got, was := Level(sound[before:]), Level(want[before:]); lost && (got < 0.4*was || got > 1.6*was) {
			t.Errorf("gap at packet %d: level %.2f, was %.2f", i, got, was)
		}
	}
	if snr := SNR(sound, want); snr < a.MinConcealed {
		t.Errorf("%.1f dB with one packet in ten lost, want %.1f", snr, a.MinConcealed)
	} else {
		t.Logf("%.1f dB with one packet in ten lost", snr)
	}
	for _, n := range []int{0, 1, 119, 120, 121, 481, 960, 961, 2880, 4801} {
		got, err := d.Recover(make([]float32, 3), nil, n)
		if err != nil || len(got) != 3+n {
			t.Errorf("Recover of %d: %d samples, %v", n, len(got)-3, err)
		}
	}
}

func testFade(t *testing.T, a Audio) {
	e, d := a.open(t)
	defer e.Close()
	defer d.Close()
	for _, p := range packets(t, e, &Tone{Frequency: 440, Amplitude: 0.5}, 30) {
		if _, err := d.Decode(nil, p); err != nil {
			t.Fatal(err)
		}
	}
	var sound []float32
	for range 50 {
		var err error
		if sound, err = d.Recover(sound, nil, codecs.FrameSamples); err != nil {
			t.Fatal(err)
		}
	}
	if level := Level(sound[:codecs.FrameSamples]); level < 0.15 {
		t.Errorf("level %.3f at once", level)
	}
	if level := Level(sound[40*codecs.FrameSamples:]); level > 0.005 {
		t.Errorf("level %.3f after 800 ms", level)
	}
}

// testAudioDamage decodes damaged packets and junk.
func testAudioDamage(t *testing.T, a Audio) {
	e, d := a.open(t)
	defer e.Close()
	defer d.Close()
	random := rand.New(rand.NewPCG(3, 4))
	all := packets(t, e, &Tone{Frequency: 440, Amplitude: 0.5}, 10)
	var sound []float32
	for i := range 2000 {
		p := Damage(random, all[i%len(all)])
		if i%5 == 4 {
			p = make([]byte, random.IntN(300))
			for k := range p {
				p[k] = byte(random.Uint32())
			}
		}
		n := d.Duration(p)
		if n < 0 || n > 5760 {
			t.Fatalf("Duration %d", n)
		}
		var err error
		if i%7 == 6 {
			sound, err = d.Recover(sound[:0], p, codecs.FrameSamples)
		} else {
			sound, err = d.Decode(sound[:0], p)
		}
		if err != nil && !errors.Is(err, codecs.ErrCorrupt) {
			t.Fatal(err)
		}
	}
}

func testAudioClosed(t *testing.T, a Audio) {
	e, d := a.open(t)
	e.Close()
	e.Close()
	d.Close()
	d.Close()
	e.SetLoss(5)
	if _, err := e.Encode(nil, make([]float32, codecs.FrameSamples)); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("Encode after Close: %v", err)
	}
	if _, err := d.Decode(nil, []byte{1}); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("Decode after Close: %v", err)
	}
	if _, err := d.Recover(nil, nil, 960); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("Recover after Close: %v", err)
	}
}

func testAudioAllocs(t *testing.T, a Audio) {
	if sanitized {
		t.Skip("the address sanitizer allocates")
	}
	e, d := a.open(t)
	defer e.Close()
	defer d.Close()
	tone := Tone{Frequency: 440, Amplitude: 0.5}
	frame := make([]float32, codecs.FrameSamples)
	packet := make([]byte, 0, 2000)
	sound := make([]float32, 0, 2*codecs.FrameSamples)
	step := func() {
		tone.Next(frame)
		var err error
		if packet, err = e.Encode(packet[:0], frame); err != nil {
			t.Fatal(err)
		}
		if sound, err = d.Decode(sound[:0], packet); err != nil {
			t.Fatal(err)
		}
		if sound, err = d.Recover(sound[:0], packet, codecs.FrameSamples); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		step()
	}
	if n := testing.AllocsPerRun(50, step); n > 0 {
		t.Errorf("%v allocations for each frame", n)
	}
}
