package g711

import (
	"math"
	"slices"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

func TestConformance(t *testing.T) {
	for name, law := range map[string]Law{codecs.PCMU: MuLaw, codecs.PCMA: ALaw} {
		t.Run(name, func(t *testing.T) {
			codectest.RunAudio(t, codectest.Audio{
				NewEncoder: func() (codecs.AudioEncoder, error) { return NewEncoder(law), nil },
				NewDecoder: func() (codecs.AudioDecoder, error) { return NewDecoder(law), nil },
				MinSNR:     30, MinConcealed: 15, Size: 160,
			})
		})
	}
}

// TestTables compares with values of ITU-T G.711 tables 1a to 2b, scaled to 16 bits.
func TestTables(t *testing.T) {
	tests := []struct {
		law    Law
		code   byte
		sample int16
	}{
		{MuLaw, 0x00, -32124},
		{MuLaw, 0x80, 32124},
		{MuLaw, 0xFF, 0},
		{MuLaw, 0x7F, 0},
		{MuLaw, 0xFE, 8},
		{MuLaw, 0x8F, 16764},
		{MuLaw, 0x0F, -16764},
		{ALaw, 0xD5, 8},
		{ALaw, 0x55, -8},
		{ALaw, 0xAA, 32256},
		{ALaw, 0x2A, -32256},
		{ALaw, 0xC5, 264},
		{ALaw, 0xD4, 24},
	}
	for _, test := range tests {
		if got := test.law.decode(test.code); got != test.sample {
			t.Errorf("law %d, code %#x: %d, want %d", test.law, test.code, got, test.sample)
		}
	}
}

// TestNearest: every sample gets the code that stands nearest to it.
func TestNearest(t *testing.T) {
	for _, law := range []Law{MuLaw, ALaw} {
		var values []int
		for code := range 256 {
			if back := law.encode(law.decode(byte(code))); back != byte(code) && !(law == MuLaw && code == 0x7F) {
				t.Errorf("law %d: code %#x came back as %#x", law, code, back)
			}
			values = append(values, int(law.decode(byte(code))))
		}
		slices.Sort(values)
		for v := -32768; v <= 32767; v++ {
			got := int(law.decode(law.encode(int16(v))))
			at, _ := slices.BinarySearch(values, v)
			best := values[min(at, 255)]
			if low := values[max(at-1, 0)]; abs(low-v) < abs(best-v) {
				best = low
			}
			// The standard's decision values lie midway, but for the first of a
			// segment, and are rounded to its lower resolution.
			if abs(got-v) > abs(best-v)+max(16, abs(v)/50) {
				t.Fatalf("law %d: %d became %d, nearest is %d", law, v, got, best)
			}
		}
	}
}

func abs(v int) int { return max(v, -v) }

func TestClipping(t *testing.T) {
	for v, want := range map[float32]int16{2: 32767, -2: -32768, 1: 32767, 0.5: 16384, -0.5: -16384, float32(math.NaN()): 0} {
		if got := quantise(v); got != want {
			t.Errorf("%v: %d, want %d", v, got, want)
		}
	}
}

// TestStopBand: what cannot be carried is gone, not folded down.
func TestStopBand(t *testing.T) {
	for _, frequency := range []float64{4600, 6000, 12000, 20000} {
		d := NewDecimator(factor, passBand)
		tone := codectest.Tone{Frequency: frequency, Amplitude: 0.5}
		frame := make([]float32, 4800)
		tone.Next(frame)
		if level := codectest.Level(d.Append(nil, frame)[24:]); level > 0.35*0.003 {
			t.Errorf("%.0f Hz: level %.5f", frequency, level)
		}
		in := NewInterpolator(factor, passBand)
		narrow := make([]float32, 800)
		for i := range narrow {
			narrow[i] = float32(0.5 * math.Sin(2*math.Pi*1000*float64(i)/Rate))
		}
		if snr, amplitude := codectest.ToneSNR(in.Append(nil, narrow)[144:], 1000); snr < 45 || math.Abs(amplitude-0.5) > 0.01 {
			t.Errorf("image of 1 kHz: %.1f dB, amplitude %.3f", snr, amplitude)
		}
	}
}

// TestAnyPieces: a stream may be cut anywhere.
func TestAnyPieces(t *testing.T) {
	sound := make([]float32, 4800)
	(&codectest.Tone{Frequency: 700, Amplitude: 0.5}).Next(sound)
	whole := NewDecimator(factor, passBand).Append(nil, sound)
	d := NewDecimator(factor, passBand)
	var pieces []float32
	for at, n := 0, 1; at < len(sound); n++ {
		end := min(at+n, len(sound))
		pieces = d.Append(pieces, sound[at:end])
		at = end
	}
	if !slices.Equal(whole, pieces) || len(whole) != 800 {
		t.Errorf("%d and %d samples", len(whole), len(pieces))
	}
}

// TestConcealerContinuity: a gap makes no step larger than the tone itself does.
func TestConcealerContinuity(t *testing.T) {
	for _, rate := range []int{8000, 16000, 24000} {
		c := NewConcealer(rate)
		frame := rate / 50
		var sound []float32
		at, steepest := 0, 0.0
		tone := func() []float32 {
			s := make([]float32, frame)
			for i := range s {
				s[i] = float32(0.5 * math.Sin(2*math.Pi*210*float64(at)/float64(rate)))
				at++
			}
			return s
		}
		steepest = 0.5 * 2 * math.Pi * 210 / float64(rate)
		for n := range 40 {
			s := tone()
			if n == 10 || n == 20 || n == 21 || n >= 30 && n < 34 {
				c.Conceal(s)
			} else {
				c.Received(s)
			}
			sound = append(sound, s...)
		}
		for i := 1; i < len(sound); i++ {
			if step := math.Abs(float64(sound[i] - sound[i-1])); step > 1.6*steepest {
				t.Errorf("%d Hz: step of %.3f at %.1f ms, the tone has %.3f", rate, step, 1000*float64(i)/float64(rate), steepest)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e := NewEncoder(ALaw)
	frame := make([]float32, codecs.FrameSamples)
	(&codectest.Tone{Frequency: 440, Amplitude: 0.5}).Next(frame)
	var packet []byte
	for b.Loop() {
		packet, _ = e.Encode(packet[:0], frame)
	}
}

func BenchmarkDecode(b *testing.B) {
	d := NewDecoder(ALaw)
	packet := make([]byte, 160)
	var sound []float32
	for b.Loop() {
		sound, _ = d.Decode(sound[:0], packet)
	}
}

func BenchmarkConceal(b *testing.B) {
	c := NewConcealer(16000)
	sound := make([]float32, 320)
	for i := range sound {
		sound[i] = float32(i % 80)
	}
	for b.Loop() {
		c.Received(sound)
		c.Received(sound)
		c.Conceal(sound)
	}
}

func TestLevel(t *testing.T) {
	for _, law := range []Law{MuLaw, ALaw} {
		for _, want := range []float64{-6, -20, -40, -55, -127} {
			e, d := NewEncoder(law), NewDecoder(law)
			tone := codectest.Tone{Frequency: 1000, Amplitude: math.Sqrt2 * math.Pow(10, want/20)}
			frame := make([]float32, codecs.FrameSamples)
			var packet []byte
			for range 3 { // the filter settles
				tone.Next(frame)
				var err error
				if packet, err = e.Encode(packet[:0], frame); err != nil {
					t.Fatal(err)
				}
			}
			if got := d.Level(packet); math.Abs(got-want) > 1.5 {
				t.Errorf("law %d: level %.1f of a tone of %.0f dBov", law, got, want)
			}
			if got := d.Level(nil); got != -127 {
				t.Errorf("law %d: level %.1f of nothing", law, got)
			}
			if n := testing.AllocsPerRun(10, func() { d.Level(packet) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		}
	}
}
