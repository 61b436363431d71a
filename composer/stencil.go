package composer

import (
	"image"
	"math"

	"golang.org/x/image/vector"

	"parley/composer/pixel"
	"parley/composer/text"
)

// stencil is the coverage of a text or a shape, for luma and for chroma.
type stencil struct {
	width, height int // even; 0 x height when there is nothing to draw
	y, uv         pixel.Plane
	used          uint64 // the tick
}

type stencilKind uint8

const (
	kindText stencilKind = iota
	kindBar
	kindPill
	kindCircle
	kindPerson
	kindMuted
	kindOnHold
	kindAudioOnly
)

// stencilKey names a stencil of a size; width is the greatest one for a text.
type stencilKey struct {
	kind          stencilKind
	text          string
	width, height int
}

// text returns s on one line of height, at most maxWidth wide.
func (c *Composer) text(s string, height, maxWidth int) *stencil {
	return c.stencil(stencilKey{kindText, s, maxWidth, height})
}

// shape returns a shape of that size.
func (c *Composer) shape(kind stencilKind, width, height int) *stencil {
	return c.stencil(stencilKey{kind: kind, width: width, height: height})
}

func (c *Composer) stencil(key stencilKey) *stencil {
	m := c.stencils[key]
	if m == nil {
		c.dropStencils()
		c.counters.Rasterised++
		m = key.draw()
		c.stencils[key] = m
	}
	m.used = c.tick
	return m
}

// dropStencils makes room: first what was not drawn lately, then everything.
func (c *Composer) dropStencils() {
	if len(c.stencils) < maxStencils {
		return
	}
	const lately = 300 // ticks
	for key, m := range c.stencils {
		if m.used+lately < c.tick {
			delete(c.stencils, key)
		}
	}
	if len(c.stencils) > maxStencils*3/4 {
		clear(c.stencils)
	}
}

func (k stencilKey) draw() *stencil {
	if k.kind == kindText {
		m := text.Render(k.text, k.height, k.width)
		return newStencil(m.Alpha, m.W, m.H, m.Stride)
	}
	w, h := k.width, k.height
	alpha := &image.Alpha{Pix: make([]byte, w*h), Stride: w, Rect: image.Rect(0, 0, w, h)}
	if w > 0 && h > 0 {
		path := outline{vector.NewRasterizer(w, h)}
		shapes[k.kind](path, float32(w), float32(h))
		path.Draw(alpha, alpha.Rect, image.Opaque, image.Point{})
	}
	switch k.kind {
	case kindBar: // half-transparent
		for i, a := range alpha.Pix {
			alpha.Pix[i] = byte(int(a) * 160 / 255)
		}
	case kindPerson: // cut off by the circle around
		circle := stencilKey{kind: kindCircle, width: w, height: h}.draw()
		for y := range h {
			for x := range w {
				i := y*w + x
				alpha.Pix[i] = byte(int(alpha.Pix[i]) * int(circle.y.Pix[y*circle.y.Stride+x]) / 255)
			}
		}
	}
	return newStencil(alpha.Pix, w, h, w)
}

// newStencil copies a mask to even size and takes the mean of each four samples for chroma.
func newStencil(alpha []byte, w, h, stride int) *stencil {
	m := &stencil{width: even(w), height: even(h)}
	m.y = pixel.Plane{Pix: make([]byte, m.width*m.height), Stride: m.width, Width: m.width, Height: m.height}
	for y := range h {
		copy(m.y.Pix[y*m.width:], alpha[y*stride:y*stride+w])
	}
	cw, ch := m.width/2, m.height/2
	m.uv = pixel.Plane{Pix: make([]byte, cw*ch), Stride: cw, Width: cw, Height: ch}
	for y := range ch {
		for x := range cw {
			top := m.y.Pix[2*y*m.width+2*x:]
			bottom := m.y.Pix[(2*y+1)*m.width+2*x:]
			m.uv.Pix[y*cw+x] = byte((int(top[0]) + int(top[1]) + int(bottom[0]) + int(bottom[1]) + 2) / 4)
		}
	}
	return m
}

// outline adds shapes to a rasteriser. Sizes are in samples.
type outline struct{ *vector.Rasterizer }

// shapes draws each kind into a rectangle of w x h.
var shapes = map[stencilKind]func(p outline, w, h float32){
	kindBar:    func(p outline, w, h float32) { p.rounded(0, 0, w, h, min(h/4, 8)) },
	kindPill:   func(p outline, w, h float32) { p.rounded(0, 0, w, h, min(w, h)/2) },
	kindCircle: func(p outline, w, h float32) { p.ellipse(w/2, h/2, w/2, h/2) },
	kindPerson: func(p outline, w, h float32) {
		p.ellipse(w*0.5, h*0.39, w*0.175, h*0.19)
		p.ellipse(w*0.5, h*1.0, w*0.34, h*0.36)
	},
	// A microphone, struck through.
	kindMuted: func(p outline, w, h float32) {
		t := max(1, w*0.085)
		p.rounded(w*0.36, h*0.08, w*0.64, h*0.58, w*0.14)
		p.arc(w*0.5, h*0.42, w*0.28, t, 0, math.Pi)
		p.rounded(w*0.5-t/2, h*0.70, w*0.5+t/2, h*0.86, 0)
		p.rounded(w*0.32, h*0.86-t/2, w*0.68, h*0.86+t/2, 0)
		p.stroke(w*0.14, h*0.10, w*0.86, h*0.92, t*1.2)
	},
	kindOnHold: func(p outline, w, h float32) {
		p.rounded(w*0.24, h*0.16, w*0.42, h*0.84, w*0.04)
		p.rounded(w*0.58, h*0.16, w*0.76, h*0.84, w*0.04)
	},
	// Headphones.
	kindAudioOnly: func(p outline, w, h float32) {
		p.arc(w*0.5, h*0.52, w*0.34, max(1, w*0.10), math.Pi, 2*math.Pi)
		p.rounded(w*0.10, h*0.50, w*0.30, h*0.86, w*0.07)
		p.rounded(w*0.70, h*0.50, w*0.90, h*0.86, w*0.07)
	},
}

// bend is where the control points of a quarter circle lie.
const bend = 0.5523

func (p outline) ellipse(x, y, rx, ry float32) {
	p.MoveTo(x+rx, y)
	p.CubeTo(x+rx, y+ry*bend, x+rx*bend, y+ry, x, y+ry)
	p.CubeTo(x-rx*bend, y+ry, x-rx, y+ry*bend, x-rx, y)
	p.CubeTo(x-rx, y-ry*bend, x-rx*bend, y-ry, x, y-ry)
	p.CubeTo(x+rx*bend, y-ry, x+rx, y-ry*bend, x+rx, y)
	p.ClosePath()
}

// rounded adds a rectangle with corners of radius r.
func (p outline) rounded(x0, y0, x1, y1, r float32) {
	k := r * (1 - bend)
	p.MoveTo(x1, y0+r)
	p.LineTo(x1, y1-r)
	p.CubeTo(x1, y1-k, x1-k, y1, x1-r, y1)
	p.LineTo(x0+r, y1)
	p.CubeTo(x0+k, y1, x0, y1-k, x0, y1-r)
	p.LineTo(x0, y0+r)
	p.CubeTo(x0, y0+k, x0+k, y0, x0+r, y0)
	p.LineTo(x1-r, y0)
	p.CubeTo(x1-k, y0, x1, y0+k, x1, y0+r)
	p.ClosePath()
}

// arc adds a part of a ring of radius r and thickness t; angles in radians,
// clockwise from the right.
func (p outline) arc(x, y, r, t float32, from, to float64) {
	const steps = 32
	point := func(i int, r float32) (float32, float32) {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/steps)
		return x + r*float32(cos), y + r*float32(sin)
	}
	p.MoveTo(point(0, r+t/2))
	for i := 1; i <= steps; i++ {
		p.LineTo(point(i, r+t/2))
	}
	for i := steps; i >= 0; i-- {
		p.LineTo(point(i, r-t/2))
	}
	p.ClosePath()
}

// stroke adds a line of thickness t.
func (p outline) stroke(x0, y0, x1, y1, t float32) {
	dx, dy := x1-x0, y1-y0
	l := float32(math.Hypot(float64(dx), float64(dy)))
	nx, ny := -dy/l*t/2, dx/l*t/2
	// Clockwise, as the other shapes: turns against each other would cancel.
	p.MoveTo(x0-nx, y0-ny)
	p.LineTo(x1-nx, y1-ny)
	p.LineTo(x1+nx, y1+ny)
	p.LineTo(x0+nx, y0+ny)
	p.ClosePath()
}
