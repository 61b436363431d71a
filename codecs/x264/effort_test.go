//go:build cgo

package x264_test

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/h264"
	"parley/codecs/x264"
)

// Effort changes in the middle of the stream: no key frame comes, the stream
// decodes, and bands of different efforts still fit together.
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
		sizes := map[int]int{}
		for n := range 120 {
			effort := []int{x264.PresetEffort, x264.LeastEffort, x264.MoreEffort, x264.LeastEffort}[n/30]
			e.SetEffort(effort)
			codectest.Scene(p, n)
			au, err := e.Encode(p, false)
			if err != nil {
				t.Fatal(err)
			}
			sizes[effort] += len(au.Data)
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
		t.Log(profile, sizes)
		p.Release()
		dec.Close()
		e.Close()
		e.SetEffort(x264.LeastEffort) // of a closed one
	}
}
