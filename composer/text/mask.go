package text

import (
	"image"
	"math"
	"sync"

	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Mask is how much of each sample the ink covers: 0 none, 255 all.
type Mask struct {
	W, H, Stride int
	Alpha        []byte
}

const (
	maxHeight = 512  // of a mask
	maxWidth  = 4096 // of a mask
	minHeight = 6    // smaller letters are dust
)

// Proportions of a line of height 1, from the embedded font: the em, and where
// the baseline lies.
const (
	emOfLine       = 0.80
	baselineOfLine = 0.775
)

// shared is the typesetter of the process: fonts are large and opened once.
var shared struct {
	mu sync.Mutex
	t  *typesetter
}

// Render draws s on one line of heightPx (at most 512), as wide as the text
// needs but not above maxWidthPx (at most 4096); what does not fit is cut with an
// ellipsis. Missing characters are boxes. Text without anything to draw, or
// too small to read, is a mask of width 0. Safe for concurrent use.
func Render(s string, heightPx, maxWidthPx int) *Mask {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.t == nil {
		shared.t = newTypesetter(fontDirs)
	}
	return shared.t.renderSafely(s, heightPx, maxWidthPx)
}

func newTypesetter(dirs []string) *typesetter { return &typesetter{fonts: newFonts(dirs)} }

// renderSafely draws nothing where the shaping library panics: names come from
// anybody, fonts from the system, and one must not end everybody's calls.
func (t *typesetter) renderSafely(s string, heightPx, maxWidthPx int) (m *Mask) {
	defer func() {
		if recover() != nil {
			*t = typesetter{fonts: t.fonts} // its scratch memory may be half written
			m = &Mask{H: max(0, min(heightPx, maxHeight))}
		}
	}()
	return t.render(s, heightPx, maxWidthPx)
}

func (t *typesetter) render(s string, heightPx, maxWidthPx int) *Mask {
	height := max(0, min(heightPx, maxHeight))
	width := max(0, min(maxWidthPx, maxWidth))
	text := clean(s)
	if len(text) == 0 || height < minHeight || width == 0 {
		return &Mask{H: height}
	}
	size := float32(height) * emOfLine
	baseline := float32(math.Round(float64(height) * baselineOfLine))
	l := t.fit(text, fixed.Int26_6(size*64), fixed.I(width))
	// Scripts with tall letters or marks are drawn smaller, not cut off.
	above, below := l.extent()
	shrink := min(1, baseline/max(above, 1), (float32(height)-baseline)/max(below, 1))
	if shrink < 1 {
		l = t.fit(text, fixed.Int26_6(size*64*max(shrink, 0.4)), fixed.I(width))
	}
	w := min(width, l.width.Ceil())
	m := &Mask{W: w, H: height, Stride: w, Alpha: make([]byte, w*height)}
	if w == 0 {
		return m
	}
	ink := vector.NewRasterizer(w, height)
	var x fixed.Int26_6
	for _, run := range l.runs {
		x = drawRun(ink, run, x, baseline)
	}
	alpha := &image.Alpha{Pix: m.Alpha, Stride: w, Rect: image.Rect(0, 0, w, height)}
	ink.Draw(alpha, alpha.Rect, image.Opaque, image.Point{})
	return m
}

// drawRun adds the outlines of run to ink, from x on, and returns where it ends.
func drawRun(ink *vector.Rasterizer, run shaping.Output, x fixed.Int26_6, baseline float32) fixed.Int26_6 {
	scale := float32(run.Size) / 64 / float32(run.Face.Upem())
	for _, g := range run.Glyphs {
		pen := pen{
			ink: ink, scale: scale,
			x: float32(x+g.XOffset) / 64,
			y: baseline - float32(g.YOffset)/64,
		}
		switch outline, ok := run.Face.GlyphDataOutline(g.GlyphID); {
		case g.GlyphID == missing:
			pen.box(float32(g.Advance)/64, float32(run.Size)/64)
		case ok:
			pen.glyph(outline)
		}
		x += g.Advance
	}
	return x
}

// pen draws in font units with its origin at (x, y) of the mask.
type pen struct {
	ink         *vector.Rasterizer
	x, y, scale float32
}

func (p pen) at(a ot.SegmentPoint) (x, y float32) { return p.x + a.X*p.scale, p.y - a.Y*p.scale }

func (p pen) glyph(outline font.GlyphOutline) {
	open := false
	for _, s := range outline.Segments {
		x0, y0 := p.at(s.Args[0])
		x1, y1 := p.at(s.Args[1])
		x2, y2 := p.at(s.Args[2])
		switch s.Op {
		case ot.SegmentOpMoveTo:
			if open {
				p.ink.ClosePath()
			}
			open = true
			p.ink.MoveTo(x0, y0)
		case ot.SegmentOpLineTo:
			p.ink.LineTo(x0, y0)
		case ot.SegmentOpQuadTo:
			p.ink.QuadTo(x0, y0, x1, y1)
		case ot.SegmentOpCubeTo:
			p.ink.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	if open {
		p.ink.ClosePath()
	}
}

// box draws a frame in a glyph's place: advance wide, for letters of size em.
func (p pen) box(advance, em float32) {
	if advance < 2 {
		return
	}
	line := max(1, em/14)
	left, right := p.x+advance/8, p.x+advance*7/8
	top, bottom := p.y-em*0.7, p.y
	p.ink.MoveTo(left, top)
	p.ink.LineTo(right, top)
	p.ink.LineTo(right, bottom)
	p.ink.LineTo(left, bottom)
	p.ink.ClosePath()
	left, right, top, bottom = left+line, right-line, top+line, bottom-line
	if left >= right || top >= bottom {
		return
	}
	// The inner frame turns the other way, which leaves it empty.
	p.ink.MoveTo(left, top)
	p.ink.LineTo(left, bottom)
	p.ink.LineTo(right, bottom)
	p.ink.LineTo(right, top)
	p.ink.ClosePath()
}
