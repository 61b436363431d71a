//go:build cgo

package x264_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

func TestConformance(t *testing.T) {
	codectest.RunVideo(t, codectest.Video{
		NewEncoder: func(c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) { return x264.New(c) },
		NewDecoder: func() (codecs.VideoDecoder, error) { return ffmpeg.NewH264Decoder() },
		MinPSNR:    30, Rated: true,
		Live: func() int64 { return x264.Live() + ffmpeg.Live() },
	})
}

// clip encodes so many pictures of the scene.
func clip(t testing.TB, c codecs.VideoEncoderConfig, pictures int) []byte {
	t.Helper()
	e, err := x264.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	var stream []byte
	for n := range pictures {
		codectest.Scene(p, n)
		unit, err := e.Encode(p, false)
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, unit.Data...)
	}
	return stream
}

// TestStreamParameters lets ffprobe read what the parameter sets say.
func TestStreamParameters(t *testing.T) {
	tool, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Fatal("the program ffprobe is not installed: run make deps")
	}
	names := map[codecs.Profile]string{codecs.ConstrainedBaseline: "Constrained Baseline", codecs.Main: "Main", codecs.High: "High"}
	for profile, name := range names {
		for _, level := range []int{31, 32, 40, 52} {
			c := codecs.VideoEncoderConfig{Width: 640, Height: 360, FPS: 30, Bitrate: 1_000_000, Profile: profile, Level: level}
			path := filepath.Join(t.TempDir(), "clip.h264")
			if err := os.WriteFile(path, clip(t, c, 5), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool, "-v", "error", "-count_frames", "-of", "default=nw=1", "-show_entries",
				"stream=profile,level,has_b_frames,width,height,nb_read_frames,refs,pix_fmt", path).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{
				"profile=" + name, fmt.Sprintf("level=%d", level), "has_b_frames=0",
				"width=640", "height=360", "nb_read_frames=5", "refs=1", "pix_fmt=yuv420p",
			} {
				if !strings.Contains(string(out)+"\n", want+"\n") {
					t.Errorf("%v, level_idc %d: no %q in\n%s", profile, level, want, out)
				}
			}
		}
	}
}

// TestParameterSets reads the first bytes of the SPS and counts NAL units.
func TestParameterSets(t *testing.T) {
	heads := map[codecs.Profile][2]byte{
		codecs.ConstrainedBaseline: {66, 0xC0}, // constraint_set0 and 1
		codecs.Main:                {77, 0x40}, // constraint_set1
		codecs.High:                {100, 0},
	}
	for profile, head := range heads {
		c := codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000, Profile: profile, Level: 31}
		units := codectest.NALUnits(clip(t, c, 3))
		var types []byte
		for _, u := range units {
			types = append(types, u[0]&31)
		}
		if !bytes.Equal(types, []byte{7, 8, 5, 1, 1}) {
			t.Fatalf("%v: NAL unit types %v", profile, types)
		}
		if sps := units[0]; sps[1] != head[0] || sps[2] != head[1] || sps[3] != 31 {
			t.Errorf("%v: SPS begins % x", profile, sps[1:4])
		}
	}
}

// TestStitchable: parameter sets do not depend on what the encoder has seen or
// on its rate, so that slices of several encoders fit one stream.
func TestStitchable(t *testing.T) {
	c := codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000, Level: 31}
	a := codectest.NALUnits(clip(t, c, 1))
	c.Bitrate = 1_500_000
	b := codectest.NALUnits(clip(t, c, 1))
	if !bytes.Equal(a[0], b[0]) || !bytes.Equal(a[1], b[1]) {
		t.Errorf("SPS % x and % x, PPS % x and % x", a[0], b[0], a[1], b[1])
	}
}

func TestLevels(t *testing.T) {
	tests := []struct {
		width, height, fps, level int
		want                      bool
	}{
		{1280, 720, 30, 31, true},
		{1280, 720, 60, 31, false},
		{1280, 720, 60, 32, true},
		{1920, 1080, 30, 31, false},
		{1920, 1080, 30, 40, true},
		{352, 288, 30, 13, true},
		{352, 288, 30, 12, false},
		{3840, 2160, 30, 51, true},
		{3840, 2160, 30, 0, true},
		{1280, 720, 30, 99, false},
		{4096, 16, 30, 31, false}, // wider than the square root of 8*MaxFS
	}
	for _, test := range tests {
		e, err := x264.New(codecs.VideoEncoderConfig{
			Width: test.width, Height: test.height, FPS: test.fps, Bitrate: 1_000_000, Level: test.level,
		})
		if (err == nil) != test.want || err != nil && !errors.Is(err, codecs.ErrUnsupported) {
			t.Errorf("%+v: %v", test, err)
		}
		if err == nil {
			e.Close()
		}
	}
	for _, c := range []codecs.VideoEncoderConfig{
		{Width: 320, Height: 192, FPS: 0, Bitrate: 1_000_000},
		{Width: 320, Height: 192, FPS: 30, Bitrate: 0},
		{Width: 320, Height: 192, FPS: 30, Bitrate: 1_000_000, Preset: "nosuch"},
		{Width: 320, Height: 192, FPS: 30, Bitrate: 1_000_000, Preset: strings.Repeat("x", 100)},
		{Width: 320, Height: 192, FPS: 30, Bitrate: 1_000_000, Profile: 9},
	} {
		if e, err := x264.New(c); !errors.Is(err, codecs.ErrUnsupported) {
			t.Errorf("%+v: %v", c, err)
			e.Close()
		}
	}
	if n := x264.Live(); n != 0 {
		t.Errorf("%d encoders leaked", n)
	}
}

// TestShortPlanes: no plane is read past its end.
func TestShortPlanes(t *testing.T) {
	e, err := x264.New(codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i := range 5 {
		p := codecs.NewPicture(320, 192)
		switch i {
		case 0:
			p.Y = p.Y[:p.StrideY*191+319]
		case 1:
			p.U = p.U[:p.StrideUV*95+159]
		case 2:
			p.V = nil
		case 3:
			p.StrideY = 319
		case 4:
			p.StrideUV = -160
		}
		if _, err := e.Encode(p, false); !errors.Is(err, codecs.ErrUnsupported) {
			t.Errorf("case %d: %v", i, err)
		}
		p.Release()
	}
}

func BenchmarkEncode720p(b *testing.B) {
	c := codecs.VideoEncoderConfig{Width: 1280, Height: 720, FPS: 30, Bitrate: 1_500_000, Level: 31}
	e, err := x264.New(c)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var scene [8]*codecs.Picture
	for n := range scene {
		scene[n] = codecs.NewPicture(c.Width, c.Height)
		defer scene[n].Release()
		codectest.Scene(scene[n], n)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := e.Encode(scene[n%len(scene)], false); err != nil {
			b.Fatal(err)
		}
	}
}
