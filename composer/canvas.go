package composer

import (
	"slices"

	"parley/codecs"
)

// Canvas is a layout, or a band of it, drawn again and again at one size. It
// keeps a few buffers and draws only what changed since a buffer was last used.
type Canvas struct {
	composer      *Composer
	width, height int
	cells         []Rect
	more, panel   Rect
	band          bool      // it shows a band only
	buffers       []*buffer // the one drawn last is the last
	want          state     // scratch: what this Draw shall show
}

// buffer is a picture and what is on it.
type buffer struct {
	picture *codecs.Picture
	state   state
}

// state is what a canvas shows.
type state struct {
	valid   bool // false: undefined samples
	welcome bool // the message fills the canvas: nothing else is on it
	cells   []Content
	more    int
	message []string
}

// maxBuffers are enough for one picture being drawn, one being encoded and one waiting.
const maxBuffers = 3

// NewCanvas returns a canvas of width x height luma samples, rounded up to even.
func (c *Composer) NewCanvas(l *Layout, width, height int) *Canvas {
	width, height = even(max(width, 2)), even(max(height, 2))
	v := &Canvas{
		composer: c, width: width, height: height,
		cells: l.Resolve(width, height),
		more:  l.ResolveMore(width, height),
		panel: Region{Rational{1, 8}, Rational{5, 16}, Rational{3, 4}, Rational{3, 8}}.resolve(width, height, lowerEven),
	}
	v.want.cells = make([]Content, len(v.cells))
	return v
}

// NewBandCanvas returns a canvas that shows one band of the layout only. b is
// one of l.ResolveBands(width, height).
func (c *Composer) NewBandCanvas(l *Layout, width, height int, b BandRect) *Canvas {
	v := c.NewCanvas(l, width, height)
	whole := Rect{0, b.Y, v.width, b.H}
	v.height, v.band = b.H, true
	for i, r := range v.cells {
		if !slices.Contains(b.Cells, i) {
			r = Rect{}
		}
		v.cells[i] = r.within(whole)
	}
	v.more, v.panel = v.more.within(whole), v.panel.within(whole)
	return v
}

// within returns where r lies in o, empty when it is not all in it.
func (r Rect) within(o Rect) Rect {
	if r.X < o.X || r.Y < o.Y || r.X+r.W > o.X+o.W || r.Y+r.H > o.Y+o.H {
		return Rect{}
	}
	return Rect{r.X - o.X, r.Y - o.Y, r.W, r.H}
}

// Cells returns where the cells lie.
func (v *Canvas) Cells() []Rect { return slices.Clone(v.cells) }

// Size returns the size of the canvas in luma samples.
func (v *Canvas) Size() (width, height int) { return v.width, v.height }

// Draw draws cells (by index of the layout; missing ones are empty) under o
// and returns the picture, stamped with timestamp; the caller owns the
// reference. The references in cells stay the caller's and are not needed
// after Draw.
func (v *Canvas) Draw(cells []Content, o Overlay, timestamp uint32) *codecs.Picture {
	v.describe(cells, o)
	b := v.take()
	if !b.state.valid || b.state.welcome != v.want.welcome || v.want.welcome && !slices.Equal(b.state.message, v.want.message) {
		v.restart(b)
	}
	v.update(b, cells)
	b.picture.Timestamp = timestamp
	return b.picture.Retain()
}

// Shows reports whether the picture drawn last shows just this.
func (v *Canvas) Shows(cells []Content, o Overlay) bool {
	if len(v.buffers) == 0 {
		return false
	}
	v.describe(cells, o)
	have, want := &v.buffers[len(v.buffers)-1].state, &v.want
	if !have.valid || have.welcome != want.welcome || have.more != want.more || !slices.Equal(have.message, want.message) {
		return false
	}
	for i := range v.cells {
		if !v.cells[i].Empty() && !same(&have.cells[i], &want.cells[i]) {
			return false
		}
	}
	return true
}

// Close gives the canvas's buffers back. Pictures given out stay valid.
func (v *Canvas) Close() {
	for _, b := range v.buffers {
		b.picture.Release()
	}
	v.buffers = nil
}

// describe fills v.want.
func (v *Canvas) describe(cells []Content, o Overlay) {
	alone := true
	for i := range v.want.cells {
		var content Content
		if i < len(cells) && cells[i].Source != "" {
			alone = false
			if !v.cells[i].Empty() {
				content = cells[i]
				content.Picture = nil
			}
			if i == 0 {
				content.Speaking = false // the main cell tells by itself
			}
		}
		v.want.cells[i] = content
	}
	v.want.valid = true
	v.want.more, v.want.message = 0, nil
	v.want.welcome = alone && len(o.Message) > 0 && !v.band // a band alone is no place for it
	if v.want.welcome || !v.panel.Empty() {
		v.want.message = o.Message
	}
	if !v.want.welcome && !v.more.Empty() {
		v.want.more = max(o.More, 0)
	}
}

// take returns a buffer that nobody else reads: the one that needs the least
// work, a new one when all are in use. It is the last of v.buffers then.
func (v *Canvas) take() *buffer {
	best, work := -1, 0
	for i, b := range v.buffers {
		if !b.picture.Exclusive() {
			continue
		}
		if w := v.work(b); best < 0 || w <= work {
			best, work = i, w
		}
	}
	if best >= 0 {
		b := v.buffers[best]
		v.buffers = append(slices.Delete(v.buffers, best, best+1), b)
		return b
	}
	if len(v.buffers) >= maxBuffers {
		// Everybody is slow: the oldest goes back to the pool when they are done.
		v.buffers[0].picture.Release()
		v.buffers = slices.Delete(v.buffers, 0, 1)
	}
	v.composer.counters.Buffers++
	b := &buffer{picture: v.composer.pool.Get(v.width, v.height)}
	b.state.cells = make([]Content, len(v.cells))
	v.buffers = append(v.buffers, b)
	return b
}

// work estimates, in samples, what it takes to bring b up to date.
func (v *Canvas) work(b *buffer) int {
	if !b.state.valid || b.state.welcome != v.want.welcome {
		return v.width * v.height
	}
	n := 0
	for i := range v.cells {
		if !same(&b.state.cells[i], &v.want.cells[i]) {
			n += v.cells[i].W * v.cells[i].H
		}
	}
	return n
}

// same reports whether a cell that shows a need not be drawn again to show b.
func same(a, b *Content) bool {
	return a.Version == b.Version && a.Source == b.Source
}

// restart paints the ground: black, or the welcome.
func (v *Canvas) restart(b *buffer) {
	s := surfaceOf(b.picture)
	clear(b.state.cells)
	b.state.more, b.state.message = 0, nil
	if v.want.welcome {
		v.composer.drawWelcome(s, v.want.message)
		b.state.message = slices.Clone(v.want.message)
	} else {
		s.fill(black)
	}
	b.state.valid, b.state.welcome = true, v.want.welcome
}

// update draws what differs between b and v.want.
func (v *Canvas) update(b *buffer, cells []Content) {
	s := surfaceOf(b.picture)
	have, want := &b.state, &v.want
	moreDirty := have.more != want.more
	panelDirty := !want.welcome && !slices.Equal(have.message, want.message)
	dirty := func(i int) bool { return !same(&have.cells[i], &want.cells[i]) }
	// An overlay is drawn again with the cells below it, and they with it.
	// Invalidating a cell can reach the other overlay, hence the second round.
	for range 2 {
		for _, o := range [...]struct {
			dirty *bool
			shown bool
			at    Rect
		}{
			{&moreDirty, have.more > 0 || want.more > 0, v.more},
			{&panelDirty, !want.welcome && (len(have.message) > 0 || len(want.message) > 0), v.panel},
		} {
			if !o.shown {
				continue
			}
			for i, r := range v.cells {
				*o.dirty = *o.dirty || r.Overlaps(o.at) && dirty(i)
			}
			if !*o.dirty {
				continue
			}
			for i, r := range v.cells {
				if r.Overlaps(o.at) && !dirty(i) {
					have.cells[i] = invalid
				}
			}
		}
	}
	if moreDirty {
		s.part(v.more).fill(black)
	}
	if panelDirty {
		s.part(v.panel).fill(black)
	}
	for i, r := range v.cells {
		if r.Empty() || !dirty(i) {
			continue
		}
		v.drawCell(s.part(r), want.cells[i], cells, i)
		have.cells[i] = want.cells[i]
	}
	if moreDirty {
		v.composer.drawMore(s.part(v.more), want.more)
		have.more = want.more
	}
	if panelDirty {
		v.composer.drawPanel(s.part(v.panel), want.message)
		have.message = append(have.message[:0], want.message...)
	}
}

// invalid is what no cell ever shows.
var invalid = Content{Source: "\x00", Version: ^uint64(0)}

func (v *Canvas) drawCell(s surface, content Content, cells []Content, i int) {
	v.composer.counters.Cells++
	if content.Source == "" {
		s.fill(black)
		return
	}
	key := cellKey{content: content, width: s.width, height: s.height}
	s.copy(surfaceOf(v.composer.finishedCell(key, cells[i].Picture)))
}
