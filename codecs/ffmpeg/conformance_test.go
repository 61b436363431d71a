//go:build cgo

package ffmpeg_test

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

func TestH264(t *testing.T) {
	codectest.RunVideo(t, codectest.Video{
		NewEncoder: func(c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) { return x264.New(c) },
		NewDecoder: func() (codecs.VideoDecoder, error) { return ffmpeg.NewH264Decoder() },
		MinPSNR:    30, Rated: true,
		Live: func() int64 { return x264.Live() + ffmpeg.Live() },
	})
}

func TestG722(t *testing.T) {
	codectest.RunAudio(t, codectest.Audio{
		NewEncoder: func() (codecs.AudioEncoder, error) { return ffmpeg.NewG722Encoder() },
		NewDecoder: func() (codecs.AudioDecoder, error) { return ffmpeg.NewG722Decoder() },
		MinSNR:     25, MinConcealed: 11.5, Size: 160,
		Live: ffmpeg.Live,
	})
}
