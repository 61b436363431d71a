//go:build cgo

package x264_test

import (
	"bytes"
	"math"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/x264"
)

// TestOnePPS: whatever its preset, rate and size, an encoder of a profile
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
			for n := range 4 {
				codectest.Scene(p, n)
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
					t.Errorf("%v %dx%d %q, picture %d: PPS % x, want % x", profile, c.Width, c.Height, c.Preset, n, units[1], want)
				}
			}
			p.Release()
			e.Close()
		}
	}
}

// TestBandAllocations: neither looking at the black rows nor a change of rate
// takes memory of Go's heap.
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
