package g711

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

func TestConformance(t *testing.T) {
	for name, law := range map[string]Law{codecs.PCMU: MuLaw, codecs.PCMA: ALaw} {
		t.Run(name, func(t *testing.T) {
			codectest.RunAudio(t, codectest.Audio{
				NewEncoder: func() (codecs.AudioEncoder, error) { return NewEncoder(law), nil },
				NewDecoder: func() (codecs.AudioDecoder, error) { return NewDecoder(law), nil },
				MinSNR:     30, MinConcealed: 15, Size: 160,
			})
		})
	}
}
