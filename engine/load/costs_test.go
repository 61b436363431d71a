package load

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/fake"
)

var hd = Video{1280, 720, 30}

// some are costs as they were measured on a server.
var some = Costs{Decode: 0.0011, DecodeSmall: 0.0007, Encode: 0.0037, AudioDecode: 0.0017, AudioEncode: 0.0075}

// party is the n-th of a conference of eight on stage that everybody takes in HD.
func party(n int, shown, auto bool) Join {
	return Join{
		Parties: n, OnStage: 8, Sends: hd, Takes: hd, Shares: n > 0, OwnHidden: !shown, OwnAuto: auto, Thumbnail: 8.0 / 45,
	}
}

func conference(parties int, shown, auto bool, at Step) (sum float64) {
	for n := range parties {
		sum += some.Predict(party(n, shown, auto), at)
	}
	return sum
}

func TestPredict(t *testing.T) {
	first, third, ninth := some.Predict(party(0, false, false), Full), some.Predict(party(2, false, false), Full), some.Predict(party(8, false, false), Full)
	if !(first > third && third > ninth) {
		t.Errorf("the first costs %v, the third %v, the ninth %v", first, third, ninth)
	}
	if ninth > first/20 {
		t.Errorf("one who shares everything costs %v, the first %v", ninth, first)
	}
	if shown := some.Predict(party(2, true, false), Full); shown >= third {
		t.Errorf("with own thumbnails shown the third costs %v, hidden %v", shown, third)
	}
	alone := party(8, false, false)
	alone.Shares = false
	if other := some.Predict(alone, Full); other < 0.1 {
		t.Errorf("one who needs pictures of his own costs %v", other)
	}
	if audio := some.Predict(Join{Parties: 5, OnStage: 8}, Full); audio > 0.01 {
		t.Errorf("one without pictures costs %v", audio)
	}
}

// Whole conferences are near what was measured of a node on the machine of
// these costs: 0.72 processors for eight at 720p with own thumbnails hidden.
func TestPredictConferences(t *testing.T) {
	for _, c := range []struct {
		what        string
		parties     int
		shown       bool
		least, most float64
	}{
		{"two", 2, false, 0.3, 0.45},
		{"eight, hidden", 8, false, 0.65, 0.95},
		{"eight, shown", 8, true, 0.4, 0.7},
		{"a hundred", 100, false, 1, 1.5},
	} {
		if got := conference(c.parties, c.shown, false, Full); got < c.least || got > c.most {
			t.Errorf("%s: %v processors", c.what, got)
		}
	}
}

// Each step makes everybody cheaper or leaves him as he is; own thumbnails
// count only where they are left to the node.
func TestPredictAtSteps(t *testing.T) {
	for n := range 10 {
		for _, auto := range []bool{false, true} {
			for s := Full; s < OwnShown; s++ {
				if now, next := some.Predict(party(n, false, auto), s), some.Predict(party(n, false, auto), s+1); next > now {
					t.Errorf("party %d costs %v at %v and %v a step on", n, now, s, next)
				}
			}
		}
	}
	if hidden, auto := conference(8, false, false, OwnShown), conference(8, false, true, OwnShown); hidden <= auto {
		t.Errorf("hidden %v, left to the node %v", hidden, auto)
	}
	if shown, auto := conference(8, true, false, OwnShown), conference(8, false, true, OwnShown); shown != auto {
		t.Errorf("shown %v, left to the node %v", shown, auto)
	}
	whole := Join{Parties: 8, OnStage: 8, Takes: hd, Thumbnail: 1} // pictures that are not cut
	if some.Predict(whole, Full) != some.Predict(whole, Thumbnails) {
		t.Error("a picture of one band keeps its frame rate")
	}
}

func TestRelief(t *testing.T) {
	m := Mix{Strips: 0.2, Own: 0.15}
	for s := Full; s < OwnShown; s++ {
		if m.Relief(s) <= m.Relief(s+1) {
			t.Errorf("%v has no more left than %v", s, s+1)
		}
	}
	if r := m.Relief(OwnShown); r != 0 {
		t.Errorf("%v of the load is left to save", r)
	}
	if r := m.Relief(HalfRate); r != 0 {
		t.Errorf("%v of the load is left to save", r)
	}
	if (Mix{Strips: 0.2}).Relief(Full) >= m.Relief(Full) {
		t.Error("own thumbnails that must stay hidden save as much as others")
	}
	if r := (Mix{}).Relief(Full); r != 0 {
		t.Errorf("where there are no strips %v can be saved", r)
	}
	// The same from both sides: a conference at full quality, less what the
	// steps save of it, is the conference at the last of them.
	full, shed := conference(8, false, true, Full), conference(8, false, true, OwnShown)
	strip := some.Encode * hd.rate() * 8 / 45
	m = Mix{Strips: 8 * strip * (1 + overhead) / full, Own: 6 * strip * (1 + overhead) / full}
	if got := full * (1 - m.Relief(Full)); got < 0.98*shed || got > 1.02*shed {
		t.Errorf("%v less what is saved is %v, want %v", full, got, shed)
	}
}

func TestMeasure(t *testing.T) {
	now := time.Duration(0)
	clock := func() time.Duration { now += time.Millisecond; return now }
	c, err := measure(t.Context(), fake.Codecs(), clock)
	if err != nil {
		t.Fatal(err)
	}
	// A millisecond for each operation, of 0.92 megapixels or 20 ms of sound.
	for what, v := range map[string][2]float64{
		"decode": {c.Decode, 0.001085}, "decode small": {c.DecodeSmall, 0.001085}, "encode": {c.Encode, 0.001085},
		"audio decode": {c.AudioDecode, 0.05}, "audio encode": {c.AudioEncode, 0.05},
	} {
		if v[0] < 0.99*v[1] || v[0] > 1.01*v[1] {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
	if !c.valid() || !Typical.valid() || (Costs{}).valid() {
		t.Error("what is valid?")
	}
}

func TestMeasureEnds(t *testing.T) {
	before := codecs.PicturesLive()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, fake.Codecs()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	none := fake.Codecs()
	none.NewVideoDecoder = func(string) (codecs.VideoDecoder, error) { return nil, codecs.ErrUnsupported }
	if _, err := Measure(t.Context(), none); !errors.Is(err, codecs.ErrUnsupported) {
		t.Error(err)
	}
	if n := codecs.PicturesLive() - before; n != 0 {
		t.Errorf("%d pictures left", n)
	}
}
