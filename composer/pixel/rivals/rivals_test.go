//go:build rivals

package rivals

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"parley/composer/pixel"
)

// sizes are those of a 1+7 picture: what callers send, to the large cell or a
// thumbnail.
var sizes = [][4]int{
	{1280, 720, 996, 560},
	{1280, 720, 170, 96},
	{1920, 1080, 996, 560},
	{1920, 1080, 170, 96},
	{1920, 1080, 1494, 840},
	{640, 360, 996, 560},
	{640, 360, 170, 96},
}

// picture returns a picture with fine and coarse detail, rows aligned as those of decoders.
func picture(width, height int) Picture {
	var p Picture
	for i := range p {
		w, h := width, height
		if i > 0 {
			w, h = w/2, h/2
		}
		stride := (w + 63) &^ 63
		p[i] = pixel.Plane{Pix: make([]byte, stride*h), Stride: stride, Width: w, Height: h}
		seed := uint32(1 + i)
		for y := range h {
			for x := range w {
				seed = seed*1664525 + 1013904223
				v := 128 + 60*math.Sin(float64(x)/9)*math.Cos(float64(y)/13) + float64(seed>>28)
				if (x/24+y/16)%5 == 0 {
					v += 40
				}
				p[i].Pix[y*stride+x] = byte(v)
			}
		}
	}
	return p
}

// ideal returns the plane that exact weights make: the mean of the area that a
// sample covers on the way down, linear interpolation on the way up.
func ideal(src pixel.Plane, width, height int) []float64 {
	along := func(from, to int, do func(i, j int, weight float64)) {
		r := float64(from) / float64(to)
		for i := range to {
			if r >= 1 {
				for j := int(float64(i) * r); j < from && float64(j) < float64(i+1)*r; j++ {
					do(i, j, (math.Min(float64(j+1), float64(i+1)*r)-math.Max(float64(j), float64(i)*r))/r)
				}
				continue
			}
			centre := math.Min(math.Max((float64(i)+0.5)*r-0.5, 0), float64(from-1))
			j := min(int(centre), from-2)
			do(i, j, 1-(centre-float64(j)))
			do(i, j+1, centre-float64(j))
		}
	}
	narrow := make([]float64, width*src.Height)
	along(src.Width, width, func(i, j int, weight float64) {
		for y := range src.Height {
			narrow[y*width+i] += weight * float64(src.Pix[y*src.Stride+j])
		}
	})
	out := make([]float64, width*height)
	along(src.Height, height, func(i, j int, weight float64) {
		for x := range width {
			out[i*width+x] += weight * narrow[j*width+x]
		}
	})
	return out
}

// psnr returns the likeness of p and want in dB.
func psnr(p pixel.Plane, want []float64) float64 {
	sum := 0.0
	for y := range p.Height {
		for x := range p.Width {
			d := float64(p.Pix[y*p.Stride+x]) - want[y*p.Width+x]
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255*float64(p.Width*p.Height)/sum)
}

// contender is one column of the table.
type contender struct {
	name string
	do   func()
	best time.Duration
}

// race runs all by turns, so that what else the machine does meets all alike,
// and leaves the shortest time of each. What is short is done several times
// in a row, for the clock's sake.
func race(all []contender, times int) {
	for i := range all {
		all[i].do() // warm
		all[i].best = math.MaxInt64
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		for i := range all {
			start := time.Now()
			for range times {
				all[i].do()
			}
			all[i].best = min(all[i].best, time.Since(start)/time.Duration(times))
		}
	}
}

// TestKernelTable prints what a picture costs, in microseconds, and for scaling
// how near the luma comes to exact weights, in dB.
func TestKernelTable(t *testing.T) {
	if os.Getenv("PARLEY_BENCH") == "" {
		t.Skip("PARLEY_BENCH is not set")
	}
	for _, z := range sizes {
		src, dst := picture(z[0], z[1]), picture(z[2], z[3])
		want := ideal(src[0], z[2], z[3])
		luma, chroma := pixel.NewScaler(z[0], z[1], z[2], z[3]), pixel.NewScaler(z[0]/2, z[1]/2, z[2]/2, z[3]/2)
		var all []contender
		for _, k := range pixel.Variants()[1:] {
			all = append(all, contender{name: k.Name, do: func() {
				k.Scale(dst[0], src[0], luma)
				k.Scale(dst[1], src[1], chroma)
				k.Scale(dst[2], src[2], chroma)
			}})
		}
		for _, r := range Scalers() {
			s := r.New(z[0], z[1], z[2], z[3])
			defer s.Close()
			all = append(all, contender{name: r.Name, do: func() { s.Scale(dst, src) }})
		}
		race(all, 1)
		for _, c := range all {
			c.do()
			t.Logf("%-22s %-18s %8.1f us %6.1f dB", fmt.Sprintf("%dx%d-%dx%d", z[0], z[1], z[2], z[3]), c.name,
				float64(c.best.Nanoseconds())/1000, psnr(dst[0], want))
		}
	}
	cell, source := picture(996, 560)[0], picture(996, 560)[0]
	label, mask, white := picture(300, 34)[0], picture(300, 34)[0], picture(300, 34)[0]
	pixel.Fill(white, 235)
	for _, kernel := range []struct {
		name  string
		ours  func(k pixel.Kernels)
		rival func()
	}{
		{"blend 300x34", func(k pixel.Kernels) { k.Blend(label, mask, 235) }, func() { Blend(label, mask, white) }},
		{"fill 996x560", func(k pixel.Kernels) { k.Fill(cell, 16) }, func() { Fill(cell, 16) }},
		{"copy 996x560", func(k pixel.Kernels) { k.Copy(cell, source) }, func() { Copy(cell, source) }},
	} {
		all := []contender{{name: "libyuv", do: kernel.rival}}
		for _, k := range pixel.Variants()[1:] {
			all = append(all, contender{name: k.Name, do: func() { kernel.ours(k) }})
		}
		race(all, 20)
		for _, c := range all {
			t.Logf("%-22s %-18s %8.2f us", kernel.name, c.name, float64(c.best.Nanoseconds())/1000)
		}
	}
}
