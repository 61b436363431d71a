package composer

import (
	"fmt"
	"slices"
	"testing"
)

func TestResolveDefaultAt720p(t *testing.T) {
	l, ok := Find("")
	if !ok || l.Name != OneMainSevenPips {
		t.Fatalf("the default layout is %v", l)
	}
	cells := l.Resolve(1280, 720)
	if want := (Rect{142, 0, 996, 560}); cells[0] != want {
		t.Errorf("main cell %v, want %v", cells[0], want)
	}
	for i, c := range cells[1:] {
		if c.W != 170 || c.H != 96 || c.Y != 624 {
			t.Errorf("thumbnail %d is %v, want 170x96 at row 624", i+1, c)
		}
	}
	if left, right := cells[1].X, 1280-cells[7].X-cells[7].W; max(left, right)-min(left, right) > 2 {
		t.Errorf("thumbnails leave %d at the left and %d at the right", left, right)
	}
	bands := l.ResolveBands(1280, 720)
	if len(bands) != 2 || bands[0].Y != 0 || bands[0].H != 37*16 || bands[1].Y != 37*16 || bands[1].H != 8*16 {
		t.Fatalf("bands %+v", bands)
	}
	if bands[0].Below != 32 || bands[1].Above != 32 {
		t.Errorf("black rows at the seam: %d and %d, want 32 and 32", bands[0].Below, bands[1].Above)
	}
}

func TestResolveFourByFour(t *testing.T) {
	l, ok := Find(FourByFourSpeaker)
	if !ok {
		t.Fatal("no such layout")
	}
	want := []Rect{
		{0, 0, 960, 540},
		{960, 0, 320, 180},
		{960, 180, 320, 180},
		{960, 360, 320, 180},
		{960, 540, 320, 180},
		{640, 540, 320, 180},
		{320, 540, 320, 180},
		{0, 540, 320, 180},
	}
	if got := l.Resolve(1280, 720); !slices.Equal(got, want) {
		t.Errorf("cells %v, want %v", got, want)
	}
	if bands := l.ResolveBands(1280, 720); len(bands) != 1 || bands[0].H != 720 {
		t.Errorf("bands %+v, want one", bands)
	}
}

func TestFindUnknown(t *testing.T) {
	if l, ok := Find("nine_mains_zero_pips"); ok || l != nil {
		t.Errorf("found %v", l)
	}
}

// Whatever the size: even, inside, apart; every row in one band, every cell
// wholly in its band.
func TestResolveAnySize(t *testing.T) {
	sizes := [][2]int{{1920, 1080}, {1280, 720}, {640, 360}, {426, 240}, {320, 180}, {854, 480}, {848, 480}, {352, 288}, {176, 144}, {2, 2}, {0, 0}, {1, 1}, {-4, 9}}
	for w := 1; w < 2000; w += 13 {
		sizes = append(sizes, [2]int{w, 1 + w*9/16}, [2]int{1 + w*9/16, w}, [2]int{w, w})
	}
	for _, l := range Layouts() {
		for _, size := range sizes {
			name := fmt.Sprintf("%s at %dx%d", l.Name, size[0], size[1])
			cells := l.Resolve(size[0], size[1])
			if len(cells) != len(l.Cells) {
				t.Fatalf("%s: %d cells", name, len(cells))
			}
			for i, c := range append(slices.Clone(cells), l.ResolveMore(size[0], size[1])) {
				if (c.X|c.Y|c.W|c.H)&1 != 0 {
					t.Errorf("%s: cell %d %v is not even", name, i, c)
				}
				if c.X < 0 || c.Y < 0 || c.W < 0 || c.H < 0 || c.X+c.W > max(size[0], 0) || c.Y+c.H > max(size[1], 0) {
					t.Errorf("%s: cell %d %v lies outside", name, i, c)
				}
			}
			for i, a := range cells {
				for j := range i {
					if a.Overlaps(cells[j]) {
						t.Errorf("%s: cells %d %v and %d %v overlap", name, j, cells[j], i, a)
					}
				}
			}
			row := 0
			var seen []int
			for i, b := range l.ResolveBands(size[0], size[1]) {
				if b.Y != row || b.Y%16 != 0 || b.Above < 0 || b.Below < 0 {
					t.Errorf("%s: band %d is %+v after row %d", name, i, b, row)
				}
				for _, k := range b.Cells {
					if c := cells[k]; !c.Empty() && (c.Y < b.Y || c.Y+c.H > b.Y+b.H) {
						t.Errorf("%s: cell %d %v leaves its band %+v", name, k, c, b)
					}
				}
				row += b.H
				seen = append(seen, b.Cells...)
			}
			if len(seen) != len(cells) || row != max(size[1], 0)&^1 {
				t.Errorf("%s: bands hold cells %v and %d rows", name, seen, row)
			}
		}
	}
}

func TestLayoutData(t *testing.T) {
	for _, l := range Layouts() {
		seats := slices.Clone(l.Seats)
		slices.Sort(seats)
		for i, s := range seats {
			if s != i+1 {
				t.Fatalf("%s: seats %v", l.Name, l.Seats)
			}
		}
		if len(seats) != len(l.Cells)-1 {
			t.Errorf("%s: %d seats for %d cells", l.Name, len(seats), len(l.Cells))
		}
	}
	if want := []int{4, 3, 5, 2, 6, 1, 7}; !slices.Equal(Layouts()[0].Seats, want) {
		t.Errorf("seats %v, want %v", Layouts()[0].Seats, want)
	}
}
