package clip

import (
	"bytes"
	"image"

	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/vector"
)

// nameplate is a name, drawn once as a mask and then blended into every picture.
type nameplate struct{ mask *image.Alpha }

// newNameplate draws the name with letters of the given height in luma
// samples. It shapes nothing: one glyph per character, left to right; a
// character that the Go font lacks is left out.
func newNameplate(name string, height float64) *nameplate {
	face, err := font.ParseTTF(bytes.NewReader(gobold.TTF))
	if err != nil { // the font is part of the program
		panic("clip: embedded font: " + err.Error())
	}
	scale := float32(height) / float32(face.Upem())
	width := float32(0)
	for _, r := range name {
		if g, ok := face.NominalGlyph(r); ok {
			width += face.HorizontalAdvance(g) * scale
		}
	}
	w, h := int(width)+2, int(height*1.3)+2
	z := vector.NewRasterizer(w, h)
	x, base := float32(1), float32(height)
	for _, r := range name {
		g, ok := face.NominalGlyph(r)
		if !ok {
			continue
		}
		if outline, ok := face.GlyphData(g).(font.GlyphOutline); ok {
			trace(z, outline, x, base, scale)
		}
		x += face.HorizontalAdvance(g) * scale
	}
	mask := image.NewAlpha(image.Rect(0, 0, w, h))
	z.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	return &nameplate{mask}
}

// trace adds one glyph's outline to the rasteriser; font units point upwards.
func trace(z *vector.Rasterizer, outline font.GlyphOutline, x, base, scale float32) {
	for _, s := range outline.Segments {
		var a [6]float32
		for i, p := range s.Args {
			a[2*i], a[2*i+1] = x+p.X*scale, base-p.Y*scale
		}
		switch s.Op {
		case ot.SegmentOpMoveTo:
			z.ClosePath()
			z.MoveTo(a[0], a[1])
		case ot.SegmentOpLineTo:
			z.LineTo(a[0], a[1])
		case ot.SegmentOpQuadTo:
			z.QuadTo(a[0], a[1], a[2], a[3])
		case ot.SegmentOpCubeTo:
			z.CubeTo(a[0], a[1], a[2], a[3], a[4], a[5])
		}
	}
	z.ClosePath()
}

// draw blends the name, white with a dark shadow, centred on the point.
func (n *nameplate) draw(c canvas, cx, cy float64) {
	b := n.mask.Bounds()
	x, y := int(cx)-b.Dx()/2, int(cy)-b.Dy()/2
	shift := max(2, b.Dy()/24)
	n.blend(c, x+shift, y+shift, Colour{20, 128, 128})
	n.blend(c, x, y, Colour{235, 128, 128})
}

func (n *nameplate) blend(c canvas, x0, y0 int, col Colour) {
	b := n.mask.Bounds()
	for my := range b.Dy() {
		y := y0 + my
		if y < 0 || y >= c.p.Height {
			continue
		}
		for mx := range b.Dx() {
			x := x0 + mx
			a := n.mask.AlphaAt(mx, my).A
			if a == 0 || x < 0 || x >= c.p.Width {
				continue
			}
			mix(&c.p.Y[y*c.p.StrideY+x], col.Y, float64(a)/255)
			if x&1 == 0 && y&1 == 0 {
				mix(&c.p.U[y/2*c.p.StrideUV+x/2], col.U, float64(a)/255)
				mix(&c.p.V[y/2*c.p.StrideUV+x/2], col.V, float64(a)/255)
			}
		}
	}
}
