package composer

import (
	"bytes"
	"testing"

	"parley/codecs"
)

// TestBandsMakeTheWhole draws a layout whole and band by band.
func TestBandsMakeTheWhole(t *testing.T) {
	c := New()
	defer c.Close()
	for _, l := range layouts {
		for _, size := range [][2]int{{1280, 720}, {1920, 1080}, {640, 360}, {334, 250}} {
			whole := c.NewCanvas(l, size[0], size[1])
			rects := l.ResolveBands(size[0], size[1])
			if l.Name == OneMainSevenPips && size[1] >= 720 && len(rects) != 2 {
				t.Errorf("%s at %v: %d bands", l.Name, size, len(rects))
			}
			var bands []*Canvas
			for _, r := range rects {
				bands = append(bands, c.NewBandCanvas(l, size[0], size[1], r))
			}
			picture := codecs.NewPicture(320, 180)
			for i := range picture.Y {
				picture.Y[i] = byte(i)
			}
			for n := range 4 {
				c.BeginTick()
				cells := make([]Content, len(l.Cells))
				for i := range cells {
					cells[i] = Content{Source: string(rune('a' + i)), Name: "Somebody", Version: uint64(n * (i % 3))}
					if i%2 == 0 {
						cells[i].Picture = picture
					}
				}
				o := Overlay{More: n}
				if n == 2 {
					o.Message = []string{"Hello"}
				}
				want := whole.Draw(cells, o, 0)
				for i, b := range bands {
					if n > 0 && n != 3 && b.Shows(cells, o) && rects[i].Cells[0] == 0 {
						t.Errorf("%s at %v, picture %d: band %d is said to show it already", l.Name, size, n, i)
					}
					got := b.Draw(cells, o, 0)
					if !b.Shows(cells, o) {
						t.Errorf("band %d does not show what was drawn", i)
					}
					compareRows(t, got, want, rects[i])
					got.Release()
				}
				want.Release()
			}
			picture.Release()
			whole.Close()
			for _, b := range bands {
				b.Close()
			}
		}
	}
}

// compareRows compares a band with its rows of the whole picture.
func compareRows(t *testing.T, band, whole *codecs.Picture, r BandRect) {
	t.Helper()
	if band.Width != whole.Width || band.Height != r.H {
		t.Fatalf("band of %dx%d, want %dx%d", band.Width, band.Height, whole.Width, r.H)
	}
	for y := range r.H {
		if !bytes.Equal(band.Y[y*band.StrideY:][:band.Width], whole.Y[(r.Y+y)*whole.StrideY:][:band.Width]) {
			t.Fatalf("luma row %d of the band at %d differs", y, r.Y)
		}
		if at := y / 2; !bytes.Equal(band.U[at*band.StrideUV:][:band.Width/2], whole.U[(r.Y/2+at)*whole.StrideUV:][:band.Width/2]) {
			t.Fatalf("chroma row %d of the band at %d differs", at, r.Y)
		}
	}
}
