//go:build cgo

package x264_test

import (
	"bytes"
	"math"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/h264"
	"parley/codecs/x264"
)

var efforts = []int{x264.LeastEffort, x264.DefaultEffort, x264.MoreEffort, x264.MostEffort}

// TestEffort changes the effort in the middle of the stream: no key frame comes
// and the stream decodes.
func TestEffort(t *testing.T) {
	for _, profile := range []codecs.Profile{codecs.ConstrainedBaseline, codecs.Main, codecs.High} {
		c := codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 400_000, Profile: profile, Level: 31, Band: true}
		e, err := x264.New(c)
		if err != nil {
			t.Fatal(err)
		}
		dec, err := ffmpeg.NewH264Decoder()
		if err != nil {
			t.Fatal(err)
		}
		p := codecs.NewPicture(c.Width, c.Height)
		var source h264.Source
		var frame h264.Frame
		for n := range 120 {
			e.SetEffort(efforts[n/10%len(efforts)])
			codectest.Scene(p, n)
			au, err := e.Encode(p, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := source.Read(&frame, au.Data); err != nil || frame.Intra() != (n == 0) || au.Key != (n == 0) {
				t.Fatalf("%v, picture %d: key %v, %v", profile, n, au.Key, err)
			}
			out, err := dec.Decode(au.Data, uint32(n))
			if err != nil || out == nil {
				t.Fatalf("%v, picture %d: %v", profile, n, err)
			}
			if psnr := codectest.PSNR(p, out); psnr < 28 {
				t.Errorf("%v, picture %d: %.1f dB", profile, n, psnr)
			}
			out.Release()
		}
		p.Release()
		dec.Close()
		e.Close()
		e.SetEffort(x264.LeastEffort) // of a closed one
	}
}

// drift draws rough texture that moves by fractions of a sample.
func drift(p *codecs.Picture, n int) {
	codectest.Scene(p, 0)
	for y := range p.Height {
		row := p.Y[y*p.StrideY:][:p.Width]
		for x := range row {
			u, v := float64(x)+0.5*float64(n), float64(y)+0.25*float64(n)
			row[x] = byte(128 + 40*math.Sin(u*0.9+0.1*v) + 30*math.Sin(1.1*v) + 20*math.Sin(0.37*u*math.Sin(0.01*v)))
		}
	}
}

// quality returns the likeness of later pictures in dB, of an encoder that had
// one effort at first and then another.
func quality(t *testing.T, first, then int) float64 {
	c := codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 300_000, Level: 31}
	e, err := x264.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	dec, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	sum := 0.0
	for n := range 150 {
		e.SetEffort(first)
		if n >= 30 {
			e.SetEffort(then)
		}
		drift(p, n)
		au, err := e.Encode(p, false)
		if err != nil {
			t.Fatal(err)
		}
		out, err := dec.Decode(au.Data, 0)
		if err != nil || out == nil {
			t.Fatal(err)
		}
		if n >= 90 {
			sum += codectest.PSNR(p, out) / 60
		}
		out.Release()
	}
	return sum
}

// TestEffortReturns: an encoder that was at the least effort for a while goes on
// as good as one that never was.
func TestEffortReturns(t *testing.T) {
	never := quality(t, x264.DefaultEffort, x264.DefaultEffort)
	again := quality(t, x264.LeastEffort, x264.DefaultEffort)
	if again < never-0.3 {
		t.Errorf("default effort %.2f dB, after the least %.2f dB", never, again)
	}
}

// TestOnePPS: whatever its effort, preset, rate and size, an encoder of a profile
// writes the same PPS, so that all fit into one picture.
func TestOnePPS(t *testing.T) {
	for profile := codecs.ConstrainedBaseline; profile <= codecs.High; profile++ {
		var want []byte
		for _, c := range []codecs.VideoEncoderConfig{
			{Width: 1280, Height: 592, Bitrate: 1_000_000, BlackBottom: 32},
			{Width: 1280, Height: 128, Bitrate: 500_000, BlackTop: 32},
			{Width: 320, Height: 192, Bitrate: 60_000},
			{Width: 320, Height: 192, Bitrate: 500_000, Preset: "ultrafast"},
			{Width: 320, Height: 192, Bitrate: 500_000, Preset: "slow"},
		} {
			c.FPS, c.Level, c.Profile, c.Band = 30, 31, profile, true
			e, err := x264.New(c)
			if err != nil {
				t.Fatal(err)
			}
			p := codecs.NewPicture(c.Width, c.Height)
			for _, effort := range efforts {
				e.SetEffort(effort)
				codectest.Scene(p, effort)
				au, err := e.Encode(p, true)
				if err != nil {
					t.Fatal(err)
				}
				units := codectest.NALUnits(au.Data)
				if len(units) < 3 || units[1][0]&31 != 8 {
					t.Fatalf("%v: no PPS", c)
				}
				if want == nil {
					want = bytes.Clone(units[1])
				}
				if !bytes.Equal(units[1], want) {
					t.Errorf("%v %dx%d %q, effort %d: PPS % x, want % x", profile, c.Width, c.Height, c.Preset, effort, units[1], want)
				}
			}
			p.Release()
			e.Close()
		}
	}
}

// TestBandAllocations: neither looking at the black rows nor a change of effort
// or rate takes memory of Go's heap.
func TestBandAllocations(t *testing.T) {
	c := codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 400_000, Level: 31, Band: true, BlackTop: 32, BlackBottom: 32}
	e, err := x264.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	codectest.Scene(p, 0)
	n := 0
	step := func() {
		n++
		e.SetEffort(n % len(efforts))
		if e.SetBitrate(400_000+1000*n) != nil {
			t.Fatal("rate")
		}
		if _, err := e.Encode(p, n%5 == 0); err != nil {
			t.Fatal(err)
		}
	}
	// What else the process does allocates now and then, but not each time.
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(20, step))
	}
	if least != 0 && !asanEnabled {
		t.Errorf("%v allocations", least)
	}
}
