package composer

import "slices"

// Rational is the fraction Num/Den.
type Rational struct{ Num, Den int }

// Region is a rectangle as fractions of the canvas, the <region> of RFC 5707
// section 9.3 (relative size).
type Region struct{ X, Y, W, H Rational }

// Band is a full-width stack of macroblock rows that can be encoded on its own.
type Band struct {
	Cells []int    // the cells inside, ascending
	H     Rational // the band's share of the canvas height; the seam below it is rounded to whole macroblock rows
}

// Layout says where the cells of a view lie.
type Layout struct {
	Name  string
	Cells []Region // 0 shows the current speaker, the rest are thumbnails
	Seats []int    // the order in which thumbnail cells are filled
	Bands []Band   // from top to bottom
	More  Region   // where the number of participants not shown is drawn
}

// Rect is a rectangle of a canvas in luma samples; all four are even.
type Rect struct{ X, Y, W, H int }

// Empty reports whether r has no samples.
func (r Rect) Empty() bool { return r.W <= 0 || r.H <= 0 }

// Overlaps reports whether r and o have a sample in common.
func (r Rect) Overlaps(o Rect) bool {
	return !r.Empty() && !o.Empty() &&
		r.X < o.X+o.W && o.X < r.X+r.W && r.Y < o.Y+o.H && o.Y < r.Y+r.H
}

// The names of the layouts.
const (
	OneMainSevenPips  = "one_main_seven_pips" // the default
	FourByFourSpeaker = "four_by_four_speaker"
)

// Seven cells in a row are filled from the middle outwards.
var fromTheMiddle = []int{4, 3, 5, 2, 6, 1, 7}

// Layouts returns every layout, the default first.
func Layouts() []*Layout { return slices.Clone(layouts) }

// Find returns the layout of that name; "" is the default.
func Find(name string) (*Layout, bool) {
	if name == "" {
		return layouts[0], true
	}
	for _, l := range layouts {
		if l.Name == name {
			return l, true
		}
	}
	return nil, false
}

var layouts = []*Layout{
	{
		// At 1280x720: the speaker 996x560 in the middle of the upper 37
		// macroblock rows, seven of 170x96 along the bottom, 8 rows; 32 black
		// lines on both sides of the seam.
		Name: OneMainSevenPips,
		Cells: []Region{
			{Rational{1, 9}, Rational{0, 1}, Rational{7, 9}, Rational{7, 9}},
			{Rational{1, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{18, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{35, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{52, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{69, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{86, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
			{Rational{103, 120}, Rational{13, 15}, Rational{2, 15}, Rational{2, 15}},
		},
		Seats: fromTheMiddle,
		Bands: []Band{
			{Cells: []int{0}, H: Rational{37, 45}},
			{Cells: []int{1, 2, 3, 4, 5, 6, 7}, H: Rational{8, 45}},
		},
		More: Region{Rational{65, 72}, Rational{127, 180}, Rational{1, 12}, Rational{13, 180}},
	},
	{
		// A grid of 4x4: the speaker 3x3 of it, the others to his right and
		// below, numbered clockwise from the upper right corner.
		Name: FourByFourSpeaker,
		Cells: []Region{
			{Rational{0, 1}, Rational{0, 1}, Rational{3, 4}, Rational{3, 4}},
			{Rational{3, 4}, Rational{0, 1}, Rational{1, 4}, Rational{1, 4}},
			{Rational{3, 4}, Rational{1, 4}, Rational{1, 4}, Rational{1, 4}},
			{Rational{3, 4}, Rational{1, 2}, Rational{1, 4}, Rational{1, 4}},
			{Rational{3, 4}, Rational{3, 4}, Rational{1, 4}, Rational{1, 4}},
			{Rational{1, 2}, Rational{3, 4}, Rational{1, 4}, Rational{1, 4}},
			{Rational{1, 4}, Rational{3, 4}, Rational{1, 4}, Rational{1, 4}},
			{Rational{0, 1}, Rational{3, 4}, Rational{1, 4}, Rational{1, 4}},
		},
		Seats: fromTheMiddle,
		Bands: []Band{{Cells: []int{0, 1, 2, 3, 4, 5, 6, 7}, H: Rational{1, 1}}},
		// No black is left here: it lies over the speaker's lower right corner.
		More: Region{Rational{95, 144}, Rational{121, 180}, Rational{1, 12}, Rational{13, 180}},
	},
}
