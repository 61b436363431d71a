package clip

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"parley/codecs"
	"parley/codecs/fake"
)

func draw(t *testing.T, s VideoSpec, i int) *codecs.Picture {
	t.Helper()
	p, err := s.Draw(i)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

func TestColoursAreApart(t *testing.T) {
	for i := range Callers {
		for j := range i {
			if d := Background(i).Distance(Background(j)); d < 2*recognised {
				t.Errorf("callers %d and %d are %.0f apart", i, j, d)
			}
		}
	}
	for _, c := range []Colour{{16, 128, 128}, {128, 128, 128}, {235, 128, 128}, {30, 135, 125}} {
		if caller, d := NearestCaller(c); caller != -1 {
			t.Errorf("%v taken for caller %d at %.0f", c, caller, d)
		}
	}
}

func TestBackdropAndMarkOfEverySize(t *testing.T) {
	for _, size := range [][2]int{{1920, 1080}, {1280, 720}, {640, 480}, {640, 360}, {360, 640}, {176, 144}} {
		for caller := range Callers {
			s := VideoSpec{Caller: caller, Width: size[0], Height: size[1], Noise: 6, Seed: 7}
			p := draw(t, s, 37)
			mean, spread := CellColour(p, Whole(p).Backdrop())
			if got, d := NearestCaller(mean); got != caller || d > 3 {
				t.Errorf("%v: backdrop %v is of caller %d (%.1f), want %d", size, mean, got, d, caller)
			}
			if spread > 6 {
				t.Errorf("%v: backdrop spread %.1f", size, spread)
			}
			if m, ok := ReadMark(p, Whole(p)); !ok || m != (Mark{caller, 37}) {
				t.Errorf("%v: mark %+v %v, want %d 37", size, m, ok, caller)
			}
		}
	}
}

func TestMarkIsNotSeenWhereThereIsNone(t *testing.T) {
	p := draw(t, VideoSpec{Style: Person, Name: "Ada", Caller: 3}, 0)
	if m, ok := ReadMark(p, Whole(p)); ok {
		t.Errorf("read %+v in a picture without a mark", m)
	}
	q := draw(t, VideoSpec{Caller: 3}, 5)
	if m, ok := ReadMark(q, Whole(q).Part(0.1, 0, 1, 1)); ok {
		t.Errorf("read %+v in the wrong rectangle", m)
	}
}

func TestDrawIsReproducible(t *testing.T) {
	s := VideoSpec{Style: Person, Name: "Grace", Talking: true, Noise: 5, Seed: 1, Width: 640, Height: 360}
	a, b := draw(t, s, 9), draw(t, s, 9)
	if string(a.Y) != string(b.Y) || string(a.U) != string(b.U) {
		t.Error("equal specs gave different pictures")
	}
	s.Seed = 2
	if c := draw(t, s, 9); string(a.Y) == string(c.Y) {
		t.Error("another seed gave the same noise")
	}
}

func TestTonesAndLevels(t *testing.T) {
	for caller := range Callers {
		samples := SoundSpec{Kind: Tone, Caller: caller}.Samples()
		if l := Goertzel(samples, ToneOf(caller)); math.Abs(l+20) > 0.1 {
			t.Errorf("caller %d: own tone at %.1f dBov, want -20", caller, l)
		}
		for other := range Callers {
			if l := Goertzel(samples, ToneOf(other)); other != caller && l > -80 {
				t.Errorf("caller %d's tone heard at %.1f dBov as caller %d's", caller, l, other)
			}
		}
	}
	if l := Goertzel(make([]float32, 960), 440); l != Quiet {
		t.Errorf("silence at %.1f", l)
	}
	full := make([]float32, codecs.SampleRate)
	for i := range full {
		full[i] = float32(1 - 2*(i&1))
	}
	if l := Level(full); math.Abs(l) > 0.01 {
		t.Errorf("full-scale square wave at %.2f dBov, want 0", l)
	}
	for _, k := range []SoundKind{Speech, Noise} {
		if l := Level(SoundSpec{Kind: k}.Samples()); math.Abs(l+20) > 1 {
			t.Errorf("kind %d at %.1f dBov, want -20", k, l)
		}
	}
	cough := SoundSpec{Kind: Cough}.Samples()
	if l := Level(cough[codecs.SampleRate/2:]); l != Quiet {
		t.Errorf("after the cough: %.1f", l)
	}
}

// countingCodecs counts encoders and makes one-byte access units.
func countingCodecs(made *atomic.Int32) codecs.Set {
	return codecs.Set{
		NewVideoEncoder: func(string, codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			made.Add(1)
			return &countingEncoder{}, nil
		},
		NewAudioEncoder: func(name string, _ int) (codecs.AudioEncoder, error) {
			return nil, codecs.ErrUnsupported
		},
	}
}

type countingEncoder struct{ n byte }

func (e *countingEncoder) Encode(_ *codecs.Picture, key bool) (codecs.AccessUnit, error) {
	e.n++
	return codecs.AccessUnit{Data: []byte{e.n - 1}, Key: key}, nil
}
func (*countingEncoder) SetBitrate(int) error { return nil }
func (*countingEncoder) Close()               {}

func TestLibraryEncodesOnce(t *testing.T) {
	var made atomic.Int32
	lib := NewLibrary(countingCodecs(&made))
	var wg sync.WaitGroup
	for range 9 {
		wg.Go(func() {
			v, err := lib.Video(VideoSpec{Width: 64, Height: 64})
			if err != nil || len(v.Units) != 60 || !v.Units[0].Key || v.Units[59].Data[0] != 59 {
				t.Errorf("%v, %d units", err, len(v.Units))
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d encoders for nine equal clips", made.Load())
	}
	if _, err := lib.Video(VideoSpec{Width: 65, Height: 64}); err == nil {
		t.Error("odd width taken")
	}
	if _, err := lib.Sound(SoundSpec{}, "nothing"); !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("unknown codec: %v", err)
	}
}

func TestPlayerRestartsAtAnIDR(t *testing.T) {
	var made atomic.Int32
	lib := NewLibrary(countingCodecs(&made))
	v, err := lib.Video(VideoSpec{Width: 64, Height: 64, FPS: 4, Seconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlayer(v, nil)
	keyAt := map[int]bool{1: true, 5: true, 6: true}
	want := []byte{0, 1, 0, 1, 2, 0, 1, 0, 1, 2, 3, 0}
	for i, w := range want {
		if got := p.Next(i, keyAt[i], false).Data[0]; got != w {
			t.Fatalf("access unit %d is number %d of the clip, want %d", i, got, w)
		}
	}
}

// A file goes on with the time, and after a gap waits for its next IDR.
func TestPlayerOfAFile(t *testing.T) {
	v := &Video{Spec: VideoSpec{File: "x"}}
	for i := range 6 {
		v.Units = append(v.Units, codecs.AccessUnit{Data: []byte{byte(i)}, Key: i%3 == 0})
	}
	p := NewPlayer(v, nil)
	const none = -1
	for _, c := range [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {5, none}, {6, 0}, {7, 1}, {9, 3}, {10, 4}, {10, none}, {11, 5}, {12, 0}, {20, none}, {21, 3}} {
		got := none
		if u := p.Next(c[0], true, true); len(u.Data) > 0 {
			got = int(u.Data[0])
		}
		if got != c[1] {
			t.Fatalf("at %d number %d, want %d", c[0], got, c[1])
		}
	}
}

func TestLowestLevel(t *testing.T) {
	for _, c := range []struct{ w, h, fps, want int }{
		{1280, 720, 30, 31}, {1920, 1080, 30, 40}, {640, 360, 30, 30}, {352, 288, 30, 13}, {1920, 1080, 60, 42}, {360, 640, 15, 22},
	} {
		if got := lowestLevel(c.w, c.h, c.fps); got != c.want {
			t.Errorf("%dx%d@%d: level %d, want %d", c.w, c.h, c.fps, got, c.want)
		}
	}
}

// Levels are those of the samples in each packet.
func TestSoundLevels(t *testing.T) {
	lib := NewLibrary(fake.Codecs())
	for _, test := range []struct {
		spec SoundSpec
		want uint8
	}{{SoundSpec{Kind: Tone, Freq: 500, Level: -33}, 33}, {SoundSpec{}, 127}, {SoundSpec{Kind: Noise, Level: -20}, 20}} {
		s, err := lib.Sound(test.spec, codecs.Opus)
		if err != nil || len(s.Levels) != len(s.Packets) {
			t.Fatalf("%d levels of %d packets, %v", len(s.Levels), len(s.Packets), err)
		}
		for i, level := range s.Levels {
			if level+1 < test.want || level > test.want+1 {
				t.Errorf("%+v: packet %d at -%d dBov", test.spec, i, level)
			}
		}
	}
}
