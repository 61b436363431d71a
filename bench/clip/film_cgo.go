//go:build cgo

package clip

import (
	"time"

	"parley/codecs"
	"parley/codecs/ffmpeg"
)

type ffmpegReader struct{ *ffmpeg.Reader }

func openMedia(path string) (mediaReader, error) {
	r, err := ffmpeg.OpenReader("file:" + path) // never a URL, whatever is in the name
	if err != nil {
		return nil, err
	}
	return ffmpegReader{r}, nil
}

func (r ffmpegReader) next() (*codecs.Picture, []float32, time.Duration, error) {
	m, err := r.Next()
	return m.Picture, m.Sound, m.PTS, err
}
