package sdp

import (
	"net/netip"
	"testing"

	"parley/codecs"
)

// ours is a Local with all that we have.
func ours() Local {
	return Local{
		Address: netip.MustParseAddr("192.0.2.1"),
		Audio: &LocalMedia{
			Port:           40000,
			Codecs:         []string{codecs.Opus, codecs.G722, codecs.PCMU, codecs.PCMA},
			TelephoneEvent: true,
		},
		Video: &LocalMedia{Port: 40002, Codecs: []string{codecs.H264}, MaxBitrate: 1500000, Feedback: true},
	}
}

func TestOfferAnsweredByOurselves(t *testing.T) {
	a, b := New(ours()), New(ours())
	offer, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", offer)
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", answer)
	if err := a.Accept(answer); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v\n%+v", a.Media().Audio, a.Media().Video)
}
