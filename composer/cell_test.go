package composer

import (
	"fmt"
	"testing"
)

func TestOnHoldIsGrey(t *testing.T) {
	_, v := newCanvas(t, "", 640, 360)
	contents := flatContents(t, 2)
	contents[0].OnHold = true
	contents[1].OnHold, contents[1].Picture = true, nil
	p := v.Draw(contents, Overlay{}, 0)
	defer p.Release()
	for i, r := range v.Cells()[:2] {
		// The upper half: indicators lie in the lower one.
		for y := r.Y; y < r.Y+r.H/2; y++ {
			for x := r.X; x < r.X+r.W; x++ {
				if got := at(p, x, y); got.u != 128 || got.v != 128 {
					t.Fatalf("cell %d: sample %d,%d is %v", i, x, y, got)
				}
			}
		}
	}
}

func TestAvatarColourStays(t *testing.T) {
	_, v := newCanvas(t, "", 640, 360)
	corner := func(source string, version uint64, name string) colour {
		p := v.Draw([]Content{{Source: source, Version: version, Name: name}}, Overlay{}, 0)
		defer p.Release()
		r := v.Cells()[0]
		return at(p, r.X+r.W-2, r.Y+2)
	}
	one := corner("one", 1, "Ada")
	if again := corner("one", 2, "Ada Lovelace"); again != one {
		t.Errorf("%v, then %v", one, again)
	}
	others := map[colour]bool{}
	for i := range 40 {
		others[corner(fmt.Sprint(i), 1, "")] = true
	}
	if len(others) < 4 {
		t.Errorf("%d colours for 40 participants", len(others))
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace": "AL", "ada": "A", "Grace Brewster Hopper": "GH", "лев толстой": "ЛТ", "王小明": "王",
		"محمد بن راشد": "م", "+49 30 901820": "", "": "", "(guest) x": "GX", "ada.lovelace@example.org": "AL", "  ": "", "𝒳": "𝒳",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q has the initials %q, want %q", name, got, want)
		}
	}
}

// Somebody who speaks has a frame in a thumbnail; the main cell needs none.
func TestSpeakingFrame(t *testing.T) {
	_, v := newCanvas(t, "", 1280, 720)
	contents := flatContents(t, 3)
	contents[0].Speaking, contents[1].Speaking = true, true
	p := v.Draw(contents, Overlay{}, 0)
	defer p.Release()
	for i, want := range []colour{palette[0], speaking, palette[2]} {
		if r := v.Cells()[i]; at(p, r.X, r.Y) != want || at(p, r.X+r.W-1, r.Y+r.H/2) != want {
			t.Errorf("the edge of cell %d is %v, want %v", i, at(p, r.X, r.Y), want)
		}
	}
}
