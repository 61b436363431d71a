package clip

import (
	"math"
	"math/rand/v2"

	"parley/codecs"
)

// canvas draws on a picture. Coordinates are luma samples, fractions allowed.
type canvas struct{ p *codecs.Picture }

// fill paints the whole picture.
func (c canvas) fill(col Colour) { c.rect(Rect{0, 0, c.p.Width, c.p.Height}, col) }

// rect paints a rectangle, its edges moved to even samples so that luma and
// chroma end at the same place.
func (c canvas) rect(r Rect, col Colour) {
	x0, y0 := max(r.X, 0)&^1, max(r.Y, 0)&^1
	x1, y1 := min((r.X+r.W+1)&^1, c.p.Width), min((r.Y+r.H+1)&^1, c.p.Height)
	if x0 >= x1 || y0 >= y1 {
		return
	}
	for y := y0; y < y1; y++ {
		set(c.p.Y[y*c.p.StrideY+x0:y*c.p.StrideY+x1], col.Y)
	}
	for y := y0 / 2; y < y1/2; y++ {
		set(c.p.U[y*c.p.StrideUV+x0/2:y*c.p.StrideUV+x1/2], col.U)
		set(c.p.V[y*c.p.StrideUV+x0/2:y*c.p.StrideUV+x1/2], col.V)
	}
}

// ellipse paints a filled ellipse with softened edges.
func (c canvas) ellipse(cx, cy, rx, ry float64, col Colour) {
	paintEllipse(c.p.Y, c.p.StrideY, c.p.Width, c.p.Height, cx, cy, rx, ry, col.Y)
	paintEllipse(c.p.U, c.p.StrideUV, c.p.Width/2, c.p.Height/2, cx/2, cy/2, rx/2, ry/2, col.U)
	paintEllipse(c.p.V, c.p.StrideUV, c.p.Width/2, c.p.Height/2, cx/2, cy/2, rx/2, ry/2, col.V)
}

// paintEllipse paints one plane row by row: solid inside, and at both ends of
// the row one sample mixed by how much of it is covered.
func paintEllipse(plane []byte, stride, width, height int, cx, cy, rx, ry float64, value uint8) {
	if rx <= 0 || ry <= 0 {
		return
	}
	for y := max(0, int(cy-ry)); y < min(height, int(cy+ry)+1); y++ {
		dy := (float64(y) + 0.5 - cy) / ry
		if dy <= -1 || dy >= 1 {
			continue
		}
		w := rx * math.Sqrt(1-dy*dy)
		left, right := max(cx-w, 0), min(cx+w, float64(width))
		if left >= right {
			continue
		}
		row := plane[y*stride : y*stride+width]
		x0, x1 := int(math.Ceil(left)), int(right)
		if x0 <= x1 {
			set(row[x0:x1], value)
		}
		if x0 > 0 {
			mix(&row[x0-1], value, float64(x0)-left)
		}
		if x1 < width {
			mix(&row[x1], value, right-float64(x1))
		}
	}
}

// noise adds camera noise of the given amplitude to luma. It takes one stretch
// of a table per row, which is enough to keep an encoder busy and costs little.
func (c canvas) noise(table []int8, r *rand.Rand) {
	for y := range c.p.Height {
		row := c.p.Y[y*c.p.StrideY : y*c.p.StrideY+c.p.Width]
		at := r.IntN(len(table) - len(row))
		for x, n := range table[at : at+len(row)] {
			row[x] = uint8(min(max(int(row[x])+int(n), 16), 235))
		}
	}
}

// noiseTable returns samples of a triangular distribution from -amplitude to amplitude.
func noiseTable(amplitude int, r *rand.Rand) []int8 {
	table := make([]int8, 1<<16)
	for i := range table {
		table[i] = int8(r.IntN(amplitude+1) - r.IntN(amplitude+1))
	}
	return table
}

func set(row []byte, value byte) {
	for i := range row {
		row[i] = value
	}
}

func mix(s *byte, value byte, share float64) {
	share = min(max(share, 0), 1)
	*s = byte(float64(*s)*(1-share) + float64(value)*share + 0.5)
}
