package encoding

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"parley/bench/clip"
	"parley/bench/report"
	"parley/codecs"
	"parley/codecs/native"
	"parley/composer"
)

// small makes a measurement short: the figures are of no use. The pictures are
// just large enough for two bands.
func small() Options {
	return Options{
		Rates: []int{400_000}, Pictures: 4, Rounds: 2, width: 640, height: 368, warm: 2,
		camera: clip.VideoSpec{Width: 320, Height: 180, FPS: 10, Seconds: 1},
	}
}

func TestMeasure(t *testing.T) {
	live := codecs.PicturesLive()
	results, err := Measure(t.Context(), native.Codecs(), small())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(contenders) {
		t.Fatalf("%d results, want %d", len(results), len(contenders))
	}
	for i, r := range results {
		if r.contender() != contenders[i] || r.Asked != 400_000 || r.Got <= 0 || r.Each <= 0 {
			t.Errorf("%+v", r)
		}
		for _, l := range []Likeness{r.Speaker, r.Strip} {
			if l.PSNR < 10 || l.SSIM < 0.2 || l.SSIM > 1 {
				t.Errorf("%s, %s: %+v", r.Settings, r.form(), l)
			}
		}
	}
	if n := codecs.PicturesLive() - live; n != 0 {
		t.Errorf("%d pictures are still held", n)
	}
	run := report.New("quality", "v")
	Fill(run, results)
	if len(run.Tables) != 1 || len(run.Tables[0].Rows) != len(results) || !strings.Contains(run.Markdown(), "| chosen ") {
		t.Error(run.Markdown())
	}
	if len(run.Curves) != 0 { // of one rate
		t.Errorf("%d curves", len(run.Curves))
	}
}

// The same clips make the same pictures, and the same encoders the same of them.
func TestDeterministic(t *testing.T) {
	var got [2][]Result
	for i := range got {
		o := small()
		o.Rounds = 1
		results, err := Measure(t.Context(), native.Codecs(), o)
		if err != nil {
			t.Fatal(err)
		}
		for k := range results {
			results[k].Each = 0
		}
		got[i] = results
	}
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("first %+v\nthen %+v", got[0], got[1])
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"rate":     {Rates: []int{10}},
		"pictures": {Pictures: -1},
		"rounds":   {Rounds: -1},
	} {
		if _, err := Measure(t.Context(), native.Codecs(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	live := codecs.PicturesLive()
	if _, err := Measure(ctx, native.Codecs(), small()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	failing := native.Codecs()
	failing.NewVideoDecoder = func(string) (codecs.VideoDecoder, error) { return nil, codecs.ErrUnsupported }
	if _, err := Measure(t.Context(), failing, small()); !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("no decoder: %v", err)
	}
	if n := codecs.PicturesLive() - live; n != 0 {
		t.Errorf("%d pictures are still held", n)
	}
}

// Errors are pooled, cells weigh by their area.
func TestLikeness(t *testing.T) {
	a, b := codecs.NewPicture(64, 32), codecs.NewPicture(64, 32)
	defer a.Release()
	defer b.Release()
	for y := range 32 {
		for x := range 64 {
			a.Y[y*a.StrideY+x], b.Y[y*b.StrideY+x] = 100, 100
			if x >= 48 {
				b.Y[y*b.StrideY+x] = 104
			}
		}
	}
	var s sums
	for _, r := range []composer.Rect{{W: 48, H: 32}, {X: 48, W: 16, H: 32}} {
		if err := s.add(a, b, r); err != nil {
			t.Fatal(err)
		}
	}
	l := s.likeness()
	if want := 10 * math.Log10(255*255/4.0); math.Abs(l.PSNR-want) > 1e-3 { // a quarter of the samples is 4 off
		t.Errorf("PSNR %f, want %f", l.PSNR, want)
	}
	if l.SSIM >= 1 || l.SSIM < 0.999 {
		t.Errorf("SSIM %f", l.SSIM)
	}
	if s.add(a, b, composer.Rect{W: 100, H: 10}) == nil {
		t.Error("a cell beyond the picture")
	}
}
