//go:build cgo

package peer

import (
	"time"

	"parley/bench/clip"
	"parley/codecs/ffmpeg"
)

// writeClip writes an MP4 file that plays the clip again and again.
func writeClip(path string, v *clip.Video, length time.Duration) (err error) {
	m, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: v.Spec.Width, Height: v.Spec.Height})
	if err != nil {
		return err
	}
	defer func() {
		if e := m.Close(); err == nil {
			err = e
		}
	}()
	for i := 0; ; i++ {
		pts := time.Duration(i) * time.Second / time.Duration(v.Spec.FPS)
		if pts >= length {
			return nil
		}
		u := v.Units[i%len(v.Units)]
		if err := m.WriteVideo(u.Data, pts, u.Key); err != nil {
			return err
		}
	}
}
