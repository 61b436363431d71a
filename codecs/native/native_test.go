package native_test

import (
	"errors"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/native"
)

func TestVideo(t *testing.T) {
	set := native.Codecs()
	codectest.RunVideo(t, codectest.Video{
		NewEncoder: func(c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			return set.NewVideoEncoder(codecs.H264, c)
		},
		NewDecoder: func() (codecs.VideoDecoder, error) { return set.NewVideoDecoder(codecs.H264) },
		MinPSNR:    17, // what the stand-in reaches
	})
}

func TestAudio(t *testing.T) {
	set := native.Codecs()
	sizes := map[string]int{codecs.Opus: 0, codecs.G722: 160, codecs.PCMU: 160, codecs.PCMA: 160}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			codectest.RunAudio(t, codectest.Audio{
				NewEncoder: func() (codecs.AudioEncoder, error) { return set.NewAudioEncoder(name, 0) },
				NewDecoder: func() (codecs.AudioDecoder, error) { return set.NewAudioDecoder(name) },
				MinSNR:     15, MinConcealed: 10, Size: size,
			})
		})
	}
}

func TestUnknownNames(t *testing.T) {
	set := native.Codecs()
	if c, err := set.NewVideoDecoder("VP8"); c != nil || !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("video decoder: %v, %v", c, err)
	}
	if c, err := set.NewVideoEncoder("VP8", codecs.VideoEncoderConfig{}); c != nil || !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("video encoder: %v, %v", c, err)
	}
	// A failed constructor gives a nil interface, not one that holds nil.
	if c, err := set.NewVideoEncoder(codecs.H264, codecs.VideoEncoderConfig{}); c != nil || !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("video encoder without size: %v, %v", c, err)
	}
	if c, err := set.NewAudioDecoder(codecs.TelephoneEvent); c != nil || !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("audio decoder: %v, %v", c, err)
	}
	if c, err := set.NewAudioEncoder("", 0); c != nil || !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("audio encoder: %v, %v", c, err)
	}
	for name, version := range set.Libraries {
		if name == "" || version == "" {
			t.Errorf("library %q has version %q", name, version)
		}
	}
	if len(set.Libraries) == 0 {
		t.Error("no libraries")
	}
}
