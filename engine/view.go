package engine

import (
	"slices"
	"time"

	"parley/codecs"
	"parley/composer"
	"parley/engine/stage"
)

// view is what one set of receivers sees: a layout filled with named sources.
// It lasts as long as its set has receivers, whoever speaks: its encoders go
// on through changes of its content. Owned by the composing goroutine.
type view struct {
	id         string
	main       string       // participant in the main cell
	seats      *stage.Seats // participants in the thumbnails
	cells      []string     // both, in layout order
	canvases   map[[2]int]*composer.Canvas
	renditions map[renditionKey]*rendition
	list       []*rendition // the same, best rung first
	contents   []composer.Content
	used       bool
}

func newView(id string, seats *stage.Seats) *view {
	return &view{
		id: id, seats: seats,
		canvases:   map[[2]int]*composer.Canvas{},
		renditions: map[renditionKey]*rendition{},
	}
}

// fill says who is in the view: main, and those in the seats, where `instead`
// takes the place of main if main sits there.
func (v *view) fill(main, instead string, n int) {
	v.main = main
	v.cells = append(v.cells[:0], v.seats.Cells(n)...)
	for i, id := range v.cells {
		if main != "" && id == main {
			v.cells[i] = instead
		}
	}
	v.cells[0] = main
}

// rendition returns the view's rendition of that key, made if need be.
func (v *view) rendition(e *Engine, key renditionKey) *rendition {
	r := v.renditions[key]
	if r == nil {
		r = newRendition(e, key)
		v.renditions[key] = r
	}
	return r
}

// prune drops renditions and canvases that nobody is sent any more.
func (v *view) prune() {
	sizes := map[[2]int]bool{}
	for key, r := range v.renditions {
		if len(*r.deliveries.Load()) == 0 {
			delete(v.renditions, key)
			r.release()
			continue
		}
		sizes[[2]int{r.rung.Width, r.rung.Height}] = true
	}
	v.list = v.list[:0]
	for _, r := range v.renditions {
		v.list = append(v.list, r)
	}
	slices.SortFunc(v.list, func(a, b *rendition) int { return a.key.rung - b.key.rung })
	for size, canvas := range v.canvases {
		if !sizes[size] {
			canvas.Close()
			delete(v.canvases, size)
		}
	}
}

// draw composes the view at each size that is due this tick and hands the
// pictures to the encoders. It returns the largest picture, with a reference,
// if keep is set.
func (v *view) draw(p *pictures, now time.Time, timestamp uint32, keep bool) (kept *codecs.Picture) {
	v.contents = v.contents[:0]
	for _, id := range v.cells {
		if m := p.members[id]; m != nil {
			v.contents = append(v.contents, m.content)
		} else {
			v.contents = append(v.contents, composer.Content{})
		}
	}
	overlay := composer.Overlay{More: p.more}
	if v.main == "" {
		overlay.Message = p.conference.config.Welcome
	}
	var drawn *codecs.Picture
	for _, r := range v.list { // best rung first: those of one size stand together
		due := p.tick%uint64(FrameRate/r.rung.FPS) == 0
		if !due && (!keep || kept != nil) {
			continue
		}
		if drawn == nil || drawn.Width != r.rung.Width || drawn.Height != r.rung.Height {
			drawn.Release()
			drawn = v.canvas(p, r.rung).Draw(v.contents, overlay, timestamp)
		}
		if due {
			r.submit(drawn, timestamp, now)
		}
		if keep && kept == nil {
			kept = drawn.Retain()
		}
	}
	drawn.Release()
	return kept
}

func (v *view) canvas(p *pictures, rung Rung) *composer.Canvas {
	size := [2]int{rung.Width, rung.Height}
	c := v.canvases[size]
	if c == nil {
		c = p.composer.NewCanvas(p.conference.config.Layout, rung.Width, rung.Height)
		v.canvases[size] = c
	}
	return c
}

// close gives up everything.
func (v *view) close() {
	for _, r := range v.renditions {
		r.release()
	}
	for _, c := range v.canvases {
		c.Close()
	}
}
