//go:build cgo

package h264

import (
	"testing"

	"parley/codecs"
)

func TestExact(t *testing.T) {
	l := Layout{Width: 320, Height: 224, Profile: Baseline, Level: 31, Rows: []int{8, 6}}
	c := codecs.VideoEncoderConfig{Width: 320, Height: 128, FPS: 30, Bitrate: 800_000, Level: 31}
	main := newCamera(t, c, false, true, 1)
	c.Height = 96
	strip := newCamera(t, c, true, false, 2)
	v := newViewer(t, l)
	for n := range 300 {
		main.next(n == 0)
		strip.next(n == 0)
		if err := v.next([]*camera{main, strip}, false); err != nil {
			t.Fatalf("picture %d: %v", n, err)
		}
	}
}
