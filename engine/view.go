package engine

import (
	"slices"
	"strings"

	"parley/codecs"
	"parley/composer"
	"parley/engine/stage"
)

// view is what one set of receivers sees: a layout filled with named sources.
// It lasts as long as its set has receivers, whoever speaks. Owned by the
// composing goroutine.
type view struct {
	id         string
	main       string       // participant in the main cell
	seats      *stage.Seats // participants in the thumbnails
	cells      []string     // both, in layout order
	renditions map[renditionKey]*rendition
	list       []*rendition // the same, best rung first
	contents   []composer.Content
	used       bool
}

func newView(id string, seats *stage.Seats) *view {
	return &view{id: id, seats: seats, renditions: map[renditionKey]*rendition{}}
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

// prune drops renditions that nobody is sent any more.
func (v *view) prune() {
	v.list = v.list[:0]
	for key, r := range v.renditions {
		if len(*r.deliveries.Load()) == 0 {
			delete(v.renditions, key)
			r.release()
			continue
		}
		v.list = append(v.list, r)
	}
	slices.SortFunc(v.list, func(a, b *rendition) int { return a.key.rung - b.key.rung })
}

// describe says what the view shows now.
func (v *view) describe(p *pictures) composer.Overlay {
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
	return overlay
}

// picture draws the whole view at its largest size, for those who want to look
// at it without being in the conference. The caller owns the reference.
func (v *view) picture(p *pictures, timestamp uint32) *codecs.Picture {
	if len(v.list) == 0 {
		return nil
	}
	rung := v.list[0].rung
	canvas := p.composer.NewCanvas(p.layout, rung.Width, rung.Height)
	defer canvas.Close()
	overlay := v.describe(p)
	return canvas.Draw(v.contents, overlay, timestamp)
}

// bandName says what a band of the view is called, so that its encoder goes on
// when its content changes. What shows only the main cell is named by the part
// that one plays, all else by the view.
func (v *view) bandName(b composer.BandRect, speaker string) string {
	switch {
	case len(b.Cells) != 1 || b.Cells[0] != 0:
		return v.id
	case v.main == speaker:
		return "speaker"
	default:
		return "previous speaker"
	}
}

// shownIn names the participants in a band of the view.
func (v *view) shownIn(b composer.BandRect) string {
	var s strings.Builder
	for _, i := range b.Cells {
		s.WriteString(v.cells[i])
		s.WriteByte(0)
	}
	return s.String()
}

// close gives up everything.
func (v *view) close() {
	for _, r := range v.renditions {
		r.release()
	}
}
