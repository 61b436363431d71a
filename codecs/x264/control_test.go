//go:build cgo

package x264

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

// scene is what the pictures of a simulated encoder cost.
type scene struct {
	intra, inter float64 // bits for each step at quantiser 0
	noise        int
	shade        int
}

// paint fills the luma with the scene's pattern and fresh noise.
func (s scene) paint(p *codecs.Picture, random *rand.Rand) {
	for i := range p.Y {
		p.Y[i] = byte(40 + s.shade + (i*s.shade)%13 + random.IntN(s.noise+1))
	}
}

var scenes = []scene{{8, 4, 6, 10}, {12, 6, 3, 50}, {4, 1, 12, 90}, {8, 10, 4, 30}}

// The rate is kept whatever pictures cost, and what is sent at once stays below
// the buffer when all changes.
func TestControl(t *testing.T) {
	const target, buffer = 8_000, 120_000
	for _, fidelity := range []float64{0.9, 1.2, 1.6} { // how the bits really fall with the quantiser
		t.Run(fmt.Sprint(fidelity), func(t *testing.T) {
			c := newControl(320, 176, true)
			c.set(target, buffer)
			p := codecs.NewPicture(320, 176)
			defer p.Release()
			random := rand.New(rand.NewPCG(1, 2))
			for round, s := range append(scenes, scenes...) {
				sum, most := 0.0, 0.0
				for n := range 200 {
					s.paint(p, random)
					key := round == 0 && n == 0 || n == 150 && round%3 == 1
					qp := c.choose(p, key)
					if qp < leastQP && !key || qp > mostQP || key && qp != flatQP(qp) {
						t.Fatalf("quantiser %d", qp)
					}
					bits := min(s.inter*c.change, s.intra*c.activity)
					if key {
						bits = s.intra * c.activity
					}
					bits *= math.Exp2(-fidelity * float64(qp) / 6)
					c.spent(int(bits))
					if n >= 60 {
						sum += bits
					}
					if most = max(most, c.owed); most > buffer && round > 0 { // the very first is a guess
						t.Fatalf("scene %d, picture %d: %.0f bits too many", round, n, most)
					}
				}
				if mean := sum / 140; c.qp > leastQP && (mean < 0.85*target || mean > 1.15*target) {
					t.Errorf("scene %d: %.0f bits a picture at quantiser %d, want %d", round, mean, c.qp, target)
				}
			}
		})
	}
}

// Key frames again and again, dearer than the rate allows, are forgotten soon.
func TestControlForgets(t *testing.T) {
	const target, buffer = 8_000, 120_000
	c := newControl(320, 176, true)
	c.set(target, buffer)
	p := codecs.NewPicture(320, 176)
	defer p.Release()
	random := rand.New(rand.NewPCG(1, 2))
	s := scenes[0]
	for n := range 1800 {
		s.paint(p, random)
		if c.choose(p, n%6 == 0); n%6 == 0 {
			c.spent(20 * target)
		} else {
			c.spent(target)
		}
	}
	if c.owed > buffer {
		t.Errorf("%.0f bits owed, the buffer holds %d", c.owed, buffer)
	}
}

// What stands still becomes as fine as it may be, and stays cheap.
func TestControlStill(t *testing.T) {
	c := newControl(320, 176, false)
	c.set(8_000, 120_000)
	p := codecs.NewPicture(320, 176)
	defer p.Release()
	scene{noise: 20, shade: 40}.paint(p, rand.New(rand.NewPCG(1, 2)))
	for n := range 100 {
		c.choose(p, n == 0)
		if n == 0 {
			c.spent(75_000)
		} else {
			c.spent(1000)
		}
	}
	if c.qp != leastQP || c.owed > 0 {
		t.Errorf("quantiser %d, %.0f bits owed", c.qp, c.owed)
	}
}

// Black at the edges of a band is exactly black after a key frame at every
// rate, and after what follows it.
func TestBlackIsFlat(t *testing.T) {
	for _, kbps := range []int{30, 60, 100, 200, 300, 500, 800, 1500} {
		for _, edges := range [][2]int{{32, 0}, {0, 32}, {32, 32}} {
			e, err := New(codecs.VideoEncoderConfig{
				Width: 320, Height: 128, FPS: 30, Bitrate: 1000 * kbps, Level: 31, Band: true, BlackTop: edges[0], BlackBottom: edges[1],
			})
			if err != nil {
				t.Fatal(err)
			}
			p := codecs.NewPicture(320, 128)
			keys := 0
			for n := range 60 {
				codectest.Scene(p, 3*n)
				black(p, 0, edges[0])
				black(p, 128-edges[1], 128)
				au, err := e.Encode(p, n%20 == 0)
				if err != nil {
					t.Fatal(err)
				}
				if au.Uneven {
					t.Errorf("%d kbit/s, black %v, picture %d at quantiser %d is uneven", kbps, edges, n, e.rates.qp)
				}
				if au.Key {
					keys++
				}
			}
			if keys > 6 {
				t.Errorf("%d kbit/s, black %v: %d key frames, 3 were wanted", kbps, edges, keys)
			}
			p.Release()
			e.Close()
		}
	}
}

// black blackens rows.
func black(p *codecs.Picture, from, to int) {
	fill := func(pix []byte, v byte) {
		for i := range pix {
			pix[i] = v
		}
	}
	fill(p.Y[from*p.StrideY:to*p.StrideY], 16)
	fill(p.U[from/2*p.StrideUV:to/2*p.StrideUV], 128)
	fill(p.V[from/2*p.StrideUV:to/2*p.StrideUV], 128)
}
