package fake

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

func TestVideo(t *testing.T) {
	codectest.RunVideo(t, codectest.Video{
		NewEncoder: func(c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			return Codecs().NewVideoEncoder(codecs.H264, c)
		},
		NewDecoder: func() (codecs.VideoDecoder, error) { return NewVideoDecoder(), nil },
		MinPSNR:    17,
	})
}

func TestAudio(t *testing.T) {
	codectest.RunAudio(t, codectest.Audio{
		NewEncoder: func() (codecs.AudioEncoder, error) { return NewAudioEncoder(), nil },
		NewDecoder: func() (codecs.AudioDecoder, error) { return NewAudioDecoder(), nil },
		MinSNR:     30, MinConcealed: 15, Size: 961,
	})
}
