//go:build e2e && openh264 && cgo

package openh264

import (
	"bytes"
	"errors"
	"testing"

	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

// stream encodes a few moving pictures.
func stream(t *testing.T, profile codecs.Profile) (units [][]byte) {
	t.Helper()
	e, err := x264.New(codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 500_000, Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := codecs.NewPicture(320, 192)
	defer p.Release()
	for n := range 20 {
		for i, plane := range [][]byte{p.Y, p.U, p.V} {
			for k := range plane {
				plane[k] = byte(60 + (k*(i+3)+n*7)%120)
			}
		}
		u, err := e.Encode(p, n == 0)
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, bytes.Clone(u.Data))
	}
	return units
}

func equal(a, b *codecs.Picture) bool {
	if a.Width != b.Width || a.Height != b.Height {
		return false
	}
	for y := range a.Height {
		if !bytes.Equal(a.Y[y*a.StrideY:][:a.Width], b.Y[y*b.StrideY:][:b.Width]) {
			return false
		}
	}
	for y := range a.Height / 2 {
		if !bytes.Equal(a.U[y*a.StrideUV:][:a.Width/2], b.U[y*b.StrideUV:][:b.Width/2]) ||
			!bytes.Equal(a.V[y*a.StrideUV:][:a.Width/2], b.V[y*b.StrideUV:][:b.Width/2]) {
			return false
		}
	}
	return true
}

// Both decoders make the same pictures of a stream, each with its timestamp.
func TestDecodesAsFFmpeg(t *testing.T) {
	t.Logf("OpenH264 %s", Version())
	for _, profile := range []codecs.Profile{codecs.ConstrainedBaseline, codecs.Main} {
		t.Run(profile.String(), func(t *testing.T) {
			d, err := New()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			other, err := ffmpeg.NewH264Decoder()
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			var want []*codecs.Picture
			next := 0
			check := func(got *codecs.Picture) {
				t.Helper()
				if got == nil {
					return
				}
				if next >= len(want) || got.Timestamp != uint32(3000*next) || !equal(got, want[next]) {
					t.Errorf("picture %d differs or has timestamp %d", next, got.Timestamp)
				}
				next++
				got.Release()
			}
			for n, u := range stream(t, profile) {
				p, err := other.Decode(u, 0)
				if err != nil || p == nil {
					t.Fatalf("FFmpeg: %v", err)
				}
				defer p.Release()
				want = append(want, p)
				got, err := d.Decode(u, uint32(3000*n))
				if err != nil {
					t.Fatal(err)
				}
				check(got)
			}
			for {
				got, err := d.Flush()
				if err != nil {
					t.Fatal(err)
				}
				if got == nil {
					break
				}
				check(got)
			}
			if next != len(want) || d.Log() != "" {
				t.Errorf("%d of %d pictures; warnings: %q", next, len(want), d.Log())
			}
		})
	}
}

// A lost access unit is told of, and so is the use after Close.
func TestTellsOfErrors(t *testing.T) {
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	units := stream(t, codecs.ConstrainedBaseline)
	failed := false
	for n, u := range units {
		if n == 5 {
			u = u[:len(u)/3]
		}
		if n == 8 {
			continue
		}
		p, err := d.Decode(u, uint32(n))
		p.Release()
		if err != nil && !errors.Is(err, codecs.ErrCorrupt) {
			t.Error(err)
		}
		failed = failed || err != nil
	}
	if !failed || d.Log() == "" {
		t.Errorf("damage is not told of: %v, %q", failed, d.Log())
	}
	if _, err := d.Decode(nil, 0); !errors.Is(err, codecs.ErrCorrupt) {
		t.Errorf("nothing: %v", err)
	}
	d.Close()
	if _, err := d.Decode(units[0], 0); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
