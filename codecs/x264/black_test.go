//go:build cgo

package x264_test

import (
	"math/rand/v2"
	"testing"

	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

// TestUneven: what the encoder says of the black rows at a seam is what a
// decoder makes of them, whether they are kept flat or not.
func TestUneven(t *testing.T) {
	const flat = 32
	tests := []struct {
		name           string
		top, bottom    int // as told to the encoder
		dirty, starved bool
	}{
		{name: "top", top: flat},
		{name: "bottom", bottom: flat},
		{name: "both", top: flat, bottom: flat},
		{name: "starved", top: flat, bottom: flat, starved: true},
		{name: "not black at all", top: flat, dirty: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := codecs.VideoEncoderConfig{
				Width: 320, Height: 192, FPS: 30, Bitrate: 600_000, Level: 31, Band: true, BlackTop: test.top, BlackBottom: test.bottom,
			}
			if test.starved {
				c.Bitrate = 16_000
			}
			e, err := x264.New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			d, err := ffmpeg.NewH264Decoder()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			p := codecs.NewPicture(c.Width, c.Height)
			defer p.Release()
			random := rand.New(rand.NewPCG(1, 1))
			uneven := 0
			for n := range 40 {
				for y := range c.Height {
					black := !test.dirty && (y < test.top || y >= c.Height-test.bottom)
					row, chroma := p.Y[y*p.StrideY:][:c.Width], y/2*p.StrideUV
					for x := range row {
						row[x] = 16
						if !black {
							row[x] = byte(60 + (x*3+y*2+5*n)%128 + int(random.Uint32()&15))
						}
						p.U[chroma+x/2], p.V[chroma+x/2] = 128, 128
						if !black {
							p.U[chroma+x/2], p.V[chroma+x/2] = byte(90+x/8), byte(170-y/4)
						}
					}
				}
				au, err := e.Encode(p, n%15 == 0)
				if err != nil {
					t.Fatal(err)
				}
				out, err := d.Decode(au.Data, 0)
				if err != nil || out == nil {
					t.Fatal(err)
				}
				want := !black(out, 0, test.top/2) || !black(out, c.Height-test.bottom/2, c.Height)
				out.Release()
				if au.Uneven != want {
					t.Fatalf("picture %d: uneven %v, but decoded %v", n, au.Uneven, want)
				}
				if au.Uneven {
					uneven++
				}
			}
			if test.dirty != (uneven == 40) && !test.starved || uneven > 0 && !test.dirty && !test.starved {
				t.Errorf("%d of 40 uneven", uneven)
			}
			t.Logf("%d of 40 uneven", uneven)
		})
	}
}

// black reports whether luma rows of a picture are black.
func black(p *codecs.Picture, from, to int) bool {
	for y := from; y < to; y++ {
		for x := range p.Width {
			c := y/2*p.StrideUV + x/2
			if p.Y[y*p.StrideY+x] != 16 || p.U[c] != 128 || p.V[c] != 128 {
				return false
			}
		}
	}
	return true
}
