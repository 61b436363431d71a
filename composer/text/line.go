package text

import (
	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// typesetter turns runes into placed glyphs. Not for concurrent use.
type typesetter struct {
	fonts     *fonts
	shaper    shaping.HarfbuzzShaper
	split     shaping.Segmenter
	paragraph bidi.Paragraph
	graphemes segmenter.Segmenter
}

// line is shaped text: its runs from left to right.
type line struct {
	runs  []shaping.Output
	width fixed.Int26_6
}

var ellipsis = []rune("…")

// shape orders and shapes text at size (pixels per em, 26.6).
func (t *typesetter) shape(text []rune, size fixed.Int26_6) line {
	type part struct {
		start, end int
		level      bidi.Level
	}
	var parts []part
	found := t.paragraph.Segment(text, bidi.Neutral) // the first strong letter decides
	for i := range found.NumRuns() {
		r := found.Run(i)
		parts = append(parts, part{r.Start, r.End, r.Level})
	}
	// Rule L2 of the bidirectional algorithm (UAX #9): from the highest level
	// down to the lowest odd one, reverse what is at that level or above.
	highest := bidi.Level(0)
	for _, p := range parts {
		highest = max(highest, p.level)
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(parts); i++ {
			j := i
			for j < len(parts) && parts[j].level >= level {
				j++
			}
			reverse(parts[i:j])
			i = max(i, j-1)
		}
	}
	var l line
	for _, p := range parts {
		direction := di.DirectionLTR
		if p.level%2 == 1 {
			direction = di.DirectionRTL
		}
		inputs := t.split.Split(shaping.Input{
			Text: text, RunStart: p.start, RunEnd: p.end, Direction: direction,
			Size: size, Language: language.NewLanguage("en"),
		}, t.fonts)
		if direction == di.DirectionRTL {
			reverse(inputs)
		}
		for _, in := range inputs {
			in.Direction = direction
			out := t.shaper.Shape(in)
			l.width += out.Advance
			l.runs = append(l.runs, out)
		}
	}
	return l
}

func reverse[T any](s []T) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// fit shapes text, cut behind a whole character and marked with an ellipsis
// when it is wider than width.
func (t *typesetter) fit(text []rune, size, width fixed.Int26_6) line {
	whole := t.shape(text, size)
	if whole.width <= width {
		return whole
	}
	var ends []int // where characters, as readers count them, end
	t.graphemes.Init(text)
	for it := t.graphemes.GraphemeIterator(); it.Next(); {
		g := it.Grapheme()
		ends = append(ends, g.Offset+len(g.Text))
	}
	best := t.shape(ellipsis, size)
	for low, high := 0, len(ends)-1; low < high; {
		middle := (low + high) / 2
		end := ends[middle]
		for end > 0 && text[end-1] == ' ' {
			end--
		}
		cut := append(text[:end:end], ellipsis...)
		if l := t.shape(cut, size); l.width <= width {
			best, low = l, middle+1
		} else {
			high = middle
		}
	}
	return best
}

// extent returns how far the ink reaches above and below the baseline, in pixels.
func (l line) extent() (above, below float32) {
	for _, run := range l.runs {
		above = max(above, float32(run.GlyphBounds.Ascent)/64)
		below = max(below, -float32(run.GlyphBounds.Descent)/64)
	}
	return above, below
}

// missing is the glyph that a font draws for a rune that it lacks.
const missing font.GID = 0
