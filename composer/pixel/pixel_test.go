package pixel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// guarded returns a plane of its own stride with guard bytes all around and
// between its rows, and a function that checks that they are untouched.
func guarded(t *testing.T, r *rand.Rand, width, height int) (Plane, func(what string)) {
	t.Helper()
	const guard = 0xA5
	stride := width + r.IntN(70)
	before := r.IntN(33)
	buf := bytes.Repeat([]byte{guard}, before+stride*height+64)
	p := Plane{Pix: buf[before : before+(height-1)*stride+width : before+(height-1)*stride+width], Stride: stride, Width: width, Height: height}
	for y := range height {
		for x := range width {
			p.Pix[y*stride+x] = byte(r.Uint32())
		}
	}
	return p, func(what string) {
		t.Helper()
		for i, b := range buf {
			at := i - before
			inside := at >= 0 && at/stride < height && at%stride < width
			if !inside && b != guard {
				t.Fatalf("%s wrote outside, byte %d of a plane of %dx%d stride %d", what, at, width, height, stride)
			}
		}
	}
}

func clone(p Plane) Plane {
	p.Pix = bytes.Clone(p.Pix)
	return p
}

func difference(a, b Plane) string {
	for y := range a.Height {
		for x := range a.Width {
			if g, w := a.Pix[y*a.Stride+x], b.Pix[y*b.Stride+x]; g != w {
				return fmt.Sprintf("sample %d,%d is %d, the reference has %d", x, y, g, w)
			}
		}
	}
	return ""
}

func TestVariantsScale(t *testing.T) {
	type size struct{ sw, sh, dw, dh int }
	sizes := []size{
		{1280, 720, 996, 560},
		{1280, 720, 170, 96},
		{640, 360, 498, 280},
		{640, 480, 746, 560},
		{360, 640, 314, 560},
		{320, 180, 996, 560},
		{1920, 1080, 996, 560},
		{1920, 1080, 84, 48},
		{1920, 1080, 170, 96},
		{1920, 1080, 1494, 840},
		{1280, 720, 1280, 560}, // one way only
		{1280, 720, 996, 720},
		{1280, 720, 640, 360}, // exactly half
		{1280, 720, 639, 360}, // and just beyond
		{1281, 721, 640, 361},
		{1000, 1000, 999, 999}, // a weight rounds to all
		{3, 16384, 2, 3},       // groups of groups
		{16384, 3, 5, 2},
		{16384, 40, 9000, 30},
		{640, 400, 60, 25}, // one group exactly
		{640, 401, 60, 25}, // and just beyond
		{498, 280, 85, 47},
		{1, 1, 7, 5},
		{2, 2, 7, 5},
		{7, 5, 1, 1},
		{1, 9, 9, 1},
		{4000, 3, 3, 3},
	}
	for w := 1; w <= 129; w++ {
		sizes = append(sizes, size{w, 1 + w%7, 1 + (w*37)%131, 1 + (w*11)%9}, size{1 + (w*53)%257, 1 + w%5, w, 1 + w%3})
	}
	r := rand.New(rand.NewPCG(1, 2))
	ref := variants[0]
	for _, z := range sizes {
		src, _ := guarded(t, r, z.sw, z.sh)
		s := NewScaler(z.sw, z.sh, z.dw, z.dh)
		want := Plane{Pix: make([]byte, z.dw*z.dh), Stride: z.dw, Width: z.dw, Height: z.dh}
		ref.Scale(want, src, s)
		for _, k := range variants[1:] {
			got, check := guarded(t, r, z.dw, z.dh)
			k.Scale(got, src, s)
			if d := difference(got, want); d != "" {
				t.Fatalf("%s scales %v: %s", k.Name, z, d)
			}
			check(k.Name)
		}
	}
}

func TestVariantsBlendFillCopy(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ref := variants[0]
	for w := 1; w <= 129; w++ {
		h := 1 + w%5
		mask, _ := guarded(t, r, w, h)
		if w%3 == 0 {
			Fill(mask, byte(w)) // also long equal stretches
		}
		value := byte(r.Uint32())
		for _, k := range variants[1:] {
			for name, do := range map[string]func(k Kernels, p Plane){
				"blend": func(k Kernels, p Plane) { k.Blend(p, mask, value) },
				"fill":  func(k Kernels, p Plane) { k.Fill(p, value) },
				"copy":  func(k Kernels, p Plane) { k.Copy(p, mask) },
			} {
				got, check := guarded(t, r, w, h)
				want := clone(got)
				do(ref, want)
				do(k, got)
				if d := difference(got, want); d != "" {
					t.Fatalf("%s %s of %dx%d: %s", k.Name, name, w, h, d)
				}
				check(k.Name + " " + name)
			}
		}
	}
}

// Blend is exact: every sample, mask and value.
func TestBlendRounds(t *testing.T) {
	for _, k := range variants {
		for value := range 256 {
			dst := Plane{Pix: make([]byte, 1<<16), Stride: 256, Width: 256, Height: 256}
			mask := clone(dst)
			for i := range dst.Pix {
				dst.Pix[i], mask.Pix[i] = byte(i), byte(i>>8)
			}
			k.Blend(dst, mask, byte(value))
			for i, got := range dst.Pix {
				d, m := i&255, i>>8
				if want := (2*(d*(255-m)+value*m) + 255) / 510; int(got) != want {
					t.Fatalf("%s: %d over %d by %d is %d, want %d", k.Name, value, d, m, got, want)
				}
			}
		}
	}
}

// The extremes of samples and their sharpest edges do not overflow on the way.
func TestVariantsScaleExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 200 {
		sw, sh, dw, dh := 1+r.IntN(300), 1+r.IntN(60), 1+r.IntN(300), 1+r.IntN(60)
		src := Plane{Pix: make([]byte, sw*sh), Stride: sw, Width: sw, Height: sh}
		run := byte(0)
		for i := range src.Pix {
			if r.IntN(4) == 0 {
				run = ^run
			}
			src.Pix[i] = run
		}
		s := NewScaler(sw, sh, dw, dh)
		want := Plane{Pix: make([]byte, dw*dh), Stride: dw, Width: dw, Height: dh}
		variants[0].Scale(want, src, s)
		for _, k := range variants[1:] {
			got := clone(want)
			Fill(got, 1)
			k.Scale(got, src, s)
			if d := difference(got, want); d != "" {
				t.Fatalf("%s scales %dx%d to %dx%d: %s", k.Name, sw, sh, dw, dh, d)
			}
		}
	}
}

// A flat plane stays flat, whatever the sizes, and the ends of the range stay.
func TestScaleKeepsFlat(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		sw, sh, dw, dh := 1+r.IntN(200), 1+r.IntN(20), 1+r.IntN(200), 1+r.IntN(20)
		if i%8 == 0 {
			sh *= 61 // groups
		}
		s := NewScaler(sw, sh, dw, dh)
		for _, value := range []byte{0, 16, 128, 255} {
			src := Plane{Pix: make([]byte, sw*sh), Stride: sw, Width: sw, Height: sh}
			dst := Plane{Pix: make([]byte, dw*dh), Stride: dw, Width: dw, Height: dh}
			Fill(src, value)
			Scale(dst, src, s)
			for i, got := range dst.Pix {
				if got != value {
					t.Fatalf("%dx%d to %dx%d: sample %d of flat %d is %d", sw, sh, dw, dh, i, value, got)
				}
			}
		}
	}
}

// Halving takes the mean of four samples; doubling interpolates between centres.
func TestScaleValues(t *testing.T) {
	src := Plane{Pix: []byte{10, 20, 30, 40, 50, 60, 70, 80}, Stride: 4, Width: 4, Height: 2}
	dst := Plane{Pix: make([]byte, 2), Stride: 2, Width: 2, Height: 1}
	Scale(dst, src, NewScaler(4, 2, 2, 1))
	if want := []byte{35, 55}; !bytes.Equal(dst.Pix, want) {
		t.Errorf("halved: %v, want %v", dst.Pix, want)
	}
	src = Plane{Pix: []byte{0, 100}, Stride: 2, Width: 2, Height: 1}
	dst = Plane{Pix: make([]byte, 4), Stride: 4, Width: 4, Height: 1}
	Scale(dst, src, NewScaler(2, 1, 4, 1))
	if want := []byte{0, 25, 75, 100}; !bytes.Equal(dst.Pix, want) {
		t.Errorf("doubled: %v, want %v", dst.Pix, want)
	}
}

func TestChoose(t *testing.T) {
	all := []Kernels{{Name: "ref"}, {Name: "c"}, {Name: "avx2"}, {Name: "avx512"}}
	for limit, want := range map[string]string{
		"ref": "ref", "c": "c", "sse41": "c", "avx2": "avx2", "avx512": "avx512", "": "avx512", "z80": "avx512",
	} {
		if got := choose(all, limit).Name; got != want {
			t.Errorf("PARLEY_CPU=%q chooses %s, want %s", limit, got, want)
		}
	}
}

func TestBoundsAreChecked(t *testing.T) {
	short := Plane{Pix: make([]byte, 15), Stride: 4, Width: 4, Height: 4}
	whole := Plane{Pix: make([]byte, 16), Stride: 4, Width: 4, Height: 4}
	for name, do := range map[string]func(){
		"fill":      func() { Fill(short, 0) },
		"copy from": func() { Copy(whole, short) },
		"copy to":   func() { Copy(short, whole) },
		"blend":     func() { Blend(whole, short, 0) },
		"scale":     func() { Scale(whole, whole, NewScaler(4, 4, 3, 4)) },
		"sub":       func() { whole.Sub(1, 0, 4, 4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepted a plane that is too short", name)
				}
			}()
			do()
		}()
	}
}

func TestKernelsDoNotAllocate(t *testing.T) {
	src := Plane{Pix: make([]byte, 64*64), Stride: 64, Width: 64, Height: 64}
	dst := Plane{Pix: make([]byte, 48*48), Stride: 48, Width: 48, Height: 48}
	s := NewScaler(64, 64, 48, 48)
	if n := testing.AllocsPerRun(100, func() {
		Scale(dst, src, s)
		Blend(dst, dst, 9)
		Fill(dst, 7)
		Copy(dst, src.Sub(0, 0, 48, 48))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkScale(b *testing.B) {
	for _, k := range variants {
		for _, z := range [][4]int{
			{1280, 720, 996, 560},
			{1280, 720, 170, 96},
			{1920, 1080, 996, 560},
			{1920, 1080, 170, 96},
			{1920, 1080, 1494, 840},
			{640, 360, 996, 560},
			{640, 360, 170, 96},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d-%dx%d", k.Name, z[0], z[1], z[2], z[3]), func(b *testing.B) {
				src, dst := planes(z[0], z[1]), planes(z[2], z[3])
				luma := NewScaler(z[0], z[1], z[2], z[3])
				chroma := NewScaler(z[0]/2, z[1]/2, z[2]/2, z[3]/2)
				b.SetBytes(int64(z[0] * z[1] * 3 / 2))
				for b.Loop() {
					k.Scale(dst[0], src[0], luma)
					k.Scale(dst[1], src[1], chroma)
					k.Scale(dst[2], src[2], chroma)
				}
			})
		}
	}
}

// planes returns the three planes of a 4:2:0 picture, filled with noise.
func planes(width, height int) [3]Plane {
	var p [3]Plane
	r := rand.New(rand.NewPCG(7, 8))
	for i := range p {
		w, h := width, height
		if i > 0 {
			w, h = w/2, h/2
		}
		p[i] = Plane{Pix: make([]byte, w*h), Stride: w, Width: w, Height: h}
		for j := range p[i].Pix {
			p[i].Pix[j] = byte(r.Uint32())
		}
	}
	return p
}

func BenchmarkBlend(b *testing.B) {
	for _, k := range variants {
		b.Run(k.Name+"/300x34", func(b *testing.B) {
			dst, mask := planes(300, 34)[0], planes(300, 34)[0]
			b.SetBytes(300 * 34)
			for b.Loop() {
				k.Blend(dst, mask, 235)
			}
		})
	}
}
