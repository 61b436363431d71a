package still

import (
	"context"
	"strconv"
	"testing"
	"time"

	"parley/codecs"
)

func TestFullRangeOfOddSizes(t *testing.T) {
	for _, size := range [][2]int{{2, 2}, {6, 2}, {962, 2}, {1922, 1082}, {2882, 4}} {
		p := codecs.NewPicture(size[0], size[1])
		for i := range p.Y {
			p.Y[i] = 235
		}
		img := fullRange(p)
		if img.Rect.Dx() > maxWidth || img.Rect.Dy() < 1 {
			t.Errorf("%v becomes %v", size, img.Rect)
		}
		if img.Y[0] != 255 || img.Y[len(img.Y)-1] != 255 {
			t.Errorf("%v: white is %d", size, img.Y[0])
		}
		p.Release()
	}
}

func TestViewsAreEncodedOnceASecond(t *testing.T) {
	taken := 0
	c := New(func(context.Context, string, string) (*codecs.Picture, error) {
		taken++
		return codecs.NewPicture(16, 16), nil
	})
	take := func(view string) {
		if text, err := c.Take(t.Context(), "a", view); err != nil || len(text) == 0 {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.now = func() time.Time { return now }
	for range 5 {
		now = now.Add(maxAge / 10)
		take("b")
	}
	if taken != 1 {
		t.Errorf("five asked at once took %d pictures", taken)
	}
	now = now.Add(maxAge)
	take("b")
	if taken != 2 {
		t.Errorf("after a while %d pictures were taken, want 2", taken)
	}
	for i := range 200 {
		take(strconv.Itoa(i))
	}
	if n := len(c.last); n > most {
		t.Errorf("%d pictures are remembered", n)
	}
}
