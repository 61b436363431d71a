package composer

import (
	"bytes"
	"fmt"
	"testing"

	"parley/codecs"
)

// checkLive fails when pictures are held that were not before.
func checkLive(t *testing.T) {
	t.Helper()
	before := codecs.PicturesLive()
	t.Cleanup(func() {
		if n := codecs.PicturesLive() - before; n != 0 {
			t.Errorf("%d pictures were never released", n)
		}
	})
}

func newCanvas(t *testing.T, layout string, width, height int) (*Composer, *Canvas) {
	t.Helper()
	checkLive(t)
	l, ok := Find(layout)
	if !ok {
		t.Fatalf("no layout %q", layout)
	}
	c := New()
	v := c.NewCanvas(l, width, height)
	t.Cleanup(c.Close)
	t.Cleanup(v.Close)
	return c, v
}

var palette = []colour{
	{81, 90, 240}, {145, 54, 34}, {41, 240, 110}, {210, 16, 146}, {106, 202, 222}, {170, 166, 16}, {235, 128, 128}, {60, 100, 150},
}

// flatContents returns one flat 16:9 picture for each cell.
func flatContents(t *testing.T, n int) []Content {
	t.Helper()
	contents := make([]Content, n)
	for i := range contents {
		p := flat(1280, 720, palette[i%len(palette)])
		t.Cleanup(p.Release)
		contents[i] = Content{Source: fmt.Sprint("p", i), Version: 1, Picture: p}
	}
	return contents
}

// expect compares every sample of p with the colours of the rectangles, black elsewhere.
func expect(t *testing.T, p *codecs.Picture, rects []Rect, colours []colour) {
	t.Helper()
	for y := range p.Height {
		for x := range p.Width {
			want := black
			for i, r := range rects {
				if x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H {
					want = colours[i]
				}
			}
			if got := at(p, x, y); got != want {
				t.Fatalf("sample %d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
}

// Goldens: flat inputs fill their cells exactly, all else is black.
func TestDrawFlat(t *testing.T) {
	for _, l := range Layouts() {
		for _, size := range [][2]int{{1920, 1080}, {1280, 720}, {640, 360}, {426, 240}, {320, 180}} {
			t.Run(fmt.Sprintf("%s/%dx%d", l.Name, size[0], size[1]), func(t *testing.T) {
				_, v := newCanvas(t, l.Name, size[0], size[1])
				contents := flatContents(t, len(l.Cells))
				colours := make([]colour, len(contents))
				for i := range colours {
					colours[i] = palette[i]
				}
				rects := v.Cells()
				// 16:9 in cells whose sides were rounded: at most the bars of one chroma sample.
				for i, r := range rects {
					w, h := fit(1280, 720, r.W, r.H)
					if r.W-w > 2 || r.H-h > 2 {
						t.Errorf("cell %d: %dx%d of %dx%d", i, w, h, r.W, r.H)
					}
					rects[i] = Rect{r.X + (r.W-w)/2&^1, r.Y + (r.H-h)/2&^1, w, h}
				}
				p := v.Draw(contents, Overlay{}, 90)
				expect(t, p, rects, colours)
				if p.Timestamp != 90 {
					t.Errorf("timestamp %d", p.Timestamp)
				}
				p.Release()
				// Fewer cells: the rest turns black again, in every buffer.
				for range 4 {
					p = v.Draw(contents[:2], Overlay{}, 180)
					expect(t, p, rects[:2], colours[:2])
					defer p.Release()
				}
			})
		}
	}
}

// Pictures of another shape are shown whole, undistorted, on black.
func TestDrawKeepsAspect(t *testing.T) {
	_, v := newCanvas(t, "", 1280, 720)
	main := v.Cells()[0]
	for _, test := range []struct {
		w, h int
		want Rect
	}{
		{640, 480, Rect{main.X + 124, 0, 746, 560}},
		{360, 640, Rect{main.X + 340, 0, 316, 560}},
		{1280, 320, Rect{main.X, 154, 996, 250}},
		{2, 2, Rect{main.X + 218, 0, 560, 560}},
	} {
		p := flat(test.w, test.h, palette[0])
		out := v.Draw([]Content{{Source: "a", Version: uint64(test.w*10000 + test.h), Picture: p}}, Overlay{}, 0)
		expect(t, out, []Rect{test.want}, palette[:1])
		out.Release()
		p.Release()
	}
}

func TestDrawOnlyWhatChanged(t *testing.T) {
	c, v := newCanvas(t, "", 640, 360)
	contents := flatContents(t, 8)
	draw := func(o Overlay) Counters {
		before := c.Counters()
		c.BeginTick()
		v.Draw(contents, o, 0).Release()
		after := c.Counters()
		return Counters{Scaled: after.Scaled - before.Scaled, Cells: after.Cells - before.Cells, Overlays: after.Overlays - before.Overlays}
	}
	if got := draw(Overlay{}); got.Scaled != 8 || got.Cells != 8 {
		t.Errorf("at first %+v, want 8 cells", got)
	}
	if got := draw(Overlay{}); got != (Counters{}) {
		t.Errorf("with nothing new %+v", got)
	}
	contents[3].Version++
	if got := draw(Overlay{}); got != (Counters{Scaled: 1, Cells: 1}) {
		t.Errorf("with one new picture %+v", got)
	}
	contents[3].Picture = contents[4].Picture // the same version: nobody looks
	if got := draw(Overlay{}); got != (Counters{}) {
		t.Errorf("with nothing new %+v", got)
	}
	if got := draw(Overlay{More: 3}); got != (Counters{Overlays: 1}) {
		t.Errorf("with a new number %+v", got)
	}
	if got := draw(Overlay{More: 3}); got != (Counters{}) {
		t.Errorf("with the same number %+v", got)
	}
	if n := c.Counters().Buffers; n != 1 {
		t.Errorf("%d buffers though nobody held one", n)
	}
}

// Views that show the same share the scaled picture.
func TestScaleOnce(t *testing.T) {
	c, v := newCanvas(t, "", 1280, 720)
	w := c.NewCanvas(Layouts()[0], 1280, 720)
	small := c.NewCanvas(Layouts()[0], 640, 360)
	defer w.Close()
	defer small.Close()
	contents := flatContents(t, 8)
	other := append([]Content{contents[1], contents[0]}, contents[2:]...)
	c.BeginTick()
	for _, d := range []struct {
		v        *Canvas
		contents []Content
	}{{v, contents}, {w, contents}, {w, contents}, {small, contents}} {
		d.v.Draw(d.contents, Overlay{}, 0).Release()
	}
	if n := c.Counters().Scaled; n != 16 {
		t.Errorf("scaled %d times, want 8 of each size", n)
	}
	w.Draw(other, Overlay{}, 0).Release()
	if n := c.Counters().Scaled; n != 18 {
		t.Errorf("scaled %d times, want two more for the exchanged ones", n)
	}
}

// A buffer that somebody reads is left alone; finished pictures stay as they were.
func TestDrawLeavesHeldPictures(t *testing.T) {
	c, v := newCanvas(t, "", 320, 180)
	contents := flatContents(t, 8)
	var held []*codecs.Picture
	for i := range 5 {
		c.BeginTick()
		contents[0].Version = uint64(10 + i)
		contents[0].Picture = flat(1280, 720, palette[i])
		held = append(held, v.Draw(contents, Overlay{}, uint32(i)))
		contents[0].Picture.Release()
	}
	main := v.Cells()[0]
	for i, p := range held {
		if got := at(p, main.X+main.W/2, main.Y+main.H/2); got != palette[i] || p.Timestamp != uint32(i) {
			t.Errorf("picture %d shows %v at %d", i, got, p.Timestamp)
		}
	}
	if n := len(v.buffers); n > maxBuffers {
		t.Errorf("%d buffers kept", n)
	}
	for _, p := range held {
		p.Release()
	}
}

// What the last tick did not use is given up.
func TestBeginTickReleases(t *testing.T) {
	c, v := newCanvas(t, "", 320, 180)
	contents := flatContents(t, 8)
	before := codecs.PicturesLive()
	c.BeginTick()
	v.Draw(contents, Overlay{}, 0).Release()
	if n := codecs.PicturesLive() - before; n != 9 {
		t.Errorf("%d pictures held, want 8 cells and a buffer", n)
	}
	c.BeginTick()
	c.BeginTick()
	if n := codecs.PicturesLive() - before; n != 1 {
		t.Errorf("%d pictures held, want the buffer", n)
	}
}

// Without ticks the composer does not grow for ever.
func TestCellsAreBounded(t *testing.T) {
	c, v := newCanvas(t, "", 64, 36)
	before := codecs.PicturesLive()
	p := flat(16, 16, palette[0])
	defer p.Release()
	for i := range 3 * maxCells {
		v.Draw([]Content{{Source: "a", Version: uint64(i), Picture: p}}, Overlay{}, 0).Release()
	}
	if n := len(c.cells); n > maxCells {
		t.Errorf("%d cells kept", n)
	}
	if n := codecs.PicturesLive() - before; n > maxCells+maxBuffers {
		t.Errorf("%d pictures held", n)
	}
}

// An overlay that comes and goes leaves what was below, in every layout.
func TestOverlaysComeAndGo(t *testing.T) {
	overlays := []Overlay{
		{More: 5},
		{More: 123},
		{Message: []string{"Welcome", "You are alone"}},
		{More: 5, Message: []string{"Hello"}},
		{Message: []string{""}},
		{More: -1},
	}
	for _, l := range Layouts() {
		t.Run(l.Name, func(t *testing.T) {
			c, v := newCanvas(t, l.Name, 640, 360)
			contents := flatContents(t, 8)
			for _, cells := range [][]Content{contents, contents[:1], nil} {
				c.BeginTick()
				p := v.Draw(cells, Overlay{}, 0)
				want := bytes.Clone(p.Y)
				p.Release()
				for _, o := range overlays {
					c.BeginTick()
					over := v.Draw(cells, o, 0)
					changed := !bytes.Equal(over.Y, want)
					over.Release()
					if shows := o.More > 0 || len(o.Message) > 0 && o.Message[0] != ""; shows && !changed {
						t.Errorf("%+v over %d cells is not seen", o, len(cells))
					}
					c.BeginTick()
					p := v.Draw(cells, Overlay{}, 0)
					if !bytes.Equal(p.Y, want) {
						t.Errorf("%+v over %d cells leaves traces", o, len(cells))
					}
					p.Release()
				}
			}
		})
	}
}

// Drawing step by step gives the same as drawing at once, whatever the order
// of changes and whoever holds pictures meanwhile.
func TestIncrementalEqualsFresh(t *testing.T) {
	for _, l := range Layouts() {
		t.Run(l.Name, func(t *testing.T) {
			c, v := newCanvas(t, l.Name, 426, 240)
			contents := flatContents(t, 8)
			var held [2]*codecs.Picture
			for step := range 60 {
				c.BeginTick()
				i := step * 5 % 8
				contents[i].Version++
				contents[i].Picture = contents[(i+step)%8].Picture
				contents[i].Muted = step%3 == 0
				contents[i].Speaking = step%4 == 0
				contents[i].Name = []string{"", "Ada", "Лев"}[step%3]
				cells := contents[:8-step%4]
				if step%9 == 8 {
					cells = nil
				}
				var o Overlay
				if step%5 > 2 {
					o.More = step
				}
				if step%7 > 3 {
					o.Message = []string{"Welcome", fmt.Sprint(step / 7)}
				}
				got := v.Draw(cells, o, 0)
				fresh := c.NewCanvas(l, 426, 240)
				want := fresh.Draw(cells, o, 0)
				fresh.Close()
				if !bytes.Equal(got.Y, want.Y) || !bytes.Equal(got.U, want.U) || !bytes.Equal(got.V, want.V) {
					t.Fatalf("step %d differs from a fresh canvas", step)
				}
				want.Release()
				held[step%2].Release()
				held[step%2] = nil
				if step%4 > 0 {
					held[step%2] = got
				} else {
					got.Release()
				}
			}
			held[0].Release()
			held[1].Release()
		})
	}
}

func TestDrawDoesNotAllocate(t *testing.T) {
	c, v := newCanvas(t, "", 640, 360)
	w := c.NewCanvas(Layouts()[1], 640, 360)
	defer w.Close()
	contents := flatContents(t, 8)
	contents[5].Picture, contents[5].Name, contents[5].AudioOnly = nil, "Grace Hopper", true
	o := Overlay{More: 7}
	var held [2]*codecs.Picture
	tick := func() {
		c.BeginTick()
		for i := range contents {
			if contents[i].Picture != nil {
				contents[i].Version++
				contents[i].Name = "Ada Lovelace"
			}
		}
		for i, v := range []*Canvas{v, w} {
			p := v.Draw(contents, o, 0)
			held[i].Release()
			held[i] = p
		}
	}
	for range 10 {
		tick()
	}
	if n := testing.AllocsPerRun(50, tick); n != 0 {
		t.Errorf("%v allocations per tick", n)
	}
	held[0].Release()
	held[1].Release()
}

// Names and pictures of any kind and size do no harm.
func FuzzDraw(f *testing.F) {
	f.Add("Ada", uint16(1280), uint16(720), uint16(640), uint16(360), uint8(0))
	f.Add("محمد", uint16(2), uint16(16384), uint16(2), uint16(2), uint8(255))
	f.Add("\x00\u202e\u0301", uint16(16384), uint16(2), uint16(320), uint16(180), uint8(7))
	f.Fuzz(func(t *testing.T, name string, w, h, cw, ch uint16, flags uint8) {
		before := codecs.PicturesLive()
		c := New()
		v := c.NewCanvas(layouts[int(flags)%len(layouts)], int(cw)%1000, int(ch)%600)
		content := Content{
			Source: name + "x", Version: 1, Name: name,
			Muted: flags&1 != 0, OnHold: flags&2 != 0, AudioOnly: flags&4 != 0, Speaking: flags&8 != 0,
		}
		if flags&16 != 0 {
			content.Picture = codecs.NewPicture(int(w)%2000+1, int(h)%2000+1)
			defer content.Picture.Release()
		}
		o := Overlay{More: int(flags)}
		if flags&32 != 0 {
			o.Message = []string{name, name}
		}
		v.Draw([]Content{content, content}, o, 0).Release()
		v.Draw(nil, o, 0).Release()
		v.Close()
		c.Close()
		if content.Picture != nil {
			before++
		}
		if n := codecs.PicturesLive(); n != before {
			t.Errorf("%d pictures live, %d before", n, before)
		}
	})
}

// The tick of a conference of eight with video: nine views, everything new.
func BenchmarkTick(b *testing.B) {
	c := New()
	defer c.Close()
	var views [9]*Canvas
	for i := range views {
		views[i] = c.NewCanvas(layouts[0], 1280, 720)
		defer views[i].Close()
	}
	contents := make([]Content, 8)
	for i := range contents {
		contents[i] = Content{Source: fmt.Sprint(i), Picture: codecs.NewPicture(1280, 720), Name: "Ada Lovelace"}
		defer contents[i].Picture.Release()
	}
	b.ReportAllocs()
	for b.Loop() {
		c.BeginTick()
		for i := range contents {
			contents[i].Version++
		}
		for _, v := range views {
			v.Draw(contents, Overlay{}, 0).Release()
		}
	}
}
