//go:build cgo

package ffmpeg_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

// units returns the access units of so many pictures of the scene.
func units(t testing.TB, c codecs.VideoEncoderConfig, pictures int) [][]byte {
	t.Helper()
	e, err := x264.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	var all [][]byte
	for n := range pictures {
		codectest.Scene(p, n)
		unit, err := e.Encode(p, false)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(unit.Data))
	}
	return all
}

// foreign returns a stream of one picture of the ffmpeg program's own encoder.
func foreign(t *testing.T, args ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("the program ffmpeg is not installed: run make deps")
	}
	path := filepath.Join(t.TempDir(), "clip.h264")
	args = append(append([]string{"-v", "error", "-y", "-f", "lavfi", "-i"}, args...), "-frames:v", "1", "-c:v", "libx264", path)
	if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg cannot make it: %v\n%s", err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestUnsupportedStreams(t *testing.T) {
	noLeaks(t)
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	good := units(t, codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000}, 1)[0]
	for _, args := range [][]string{
		{"testsrc=size=320x192", "-pix_fmt", "yuv422p"},
		{"testsrc=size=320x192", "-pix_fmt", "yuv444p"},
		{"testsrc=size=320x192", "-pix_fmt", "yuv420p10le"},
		{"color=size=8192x4320", "-pix_fmt", "yuv420p", "-preset", "ultrafast"},
		{"color=size=4096x2400", "-pix_fmt", "yuv420p", "-preset", "ultrafast"},
		{"color=size=4608x64", "-pix_fmt", "yuv420p", "-preset", "ultrafast"},
	} {
		p, err := d.Decode(foreign(t, args...), 0)
		if p != nil || !errors.Is(err, codecs.ErrUnsupported) {
			t.Errorf("%v: %v, %v", args, p, err)
			p.Release()
		}
		p, err = d.Decode(good, 0)
		if err != nil || p == nil {
			t.Fatalf("after %v: %v, %v", args, p, err)
		}
		p.Release()
	}
	p, err := d.Decode(foreign(t, "color=size=4096x2304", "-pix_fmt", "yuvj420p", "-preset", "ultrafast"), 0)
	if err != nil || p == nil || p.Width != 4096 || p.Height != 2304 {
		t.Fatalf("the largest size: %v", err)
	}
	p.Release()
}

// TestReorderingEnds: the delay of a stream with B pictures ends with it.
func TestReorderingEnds(t *testing.T) {
	noLeaks(t)
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if p, err := d.Decode(foreign(t, "testsrc=size=320x192", "-pix_fmt", "yuv420p", "-bf", "3"), 7); p != nil || err != nil {
		t.Fatalf("a stream with B pictures gave one at once: %v, %v", p, err)
	}
	for n, unit := range units(t, codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000}, 3) {
		p, err := d.Decode(unit, uint32(n))
		if err != nil || p == nil || p.Timestamp != uint32(n) {
			t.Fatalf("picture %d: %v, %v", n, p, err)
		}
		p.Release()
	}
}

// TestMonochrome: pictures without colour come out grey.
func TestMonochrome(t *testing.T) {
	noLeaks(t)
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p, err := d.Decode(foreign(t, "testsrc=size=320x192", "-pix_fmt", "gray", "-bf", "0"), 0)
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	defer p.Release()
	for y := range p.Height / 2 {
		for x := range p.Width / 2 {
			if u, v := p.U[y*p.StrideUV+x], p.V[y*p.StrideUV+x]; u != 128 || v != 128 {
				t.Fatalf("chroma %d, %d at %d, %d", u, v, x, y)
			}
		}
	}
}

// TestCrop: all four sides of the cropping rectangle are honoured.
func TestCrop(t *testing.T) {
	noLeaks(t)
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("the program ffmpeg is not installed: run make deps")
	}
	in := filepath.Join(t.TempDir(), "in.h264")
	out := filepath.Join(t.TempDir(), "out.h264")
	whole := units(t, codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 2_000_000}, 1)[0]
	if err := os.WriteFile(in, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(tool, "-v", "error", "-i", in, "-c", "copy", "-bsf:v",
		"h264_metadata=crop_left=6:crop_right=10:crop_top=4:crop_bottom=2", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	cropped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Decode(whole, 0)
	if err != nil || a == nil {
		t.Fatal(a, err)
	}
	defer a.Release()
	b, err := d.Decode(cropped, 0)
	if err != nil || b == nil {
		t.Fatal(b, err)
	}
	defer b.Release()
	if b.Width != 304 || b.Height != 186 {
		t.Fatalf("%dx%d, want 304x186", b.Width, b.Height)
	}
	for y := range b.Height {
		if !bytes.Equal(b.Y[y*b.StrideY:][:b.Width], a.Y[(y+4)*a.StrideY+6:][:b.Width]) {
			t.Fatalf("luma row %d differs", y)
		}
	}
	for y := range b.Height / 2 {
		if !bytes.Equal(b.U[y*b.StrideUV:][:b.Width/2], a.U[(y+2)*a.StrideUV+3:][:b.Width/2]) {
			t.Fatalf("chroma row %d differs", y)
		}
	}
}

// TestMissingSlice: a picture of which a slice is lost is not shown.
func TestMissingSlice(t *testing.T) {
	noLeaks(t)
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	stream := units(t, codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 3_000_000, MaxNAL: 150}, 4)
	for n, unit := range stream {
		if n == 2 {
			nals := codectest.NALUnits(unit)
			if len(nals) < 3 {
				t.Fatalf("only %d slices", len(nals))
			}
			unit = nil
			for i, nal := range nals {
				if i != 1 {
					unit = append(append(unit, 0, 0, 0, 1), nal...)
				}
			}
		}
		p, err := d.Decode(unit, 0)
		if (n == 2) != errors.Is(err, codecs.ErrCorrupt) || p == nil {
			t.Errorf("picture %d: %v, %v", n, p, err)
		}
		p.Release()
	}
}

// TestReleaseElsewhere: pictures are given back on another goroutine while the
// decoder works and after it closed.
func TestReleaseElsewhere(t *testing.T) {
	noLeaks(t)
	stream := units(t, codecs.VideoEncoderConfig{Width: 64, Height: 48, FPS: 30, Bitrate: 500_000}, 100)
	given := make(chan *codecs.Picture, len(stream))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p := range given {
			p.Release()
		}
	}()
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	for n, unit := range stream {
		p, err := d.Decode(unit, 0)
		if err != nil || p == nil {
			t.Errorf("picture %d: %v, %v", n, p, err)
			continue
		}
		given <- p
	}
	d.Close()
	close(given)
	<-done
}

func TestSkipLoopFilter(t *testing.T) {
	noLeaks(t)
	stream := units(t, codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 100_000}, 10)
	var pictures [2]*codecs.Picture
	for i := range pictures {
		d, err := ffmpeg.NewH264Decoder()
		if err != nil {
			t.Fatal(err)
		}
		d.SkipLoopFilter(i == 1)
		for _, unit := range stream {
			pictures[i].Release()
			if pictures[i], err = d.Decode(unit, 0); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
	}
	if q := codectest.PSNR(pictures[0], pictures[1]); q < 25 || q > 80 {
		t.Errorf("%.1f dB without the filter; it must change the picture, but little", q)
	}
	pictures[0].Release()
	pictures[1].Release()
}

// TestMemoryReturns decodes damaged streams, opens and closes, and looks at the
// size of the process.
func TestMemoryReturns(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	noLeaks(t)
	c := codecs.VideoEncoderConfig{Width: 640, Height: 360, FPS: 30, Bitrate: 1_000_000}
	stream := units(t, c, 5)
	round := func(seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		d, err := ffmpeg.NewH264Decoder()
		if err != nil {
			t.Fatal(err)
		}
		e, err := x264.New(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, unit := range stream {
			p, _ := d.Decode(unit, 0)
			q, _ := d.Decode(codectest.Damage(random, unit), 0)
			if p != nil {
				if _, err := e.Encode(p, false); err != nil {
					t.Fatal(err)
				}
			}
			d.Close() // in the middle; the pictures go after it
			if d, err = ffmpeg.NewH264Decoder(); err != nil {
				t.Fatal(err)
			}
			p.Release()
			q.Release()
		}
		d.Close()
		e.Close()
	}
	for i := range 20 {
		round(uint64(i))
	}
	// One 640x360 picture is 84 pages: forty lost ones would show each time. How
	// the allocator cuts its memory up shows once or twice.
	least := math.MaxInt
	for range 5 {
		before := residentPages(t)
		for i := range 40 {
			round(uint64(i))
		}
		least = min(least, residentPages(t)-before)
	}
	if least > 2000 {
		t.Errorf("the process grew by %d pages and more each time", least)
	}
}

func residentPages(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func FuzzH264(f *testing.F) {
	for profile := codecs.ConstrainedBaseline; profile <= codecs.High; profile++ {
		for _, unit := range units(f, codecs.VideoEncoderConfig{Width: 64, Height: 48, FPS: 30, Bitrate: 500_000, Profile: profile}, 2) {
			f.Add(unit)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ffmpeg.NewH264Decoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for range 2 {
			p, err := d.Decode(data, 0)
			if p != nil && err != nil && !errors.Is(err, codecs.ErrCorrupt) {
				t.Errorf("both a picture and %v", err)
			}
			p.Release()
		}
	})
}

func BenchmarkDecode720p(b *testing.B) {
	for _, skip := range []bool{false, true} {
		name := "exact"
		if skip {
			name = "noLoopFilter"
		}
		b.Run(name, func(b *testing.B) {
			stream := units(b, codecs.VideoEncoderConfig{Width: 1280, Height: 720, FPS: 30, Bitrate: 1_500_000, Level: 31}, 30)
			d, err := ffmpeg.NewH264Decoder()
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			d.SkipLoopFilter(skip)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				p, err := d.Decode(stream[n%len(stream)], 0)
				if err != nil {
					b.Fatal(err)
				}
				p.Release()
			}
		})
	}
}
