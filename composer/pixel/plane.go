package pixel

import "fmt"

// Plane is a rectangle of 8-bit samples: Height rows of Width samples, Stride
// bytes from one row to the next. It may be a part of a larger plane.
type Plane struct {
	Pix           []byte
	Stride        int
	Width, Height int
}

// Sub returns the part of p with its corner at (x, y). It panics when the part
// does not lie inside p.
func (p Plane) Sub(x, y, width, height int) Plane {
	if x < 0 || y < 0 || width < 0 || height < 0 || x+width > p.Width || y+height > p.Height {
		panic(fmt.Sprintf("pixel: %dx%d at %d,%d of a plane of %dx%d", width, height, x, y, p.Width, p.Height))
	}
	if width == 0 || height == 0 {
		return Plane{Stride: p.Stride}
	}
	first := y*p.Stride + x
	return Plane{Pix: p.Pix[first : first+(height-1)*p.Stride+width], Stride: p.Stride, Width: width, Height: height}
}

// row returns the samples of row y.
func (p Plane) row(y int) []byte { return p.Pix[y*p.Stride : y*p.Stride+p.Width] }

// empty reports whether there is nothing to do for p. It panics when p's rows
// do not fit into its memory, so that native code never runs out of it.
func (p Plane) empty() bool {
	if p.Width <= 0 || p.Height <= 0 {
		return true
	}
	if p.Stride < p.Width || (p.Height-1)*p.Stride+p.Width > len(p.Pix) {
		panic(fmt.Sprintf("pixel: %dx%d with stride %d in %d bytes", p.Width, p.Height, p.Stride, len(p.Pix)))
	}
	return false
}

func sameSize(a, b Plane) {
	if a.Width != b.Width || a.Height != b.Height {
		panic(fmt.Sprintf("pixel: %dx%d and %dx%d differ in size", a.Width, a.Height, b.Width, b.Height))
	}
}
