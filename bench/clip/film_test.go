//go:build cgo

package clip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/codecs/native"
)

// record writes a caller's clip of 2 s at 25 pictures/s and his tone of the
// given length; 0 = no sound.
func record(t *testing.T, caller, width, height int, sound time.Duration) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	m, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: width, Height: height, Audio: sound > 0})
	if err != nil {
		t.Fatal(err)
	}
	v, err := clip.NewLibrary(native.Codecs()).Video(clip.VideoSpec{Caller: caller, Width: width, Height: height, FPS: 25})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range v.Units {
		if err := m.WriteVideo(u.Data, time.Duration(i)*40*time.Millisecond, u.Key); err != nil {
			t.Fatal(err)
		}
	}
	tone := clip.SoundSpec{Kind: clip.Tone, Caller: caller, Seconds: 9}.Samples()
	for i := range int(sound / (20 * time.Millisecond)) {
		if err := m.WriteAudio(tone[i*960:(i+1)*960], time.Duration(i)*20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode calls see with every picture of the clip.
func decode(t *testing.T, v *clip.Video, see func(i int, p *codecs.Picture)) {
	t.Helper()
	d, err := native.Codecs().NewVideoDecoder(codecs.H264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i, u := range v.Units {
		p, err := d.Decode(u.Data, 0)
		if err != nil || p == nil {
			t.Fatalf("picture %d: %v, %v", i, p, err)
		}
		see(i, p)
		p.Release()
	}
}

func hear(t *testing.T, s *clip.Sound) []float32 {
	t.Helper()
	d, err := native.Codecs().NewAudioDecoder(s.Codec)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var samples []float32
	for _, packet := range s.Packets {
		if samples, err = d.Decode(samples, packet); err != nil {
			t.Fatal(err)
		}
	}
	return samples
}

func TestFilm(t *testing.T) {
	handles, pictures := ffmpeg.Live(), codecs.PicturesLive()
	path := record(t, 5, 320, 240, 2*time.Second)
	lib := clip.NewLibrary(native.Codecs())
	read := 0
	lib.OnReading = func(r clip.Reading) error {
		if r.Length > 0 {
			read++
			if r.Length != 2*time.Second || r.Cut || r.File != path {
				t.Errorf("%+v", r)
			}
		}
		return nil
	}
	v, err := lib.Video(clip.VideoSpec{File: path, Width: 640, Height: 360})
	if err != nil {
		t.Fatal(err)
	}
	s, err := lib.Sound(clip.SoundSpec{File: path}, codecs.PCMU)
	if err != nil {
		t.Fatal(err)
	}
	if read != 1 {
		t.Errorf("read %d times", read)
	}
	if len(v.Units) != 60 || len(s.Packets) != 100 {
		t.Errorf("%d pictures, %d packets of sound, want 2 s of both", len(v.Units), len(s.Packets))
	}
	decode(t, v, func(i int, p *codecs.Picture) {
		if v.Units[i].Key != (i%18 == 0) {
			t.Errorf("picture %d: key %v", i, v.Units[i].Key)
		}
		inner := clip.Rect{X: 80, W: 480, H: 360}
		mean, _ := clip.CellColour(p, inner.Backdrop())
		if who, _ := clip.NearestCaller(mean); who != 5 {
			t.Errorf("picture %d: backdrop %v", i, mean)
		}
		for _, bar := range []clip.Rect{{W: 76, H: 360}, {X: 564, W: 76, H: 360}} {
			if mean, spread := clip.CellColour(p, bar); mean.Distance(clip.Colour{Y: 16, U: 128, V: 128}) > 3 || spread > 4 {
				t.Errorf("picture %d: bar of %v, spread %.1f", i, mean, spread)
			}
		}
		// 25 pictures/s at 30: the nearest in time.
		m, ok := clip.ReadMark(p, inner)
		if want := float64(i) * 25 / 30; !ok || m.Caller != 5 || math.Abs(float64(m.Picture)-want) > 0.51+1.0/6 {
			t.Errorf("picture %d shows %+v %v, want %.1f", i, m, ok, want)
		}
	})
	samples := hear(t, s)
	if l := clip.Goertzel(samples[4800:91200], clip.ToneOf(5)); math.Abs(l+20) > 1 {
		t.Errorf("tone at %.1f dBov, want -20", l)
	}
	if n := ffmpeg.Live() - handles; n != 0 {
		t.Errorf("%d native handles left", n)
	}
	if n := codecs.PicturesLive() - pictures; n != 0 {
		t.Errorf("%d pictures left", n)
	}
}

func TestFilmLengths(t *testing.T) {
	for _, test := range []struct {
		name    string
		sound   time.Duration
		seconds int
		want    time.Duration
		cut     bool
	}{
		{"pictures only", 0, 0, 2 * time.Second, false},
		{"sound longer", 3 * time.Second, 0, 3 * time.Second, false},
		{"sound shorter", 500 * time.Millisecond, 0, 2 * time.Second, false},
		{"cut", 9 * time.Second, 1, time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := record(t, 1, 128, 96, test.sound)
			lib := clip.NewLibrary(native.Codecs())
			var last clip.Reading
			lib.OnReading = func(r clip.Reading) error { last = r; return nil }
			v, err := lib.Video(clip.VideoSpec{File: path, Width: 128, Height: 96, Seconds: test.seconds})
			if err != nil {
				t.Fatal(err)
			}
			if want := int(test.want.Seconds() * 30); len(v.Units) != want || last.Cut != test.cut || last.Length != test.want {
				t.Errorf("%d pictures, want %d; %+v", len(v.Units), want, last)
			}
			// Read alone, the sound has the same length.
			s, err := clip.NewLibrary(native.Codecs()).Sound(clip.SoundSpec{File: path, Seconds: test.seconds}, codecs.PCMA)
			if test.sound == 0 {
				if !errors.Is(err, clip.ErrNoSound) {
					t.Errorf("sound of a file without: %v", err)
				}
				return
			}
			if err != nil || len(s.Packets) != int(test.want.Seconds()*50) {
				t.Errorf("%d packets, %v", len(s.Packets), err)
			}
		})
	}
}

// wav is a RIFF WAVE file of 16-bit stereo at 16 kHz with the samples on the left.
func wav(samples []float32) []byte {
	var b bytes.Buffer
	n := len(samples) / 3 * 4
	b.WriteString("RIFF")
	write := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // a Buffer takes all
		}
	}
	write(uint32(36 + n))
	b.WriteString("WAVEfmt ")
	write(uint32(16), uint16(1), uint16(2), uint32(16000), uint32(64000), uint16(4), uint16(16))
	b.WriteString("data")
	write(uint32(n))
	for i := 0; i+2 < len(samples); i += 3 {
		write(int16(samples[i]*32767), int16(0))
	}
	return b.Bytes()
}

func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWAV(t *testing.T) {
	path := save(t, "tone: 1.wav", wav(clip.SoundSpec{Kind: clip.Tone, Freq: 700}.Samples()))
	lib := clip.NewLibrary(native.Codecs())
	s, err := lib.Sound(clip.SoundSpec{File: path}, codecs.Opus)
	if err != nil {
		t.Fatal(err)
	}
	if l := clip.Goertzel(hear(t, s)[4800:], 700); math.Abs(l+26) > 2 { // one side of two
		t.Errorf("tone at %.1f dBov", l)
	}
	if _, err := lib.Video(clip.VideoSpec{File: path}); !errors.Is(err, clip.ErrNoPictures) {
		t.Errorf("pictures of a WAV: %v", err)
	}
}

// A picture alone is a film of one second; Y4M is what raw pictures come in.
func TestY4M(t *testing.T) {
	c := clip.Background(7)
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W96 H160 F30:1 Ip A1:1 C420mpeg2\nFRAME\n")
	b.Write(bytes.Repeat([]byte{c.Y}, 96*160))
	b.Write(bytes.Repeat([]byte{c.U}, 48*80))
	b.Write(bytes.Repeat([]byte{c.V}, 48*80))
	v, err := clip.NewLibrary(native.Codecs()).Video(clip.VideoSpec{File: save(t, "x.y4m", b.Bytes()), Width: 320, Height: 180})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Units) != 30 {
		t.Errorf("%d pictures", len(v.Units))
	}
	decode(t, v, func(i int, p *codecs.Picture) {
		mean, _ := clip.CellColour(p, clip.Rect{X: 110, Y: 4, W: 96, H: 172}) // 108 wide in the middle
		black, _ := clip.CellColour(p, clip.Rect{W: 100, H: 180})
		if mean.Distance(c) > 4 || black.Y > 20 {
			t.Errorf("picture %d: %v beside %v, want %v", i, mean, black, c)
		}
	})
}

func TestFilesThatCannotBePlayed(t *testing.T) {
	lib := clip.NewLibrary(native.Codecs())
	garbage := save(t, "garbage.mp4", bytes.Repeat([]byte{0x55, 0xaa, 0x13}, 10000))
	for path, want := range map[string]error{
		filepath.Join(t.TempDir(), "none.mp4"): fs.ErrNotExist, garbage: nil, t.TempDir(): nil, save(t, "empty.wav", nil): nil,
		"http://127.0.0.1:9/x.mp4": fs.ErrNotExist,
	} {
		_, err := lib.Video(clip.VideoSpec{File: path})
		_, err2 := lib.Sound(clip.SoundSpec{File: path}, codecs.Opus)
		if err == nil || err2 == nil || want != nil && (!errors.Is(err, want) || !errors.Is(err2, want)) {
			t.Errorf("%s: %v; %v", path, err, err2)
		}
	}
	if _, err := lib.Video(clip.VideoSpec{File: garbage, FPS: 24}); err == nil {
		t.Error("24 pictures/s taken")
	}
	if _, err := (clip.VideoSpec{File: garbage}).Draw(0); !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("drawn: %v", err)
	}
}

func TestReadingEnds(t *testing.T) {
	path := record(t, 1, 128, 96, 0)
	lib := clip.NewLibrary(native.Codecs())
	stop := errors.New("enough")
	lib.OnReading = func(r clip.Reading) error {
		if r.At > 0 {
			return stop
		}
		return nil
	}
	if _, err := lib.Video(clip.VideoSpec{File: path, Width: 128, Height: 96}); !errors.Is(err, stop) {
		t.Error(err)
	}
}
