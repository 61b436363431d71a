package composer

// Resolve returns the cells of l on a canvas of width x height luma samples:
// even, inside the canvas, never overlapping. Where the canvas is too small
// for a cell, its rectangle is empty.
func (l *Layout) Resolve(width, height int) []Rect {
	cells := l.resolve(width, height, nearestEven)
	if disjoint(cells) {
		return cells
	}
	// Rounding down never makes neighbours overlap: for even numbers below a
	// and b, their sum is an even number below a+b.
	return l.resolve(width, height, lowerEven)
}

// ResolveMore returns where the number of those not shown is drawn.
func (l *Layout) ResolveMore(width, height int) Rect {
	return l.More.resolve(width, height, lowerEven)
}

func (l *Layout) resolve(width, height int, round func(Rational, int) int) []Rect {
	cells := make([]Rect, len(l.Cells))
	for i, c := range l.Cells {
		cells[i] = c.resolve(width, height, round)
	}
	return cells
}

func (r Region) resolve(width, height int, round func(Rational, int) int) Rect {
	width, height = max(width, 0)&^1, max(height, 0)&^1
	c := Rect{round(r.X, width), round(r.Y, height), round(r.W, width), round(r.H, height)}
	c.W, c.H = min(c.W, width-c.X), min(c.H, height-c.Y)
	if c.Empty() {
		return Rect{X: c.X, Y: c.Y}
	}
	return c
}

// nearestEven returns the even number nearest to r*n, the upper of two.
func nearestEven(r Rational, n int) int { return (r.Num*n + r.Den) / (2 * r.Den) * 2 }

// lowerEven returns the largest even number that is not above r*n.
func lowerEven(r Rational, n int) int { return r.Num * n / (2 * r.Den) * 2 }

func disjoint(cells []Rect) bool {
	for i, a := range cells {
		for _, b := range cells[i+1:] {
			if a.Overlaps(b) {
				return false
			}
		}
	}
	return true
}

// macroblock is the side of a macroblock in luma samples (ITU-T H.264 section 3.89).
const macroblock = 16

// BandRect is a band on a canvas. Y and H are in luma rows, whole macroblock
// rows except that the last band ends with the canvas.
type BandRect struct {
	Y, H  int
	Cells []int
	// Black rows of the band above its first and below its last cell. How many
	// are needed at a seam for bands to be encoded apart is for the encoder to say.
	Above, Below int
}

// ResolveBands returns the bands of l on a canvas of width x height. Every row
// belongs to one band. Where a seam cannot be put between the cells of two
// bands, they are joined.
func (l *Layout) ResolveBands(width, height int) []BandRect {
	cells := l.Resolve(width, height)
	height = max(height, 0) &^ 1
	var bands []BandRect
	top, share := 0, Rational{0, 1}
	var joined []int
	for i, b := range l.Bands {
		joined = append(joined, b.Cells...)
		share = Rational{share.Num*b.H.Den + b.H.Num*share.Den, share.Den * b.H.Den}
		bottom := height
		if i < len(l.Bands)-1 {
			bottom = (share.Num*height/share.Den + macroblock/2) / macroblock * macroblock
			if bottom <= top || bottom < lowest(cells, joined) || bottom > highest(cells, l.Bands[i+1].Cells, height) {
				continue
			}
		}
		bands = append(bands, BandRect{
			Y: top, H: bottom - top, Cells: joined,
			Above: highest(cells, joined, bottom) - top,
			Below: bottom - max(lowest(cells, joined), top),
		})
		top, joined = bottom, nil
	}
	return bands
}

// lowest returns the row after the last of the cells named by index.
func lowest(cells []Rect, index []int) int {
	row := 0
	for _, i := range index {
		if !cells[i].Empty() {
			row = max(row, cells[i].Y+cells[i].H)
		}
	}
	return row
}

// highest returns the first row of the cells named by index, none when they are empty.
func highest(cells []Rect, index []int, none int) int {
	row := none
	for _, i := range index {
		if !cells[i].Empty() {
			row = min(row, cells[i].Y)
		}
	}
	return row
}
