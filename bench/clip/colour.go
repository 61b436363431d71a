// Package clip makes the media that scripted callers send: pictures and sounds
// generated from a few parameters, equal for equal parameters, and the
// measurements that tell them apart again at the far end. Where asked to, it
// takes pictures and sound from a media file.
package clip

import (
	"fmt"
	"math"

	"parley/codecs"
)

// Callers is the number of callers that can be told apart by colour and tone.
const Callers = 16

// Colour is one 8-bit YCbCr value, BT.601 limited range.
type Colour struct{ Y, U, V uint8 }

// colours are the 16 colours of a greedy farthest-point choice in YCbCr (luma
// counted half) among all sRGB colours of chroma >= 38 and luma 55..200; the
// nearest two are 67 apart. The order is that of the choice, so the first few
// are the farthest from each other.
var colours = [Callers]Colour{
	{153, 150, 188},
	{145, 54, 34},
	{118, 195, 54},
	{193, 26, 159},
	{63, 227, 147},
	{85, 88, 120},
	{81, 90, 240},
	{199, 123, 79},
	{58, 163, 108},
	{56, 130, 184},
	{157, 173, 121},
	{102, 205, 214},
	{199, 98, 154},
	{165, 143, 20},
	{120, 68, 180},
	{189, 54, 98},
}

// Background returns the background colour of a caller; callers count modulo Callers.
func Background(caller int) Colour {
	return colours[((caller%Callers)+Callers)%Callers]
}

// Distance is how far apart two colours are, with luma counted half as chroma
// tells callers apart even where a picture was brightened or darkened.
func (c Colour) Distance(d Colour) float64 {
	y, u, v := float64(c.Y)-float64(d.Y), float64(c.U)-float64(d.U), float64(c.V)-float64(d.V)
	return math.Sqrt(y*y/2 + u*u + v*v)
}

// String returns the three values.
func (c Colour) String() string { return fmt.Sprintf("YUV(%d,%d,%d)", c.Y, c.U, c.V) }

// recognised is the farthest that a cell's colour may be from a caller's: less
// than half of what lies between any two callers.
const recognised = 28

// NearestCaller returns the caller whose background is nearest to c, or -1 when
// c is none of them (black, grey, an avatar, a mixture), and the distance.
func NearestCaller(c Colour) (caller int, distance float64) {
	caller, distance = -1, math.Inf(1)
	for i, b := range colours {
		if d := c.Distance(b); d < distance {
			caller, distance = i, d
		}
	}
	if distance > recognised {
		caller = -1
	}
	return caller, distance
}

// Rect is a rectangle in luma samples.
type Rect struct{ X, Y, W, H int }

// Whole returns the rectangle of a whole picture.
func Whole(p *codecs.Picture) Rect { return Rect{0, 0, p.Width, p.Height} }

// Part returns the part of r between the given shares of its width and height.
func (r Rect) Part(x0, y0, x1, y1 float64) Rect {
	x, y := r.X+int(x0*float64(r.W)), r.Y+int(y0*float64(r.H))
	return Rect{x, y, int(x1*float64(r.W)) - (x - r.X), int(y1*float64(r.H)) - (y - r.Y)}
}

// Backdrop returns the part of a cell that shows only background, for clips of
// any shape, whether the cell crops them or not: left of the figure, away from
// the cell's edges and from the text that a composer writes at its foot.
func (r Rect) Backdrop() Rect { return r.Part(0.06, 0.15, 0.20, 0.65) }

// CellColour returns the mean colour of the rectangle and the root mean square
// distance of its samples from that mean (0 for a flat area). The rectangle is
// cut to the picture; an empty one gives a zero colour.
func CellColour(p *codecs.Picture, r Rect) (mean Colour, spread float64) {
	y, vy := planeMean(p.Y, p.StrideY, p.Width, p.Height, r)
	half := Rect{r.X / 2, r.Y / 2, (r.W + 1) / 2, (r.H + 1) / 2}
	u, vu := planeMean(p.U, p.StrideUV, p.Width/2, p.Height/2, half)
	v, vv := planeMean(p.V, p.StrideUV, p.Width/2, p.Height/2, half)
	return Colour{uint8(y + 0.5), uint8(u + 0.5), uint8(v + 0.5)}, math.Sqrt(vy/2 + vu + vv)
}

// planeMean returns the mean and the variance of a rectangle of one plane.
func planeMean(plane []byte, stride, width, height int, r Rect) (mean, variance float64) {
	x0, y0 := max(r.X, 0), max(r.Y, 0)
	x1, y1 := min(r.X+r.W, width), min(r.Y+r.H, height)
	if x1 <= x0 || y1 <= y0 {
		return 0, 0
	}
	var sum, squares uint64
	for y := y0; y < y1; y++ {
		for _, s := range plane[y*stride+x0 : y*stride+x1] {
			sum += uint64(s)
			squares += uint64(s) * uint64(s)
		}
	}
	n := float64((x1 - x0) * (y1 - y0))
	mean = float64(sum) / n
	return mean, max(0, float64(squares)/n-mean*mean)
}
