//go:build cgo

package onecore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/bench/report"
	"parley/codecs"
	"parley/codecs/native"
)

func TestMeasureViews(t *testing.T) {
	live := codecs.PicturesLive()
	o := ViewOptions{Length: time.Second, Preset: "ultrafast", source: Size{160, 90}, view: Size{640, 360}, seconds: 1}
	r, err := MeasureViews(t.Context(), native.Codecs(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Length != time.Second || r.Whole <= 0 || r.Large <= 0 || r.Strips <= 0 || r.Stitch <= 0 || r.ComposeWhole <= 0 || r.ComposeBand <= 0 {
		t.Errorf("%+v", r)
	}
	if r.Least != r.Ratio() || r.Most != r.Ratio() { // one second only
		t.Errorf("ratio %v from %v to %v", r.Ratio(), r.Least, r.Most)
	}
	if r.WholeBits < 10_000 || r.BandBits < 10_000 {
		t.Errorf("%d and %d bits in a second", r.WholeBits, r.BandBits)
	}
	run := report.New("bands", "test")
	r.Fill(run)
	if text := run.Markdown(); !strings.Contains(text, "by bands / whole") || !strings.Contains(text, "| stitch ") {
		t.Error(text)
	}
	for name, change := range map[string]func(*ViewOptions){
		"too short":      func(o *ViewOptions) { o.Length = time.Millisecond },
		"unknown preset": func(o *ViewOptions) { o.Preset = "nothing" },
	} {
		bad := o
		change(&bad)
		if _, err := MeasureViews(t.Context(), native.Codecs(), bad); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := MeasureViews(ended, native.Codecs(), o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left := codecs.PicturesLive() - live; left != 0 {
		t.Errorf("%d pictures never given back", left)
	}
}

// Nobody sees himself, and everybody sees all others.
func TestViewersSeeTheOthers(t *testing.T) {
	seen := map[string]bool{}
	for i := range Viewers {
		order := cellsOf(i)
		seen[string(rune(order[0]))] = true
		if len(order) != Viewers-1 || slices.Contains(order, i) || order[0] != 0 && i != 0 {
			t.Errorf("viewer %d sees %v", i, order)
		}
		slices.Sort(order)
		if len(slices.Compact(order)) != Viewers-1 {
			t.Errorf("viewer %d sees one twice: %v", i, order)
		}
	}
	if len(seen) != 2 {
		t.Errorf("%d large pictures", len(seen))
	}
}
