package clip

import (
	"math"
	"math/rand/v2"

	"parley/codecs"
)

// Style is how a caller looks.
type Style int

const (
	// Flat is for machines: a flat background, an ellipse for a face that
	// sways slowly, and the mark.
	Flat Style = iota
	// Person is for people: head and shoulders before the caller's background,
	// the mouth moving while he talks, and his name.
	Person
)

// figure is what distinguishes one person from the next.
type figure struct {
	skin, hair, shirt Colour
	headWide          float64 // of the usual width
	longHair          bool
}

var (
	skins  = [...]Colour{{184, 110, 146}, {150, 108, 152}, {110, 112, 150}, {204, 116, 138}, {78, 118, 142}}
	hairs  = [...]Colour{{40, 122, 138}, {70, 108, 152}, {170, 80, 142}, {28, 128, 128}, {120, 128, 128}, {92, 104, 168}}
	shirts = [...]Colour{{210, 128, 128}, {45, 140, 120}, {90, 110, 190}, {70, 170, 110}, {160, 90, 120}, {130, 128, 128}, {180, 140, 150}}
)

func figureOf(caller int) figure {
	return figure{
		skin: skins[caller%len(skins)], hair: hairs[caller%len(hairs)], shirt: shirts[caller%len(shirts)],
		headWide: 0.92 + 0.16*float64(caller*7%Callers)/Callers,
		longHair: caller%2 == 1,
	}
}

// scene draws the pictures of one clip.
type scene struct {
	spec  VideoSpec
	table []int8 // camera noise, nil = none
	name  *nameplate
}

func newScene(s VideoSpec) *scene {
	sc := &scene{spec: s}
	if s.Noise > 0 {
		sc.table = noiseTable(s.Noise, rand.New(rand.NewPCG(s.Seed, 1)))
	}
	if s.Style == Person && s.Name != "" {
		sc.name = newNameplate(s.Name, float64(s.Height)*0.075)
	}
	return sc
}

// draw draws picture i of n; the clip's movements end where they began.
func (s *scene) draw(p *codecs.Picture, i, n int) {
	c := canvas{p}
	c.fill(Background(s.spec.Caller))
	turn := 2 * math.Pi * float64(i) / float64(n)
	if s.spec.Style == Person {
		s.person(c, turn, i)
		if s.spec.Marked {
			for _, area := range markRects(Whole(p)) {
				s.spec.MarkOf(i).draw(c, area)
			}
		}
	} else {
		w, h := float64(p.Width), float64(p.Height)
		unit := min(w, h)
		c.ellipse(w/2+0.05*unit*math.Sin(turn), h*0.44, 0.15*unit, 0.2*unit, Colour{180, 112, 148})
		s.spec.MarkOf(i).draw(c, markRects(Whole(p))[0])
	}
	if s.table != nil {
		c.noise(s.table, rand.New(rand.NewPCG(s.spec.Seed, uint64(i)+2)))
	}
}

// person draws head and shoulders out of ellipses.
func (s *scene) person(c canvas, turn float64, i int) {
	w, h := float64(c.p.Width), float64(c.p.Height)
	u := min(w*0.8, h) // the figure's size
	f := figureOf(s.spec.Caller)
	x := w/2 + 0.02*u*math.Sin(turn)
	y := h*0.40 + 0.008*u*math.Sin(2*turn)
	if s.spec.Talking {
		y += 0.006 * u * math.Sin(5*turn)
	}
	rx, ry := 0.15*u*f.headWide, 0.205*u
	if f.longHair {
		c.ellipse(x, y+0.09*u, rx*1.32, ry*1.25, f.hair)
	}
	c.ellipse(w/2, h*0.40+0.62*u, 0.40*u, 0.32*u, f.shirt)            // shoulders
	c.ellipse(x, y+0.22*u, 0.065*u, 0.10*u, darker(f.skin))           // neck
	c.ellipse(x, y-0.055*u, rx*1.10, ry*0.93, f.hair)                 // hair
	c.ellipse(x, y+0.015*u, rx, ry*0.94, f.skin)                      // face
	c.ellipse(x-rx*0.98, y+0.02*u, 0.018*u, 0.035*u, darker(f.skin))  // ears
	c.ellipse(x+rx*0.98, y+0.02*u, 0.018*u, 0.035*u, darker(f.skin))  //
	c.ellipse(x, y-0.145*u, rx*0.86, ry*0.26, f.hair)                 // fringe
	c.ellipse(x, y+0.055*u, 0.014*u, 0.035*u, darker(f.skin))         // nose
	blink := i%(3*max(s.spec.FPS, 1)) < max(s.spec.FPS/8, 1) && i > 0 // closed for an instant
	for _, side := range [...]float64{-1, 1} {
		ex := x + side*rx*0.42
		c.ellipse(ex, y-0.045*u, 0.03*u, 0.008*u, f.hair) // brow
		if blink {
			c.ellipse(ex, y, 0.026*u, 0.004*u, darker(f.skin))
			continue
		}
		c.ellipse(ex, y, 0.027*u, 0.016*u, Colour{225, 128, 128})
		c.ellipse(ex+0.006*u*math.Sin(turn), y, 0.012*u, 0.013*u, Colour{35, 128, 128})
	}
	c.ellipse(x, y+0.118*u, 0.052*u, 0.006*u+s.mouth(i)*0.030*u, Colour{70, 118, 168})
	if s.name != nil {
		s.name.draw(c, w/2, h*0.93)
	}
}

// mouth says how far the mouth is open, 0..1, in the rhythm of Speech.
func (s *scene) mouth(i int) float64 {
	if !s.spec.Talking {
		return 0
	}
	return syllable(float64(i)/float64(s.spec.FPS), s.spec.Caller)
}

func darker(c Colour) Colour {
	c.Y = uint8(float64(c.Y-16)*0.82) + 16
	return c
}
