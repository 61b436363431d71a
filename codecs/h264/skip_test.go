//go:build cgo

package h264

import (
	"bytes"
	"testing"

	"parley/codecs"
	"parley/codecs/ffmpeg"
)

// TestSkipSlices repeats a picture with two skip slices of every possible
// length: the decoder finds both whole, and no sample changes.
func TestSkipSlices(t *testing.T) {
	for _, profile := range []codecs.Profile{codecs.ConstrainedBaseline, codecs.Main} {
		t.Run(profile.String(), func(t *testing.T) {
			const width, height = 640, 288
			const macroblocks = width / 16 * (height / 16)
			c := codecs.VideoEncoderConfig{Width: width, Height: height, FPS: 30, Bitrate: 500_000, Level: 31, Profile: profile}
			k := newCamera(t, c, false, false, 1)
			k.next(true)
			s, err := NewStitcher(Layout{Width: width, Height: height, Profile: Main, Level: 31, Rows: []int{height / 16}})
			if err != nil {
				t.Fatal(err)
			}
			d, err := ffmpeg.NewH264Decoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			unit, err := s.Next([]*Frame{&k.frame}, true)
			if err != nil {
				t.Fatal(err)
			}
			decode := func(data []byte) planes {
				p, err := d.Decode(data, 0)
				if err != nil || p == nil {
					t.Fatalf("not decoded: %v", err)
				}
				defer p.Release()
				var got planes
				got.copy(p)
				return got
			}
			first := decode(unit.Data)
			var w bitWriter
			var data []byte
			for n := 1; n < macroblocks; n++ {
				above, below := newSkip(n), newSkip(macroblocks-n)
				place := Place{FrameNum: uint32(n % 16)}
				above.write(&w, profile != codecs.ConstrainedBaseline, &place)
				data = appendNAL(data[:0], place.first(), w.buf)
				place.FirstMB = uint32(n)
				below.write(&w, profile != codecs.ConstrainedBaseline, &place)
				data = appendNAL(data, place.first(), w.buf)
				for i, plane := range decode(data) {
					if !bytes.Equal(plane, first[i]) {
						t.Fatalf("%d macroblocks: plane %d changed", n, i)
					}
				}
			}
		})
	}
}
