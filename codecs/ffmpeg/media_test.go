//go:build cgo

package ffmpeg_test

import (
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

// noLeaks fails the test if it leaves pictures or native handles behind.
func noLeaks(t *testing.T) {
	t.Helper()
	handles, pictures := ffmpeg.Live()+x264.Live(), codecs.PicturesLive()
	t.Cleanup(func() {
		if n := ffmpeg.Live() + x264.Live() - handles; n != 0 {
			t.Errorf("%d native handles leaked", n)
		}
		if n := codecs.PicturesLive() - pictures; n != 0 {
			t.Errorf("%d pictures leaked", n)
		}
	})
}

// record writes two seconds of the scene, the second of another size, and a tone.
func record(t *testing.T, path string, audio bool) {
	t.Helper()
	m, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: 320, Height: 192, Audio: audio})
	if err != nil {
		t.Fatal(err)
	}
	tone := codectest.Tone{Frequency: 440, Amplitude: 0.5}
	frame := make([]float32, codecs.FrameSamples)
	if audio {
		for n := range 100 {
			tone.Next(frame)
			if err := m.WriteAudio(frame, time.Duration(n)*20*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	}
	for part, size := range [][2]int{{320, 192}, {640, 360}} {
		e, err := x264.New(codecs.VideoEncoderConfig{Width: size[0], Height: size[1], FPS: 25, Bitrate: 2_000_000})
		if err != nil {
			t.Fatal(err)
		}
		p := codecs.NewPicture(size[0], size[1])
		for n := range 25 {
			if n == 1 && part == 0 {
				continue // a picture was skipped
			}
			codectest.Scene(p, n)
			unit, err := e.Encode(p, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.WriteVideo(unit.Data, time.Duration(25*part+n)*40*time.Millisecond, unit.Key); err != nil {
				t.Fatal(err)
			}
		}
		p.Release()
		e.Close()
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestMuxerAndReader(t *testing.T) {
	noLeaks(t)
	path := filepath.Join(t.TempDir(), "call.mp4")
	record(t, path, true)
	r, err := ffmpeg.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !r.HasVideo() || !r.HasAudio() {
		t.Fatalf("video %v, audio %v", r.HasVideo(), r.HasAudio())
	}
	for round := range 3 {
		pictures := 0
		var sound []float32
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.Picture == nil {
				if len(m.Sound) != codecs.FrameSamples {
					t.Fatalf("frame of %d samples", len(m.Sound))
				}
				if want := time.Duration(len(sound)) * time.Second / codecs.SampleRate; (m.PTS - want).Abs() > 25*time.Millisecond {
					t.Errorf("sound at %v, want %v", m.PTS, want)
				}
				sound = append(sound, m.Sound...)
				continue
			}
			n := pictures
			if n > 0 {
				n++ // one was skipped
			}
			if want := time.Duration(n) * 40 * time.Millisecond; (m.PTS - want).Abs() > time.Millisecond {
				t.Errorf("round %d: picture %d at %v, want %v", round, n, m.PTS, want)
			}
			wantWidth := 320
			if n >= 25 {
				wantWidth = 640
			}
			if m.Picture.Width != wantWidth {
				t.Errorf("picture %d: width %d, want %d", n, m.Picture.Width, wantWidth)
			}
			want := codecs.NewPicture(m.Picture.Width, m.Picture.Height)
			codectest.Scene(want, n%25)
			if q := codectest.PSNR(want, m.Picture); q < 30 {
				t.Errorf("picture %d: %.1f dB", n, q)
			}
			want.Release()
			m.Picture.Release()
			pictures++
		}
		if pictures != 49 {
			t.Errorf("round %d: %d pictures, want 49", round, pictures)
		}
		if len(sound) < 2*codecs.SampleRate-2*codecs.FrameSamples {
			t.Errorf("round %d: %d samples", round, len(sound))
		} else if snr, amplitude := codectest.ToneSNR(sound[9600:86400], 440); snr < 20 || math.Abs(amplitude-0.5) > 0.1 {
			t.Errorf("round %d: tone at %.1f dB, amplitude %.2f", round, snr, amplitude)
		}
		if err := r.Rewind(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMuxerOrder(t *testing.T) {
	noLeaks(t)
	path := filepath.Join(t.TempDir(), "call.mp4")
	m, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: 320, Height: 192, Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WriteVideo([]byte{0, 0, 1, 0x65, 1, 2, 3}, 0, true); !errors.Is(err, codecs.ErrCorrupt) {
		t.Errorf("key frame without parameter sets: %v", err)
	}
	if err := m.WriteAudio(make([]float32, 960), 0); err != nil {
		t.Error(err)
	}
	if err := m.Close(); !errors.Is(err, ffmpeg.ErrNoPicture) {
		t.Errorf("Close: %v", err)
	}
	if err := m.WriteVideo([]byte{1}, 0, true); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("WriteVideo after Close: %v", err)
	}
	if err := m.WriteAudio(nil, 0); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("WriteAudio after Close: %v", err)
	}
	if _, err := ffmpeg.NewMP4(filepath.Join(t.TempDir(), "no", "such", "folder.mp4"), ffmpeg.MP4Config{Audio: true}); err == nil {
		t.Error("a file in no folder was created")
	}
}

// TestForeignPlayer lets the ffmpeg program judge a recording.
func TestForeignPlayer(t *testing.T) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("the program ffmpeg is not installed: run make deps")
	}
	path := filepath.Join(t.TempDir(), "call.mp4")
	record(t, path, true)
	out, err := exec.Command(tool, "-v", "error", "-xerror", "-i", path, "-f", "null", "-").CombinedOutput()
	if text := strings.TrimSpace(string(out)); err != nil || strings.Contains(text, "rror") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestReaderFormats(t *testing.T) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("the program ffmpeg is not installed: run make deps")
	}
	noLeaks(t)
	tests := []struct {
		name         string
		args         []string
		video, audio bool
	}{
		{"a.y4m", []string{"-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1", "-pix_fmt", "yuv444p"}, true, false},
		{"a.mkv", []string{
			"-f", "lavfi", "-i", "testsrc=size=162x122:rate=10:duration=1", "-f", "lavfi", "-i", "sine=440:sample_rate=44100:duration=1",
			"-c:v", "libx264", "-pix_fmt", "yuv422p", "-c:a", "flac",
		}, true, true},
		{"a.wav", []string{"-f", "lavfi", "-i", "sine=440:sample_rate=8000:duration=1", "-ac", "2"}, false, true},
		{"a.h264", []string{"-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1", "-c:v", "libx264", "-pix_fmt", "yuv420p"}, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.name)
			args := append(append([]string{"-v", "error", "-y"}, test.args...), path)
			if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
				t.Fatalf("ffmpeg cannot make it: %v\n%s", err, out)
			}
			r, err := ffmpeg.OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if r.HasVideo() != test.video || r.HasAudio() != test.audio {
				t.Errorf("video %v, audio %v", r.HasVideo(), r.HasAudio())
			}
			for range 2 {
				pictures, samples := 0, 0
				var sound []float32
				for {
					m, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if m.Picture != nil {
						pictures++
						m.Picture.Release()
					}
					sound = append(sound, m.Sound...)
					samples += len(m.Sound)
				}
				if test.video && pictures != 10 || test.audio && (samples < 47000 || samples > 49000) {
					t.Errorf("%d pictures, %d samples", pictures, samples)
				}
				if test.audio && codectest.Level(sound) < 0.02 {
					t.Errorf("level %.3f", codectest.Level(sound))
				}
				if err := r.Rewind(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	junk := filepath.Join(t.TempDir(), "junk.mp4")
	if err := os.WriteFile(junk, []byte("no media at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ffmpeg.OpenReader(junk); err == nil {
		t.Error("junk was opened")
	}
}
