package rtp

import (
	"encoding/hex"
	"errors"
	"testing"
)

// Parameter sets that x264 made.
var spsSamples = map[string]struct {
	hex  string
	want SPS
}{
	"720p constrained baseline": {"6742c01fd9005005bb011000000300100000030320f1832480", SPS{1280, 720, 66, 0xc0, 31}},
	"1080p high, cropped":       {"67640028acd940780227e5c044000003000400000300c83c60c658", SPS{1920, 1080, 100, 0, 40}},
	"426x240 main, cropped":     {"674d4015eca0d8ff2780880000030008000003019078b16cb0", SPS{426, 240, 77, 0x40, 21}},
	"1080i high":                {"67640028acd94078044fde0220000003002000000643e2c5b2c0", SPS{1920, 1080, 100, 0, 40}},
	"640x362 4:4:4":             {"67f4001e919b281405ff3e0220000003002000000641e2c5b2c0", SPS{640, 362, 244, 0, 30}},
}

func TestParseSPS(t *testing.T) {
	for name, test := range spsSamples {
		nal, err := hex.DecodeString(test.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSPS(nal)
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
		if _, err := ParseSPS(nal[:7]); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: cut off: %v", name, err)
		}
	}
	if _, err := ParseSPS([]byte{0x68, 1, 2, 3, 4}); !errors.Is(err, ErrMalformed) {
		t.Error("a PPS passed")
	}
}

func FuzzParseSPS(f *testing.F) {
	for _, s := range spsSamples {
		nal, _ := hex.DecodeString(s.hex)
		f.Add(nal)
	}
	f.Fuzz(func(t *testing.T, nal []byte) {
		s, err := ParseSPS(nal)
		if err == nil && (s.Width <= 0 || s.Height <= 0 || s.Width > pictureSideMax || s.Height > pictureSideMax) {
			t.Errorf("%+v", s)
		}
	})
}
