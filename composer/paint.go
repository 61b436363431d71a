package composer

import (
	"parley/codecs"
	"parley/composer/pixel"
)

// colour is a colour in limited range, BT.709.
type colour struct{ y, u, v byte }

var (
	black = colour{16, 128, 128}
	white = rgb(255, 255, 255)
)

// rgb converts from full-range R'G'B' (ITU-R BT.709-6 sections 3 and 4).
func rgb(r, g, b float64) colour {
	y := 0.2126*r + 0.7152*g + 0.0722*b
	return colour{
		y: byte(16 + y*219/255 + 0.5),
		u: byte(128 + (b-y)/1.8556*224/255 + 0.5),
		v: byte(128 + (r-y)/1.5748*224/255 + 0.5),
	}
}

// surface is a part of a picture that is drawn on; even in place and size.
type surface struct {
	width, height int
	y, u, v       pixel.Plane
}

func surfaceOf(p *codecs.Picture) surface {
	w, h := p.Width, p.Height
	return surface{
		width: w, height: h,
		y: pixel.Plane{Pix: p.Y, Stride: p.StrideY, Width: w, Height: h},
		u: pixel.Plane{Pix: p.U, Stride: p.StrideUV, Width: w / 2, Height: h / 2},
		v: pixel.Plane{Pix: p.V, Stride: p.StrideUV, Width: w / 2, Height: h / 2},
	}
}

// part returns the part of s inside r.
func (s surface) part(r Rect) surface {
	x0, y0 := max(r.X, 0)&^1, max(r.Y, 0)&^1
	w := max(min(r.X+r.W, s.width)-x0, 0) &^ 1
	h := max(min(r.Y+r.H, s.height)-y0, 0) &^ 1
	if w == 0 || h == 0 {
		return surface{}
	}
	return surface{
		width: w, height: h,
		y: s.y.Sub(x0, y0, w, h),
		u: s.u.Sub(x0/2, y0/2, w/2, h/2),
		v: s.v.Sub(x0/2, y0/2, w/2, h/2),
	}
}

func (s surface) fill(c colour) {
	pixel.Fill(s.y, c.y)
	pixel.Fill(s.u, c.u)
	pixel.Fill(s.v, c.v)
}

// copy copies o, which has the size of s.
func (s surface) copy(o surface) {
	pixel.Copy(s.y, o.y)
	pixel.Copy(s.u, o.u)
	pixel.Copy(s.v, o.v)
}

// stamp draws colour c through m with its corner at (x, y), clipped to s.
func (s surface) stamp(m *stencil, x, y int, c colour) {
	x, y = x&^1, y&^1
	at := s.part(Rect{x, y, m.width, m.height})
	if at.width == 0 {
		return
	}
	// What was clipped off at the left and the top is skipped in the stencil too.
	dx, dy := max(-x, 0), max(-y, 0)
	pixel.Blend(at.y, m.y.Sub(dx, dy, at.width, at.height), c.y)
	uv := m.uv.Sub(dx/2, dy/2, at.width/2, at.height/2)
	pixel.Blend(at.u, uv, c.u)
	pixel.Blend(at.v, uv, c.v)
}

// even rounds up to even.
func even(n int) int { return (n + 1) &^ 1 }
