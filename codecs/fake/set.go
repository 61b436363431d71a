package fake

import (
	"fmt"

	"parley/codecs"
	"parley/codecs/g711"
)

// Codecs returns the set of a build without native libraries. G.711 is the real
// one; G.722 is stood in for by it, with packets of the same size and timing.
func Codecs() codecs.Set {
	return codecs.Set{
		NewVideoDecoder: func(name string) (codecs.VideoDecoder, error) {
			if name != codecs.H264 {
				return nil, unsupported(name)
			}
			return NewVideoDecoder(), nil
		},
		NewVideoEncoder: func(name string, c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			if name != codecs.H264 {
				return nil, unsupported(name)
			}
			e, err := NewVideoEncoder(c)
			if err != nil {
				return nil, err
			}
			return e, nil
		},
		NewAudioDecoder: func(name string) (codecs.AudioDecoder, error) {
			switch name {
			case codecs.Opus:
				return NewAudioDecoder(), nil
			case codecs.PCMU, codecs.G722:
				return g711.NewDecoder(g711.MuLaw), nil
			case codecs.PCMA:
				return g711.NewDecoder(g711.ALaw), nil
			}
			return nil, unsupported(name)
		},
		NewAudioEncoder: func(name string, _ int) (codecs.AudioEncoder, error) {
			switch name {
			case codecs.Opus:
				return NewAudioEncoder(), nil
			case codecs.PCMU, codecs.G722:
				return g711.NewEncoder(g711.MuLaw), nil
			case codecs.PCMA:
				return g711.NewEncoder(g711.ALaw), nil
			}
			return nil, unsupported(name)
		},
		Libraries: map[string]string{"fake": "1"},
	}
}

func unsupported(name string) error {
	return fmt.Errorf("fake: %w: %s", codecs.ErrUnsupported, name)
}
