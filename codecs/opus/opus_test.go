//go:build cgo

package opus

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

func TestConformance(t *testing.T) {
	codectest.RunAudio(t, codectest.Audio{
		NewEncoder: func() (codecs.AudioEncoder, error) { return NewEncoder(0) },
		NewDecoder: func() (codecs.AudioDecoder, error) { return NewDecoder() },
		MinSNR:     15, MinConcealed: 11,
		Live: Live,
	})
}
