package clip

import (
	"testing"

	"parley/codecs"
)

func TestMarkedPerson(t *testing.T) {
	for _, size := range [][2]int{{1280, 720}, {996, 560}, {320, 180}} {
		for _, talking := range []bool{false, true} {
			s := VideoSpec{
				Caller: 5, Style: Person, Name: "Emmy", Talking: talking, Marked: true, Width: size[0], Height: size[1], Noise: 6,
			}
			p := draw(t, s, 59)
			want := Mark{Caller: 5, Picture: 59}
			if talking {
				want.Picture += 128
			}
			if m, ok := ReadMark(p, Whole(p)); !ok || m != want || s.MarkOf(59) != want {
				t.Errorf("%v, talking %v: %+v %v, want %+v", size, talking, m, ok, want)
			}
			// A name over the foot leaves the one above the head.
			canvas{p}.rect(Whole(p).Part(0, 0.75, 1, 1), Colour{90, 128, 128})
			if m, ok := ReadMark(p, Whole(p)); !ok || m != want {
				t.Errorf("%v, talking %v, foot covered: %+v %v, want %+v", size, talking, m, ok, want)
			}
		}
	}
}

func TestBeeps(t *testing.T) {
	s := SoundSpec{Kind: Speech, Caller: 2, Level: -26, Seconds: 2, Beeps: true}
	samples := s.Samples()
	for second := range 2 {
		at := second * codecs.SampleRate
		if v := Goertzel(samples[at:at+BeepSamples], BeepFreq); v < -28 || v > -24 {
			t.Errorf("second %d: beep of %.1f dBov", second, v)
		}
		for n := at + 2*BeepSamples; n < at+codecs.SampleRate-BeepSamples; n += BeepSamples {
			if v := Goertzel(samples[n:n+BeepSamples], BeepFreq); v > -60 {
				t.Fatalf("%.1f dBov between the beeps at sample %d", v, n)
			}
		}
	}
}
