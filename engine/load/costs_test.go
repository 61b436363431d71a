package load

import (
	"testing"
	"time"

	"parley/codecs/fake"
)

var hd = Video{1280, 720, 30}

func TestPredict(t *testing.T) {
	c := Costs{Decode: 0.001, Encode: 0.004, AudioDecode: 0.0015, AudioEncode: 0.007}
	join := func(parties int, shares, hidden bool) float64 {
		return c.Predict(Join{Parties: parties, OnStage: 8, Sends: hd, Takes: hd, Shares: shares, OwnHidden: hidden, Thumbnail: 8.0 / 45})
	}
	first, third, ninth := join(0, false, true), join(2, true, true), join(8, true, true)
	if !(first > third && third > ninth) {
		t.Errorf("the first costs %v, the third %v, the ninth %v", first, third, ninth)
	}
	if ninth > first/20 {
		t.Errorf("one who shares everything costs %v, the first %v", ninth, first)
	}
	if shown := join(2, true, false); shown >= third {
		t.Errorf("with own thumbnails shown the third costs %v, hidden %v", shown, third)
	}
	if other := join(8, false, true); other < 0.1 {
		t.Errorf("one who needs pictures of his own costs %v", other)
	}
	if audio := c.Predict(Join{Parties: 5, OnStage: 8}); audio > 0.01 {
		t.Errorf("one without pictures costs %v", audio)
	}
}

func TestMeasure(t *testing.T) {
	now := time.Duration(0)
	clock := func() time.Duration { now += time.Millisecond; return now }
	c, err := Measure(fake.Codecs(), clock)
	if err != nil {
		t.Fatal(err)
	}
	// A millisecond for each operation of 0.23 megapixels, and of 20 ms of sound.
	for what, v := range map[string][2]float64{
		"decode": {c.Decode, 0.00434}, "encode": {c.Encode, 0.00434},
		"audio decode": {c.AudioDecode, 0.05}, "audio encode": {c.AudioEncode, 0.05},
	} {
		if v[0] < 0.99*v[1] || v[0] > 1.01*v[1] {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
}

func TestRelief(t *testing.T) {
	for s := Full; s < HalfRate; s++ {
		if Relief(s) < Relief(s+1) {
			t.Errorf("%v has less left than %v", s, s+1)
		}
	}
}
