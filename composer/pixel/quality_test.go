package pixel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// exactly returns src scaled with exact weights: the mean of the area that a
// sample covers on the way down, linear interpolation on the way up.
func exactly(src Plane, width, height int) []float64 {
	narrow := make([]float64, width*src.Height)
	weigh(src.Width, width, func(i, j int, w float64) {
		for y := range src.Height {
			narrow[y*width+i] += w * float64(src.Pix[y*src.Stride+j])
		}
	})
	out := make([]float64, width*height)
	weigh(src.Height, height, func(i, j int, w float64) {
		for x := range width {
			out[i*width+x] += w * narrow[j*width+x]
		}
	})
	return out
}

// weigh calls do for each input j that goes into output i.
func weigh(src, dst int, do func(i, j int, w float64)) {
	step := float64(src) / float64(dst)
	for i := range dst {
		if src < dst {
			centre := min(max((float64(i)+0.5)*step-0.5, 0), float64(src-1))
			j := min(int(centre), max(src-2, 0))
			do(i, j, 1-(centre-float64(j)))
			if centre > float64(j) {
				do(i, j+1, centre-float64(j))
			}
			continue
		}
		from, to := float64(i)*step, float64(i+1)*step
		for j := int(from); j < src && float64(j) < to; j++ {
			do(i, j, (min(float64(j+1), to)-max(float64(j), from))/step)
		}
	}
}

// Scaling comes near to exact weights even on noise, the worst there is for
// rounded weights. Rounding the samples alone leaves 58.9 dB.
func TestScaleQuality(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, z := range [][4]int{
		{1280, 720, 996, 560},
		{1280, 720, 170, 96},
		{1920, 1080, 996, 560},
		{1920, 1080, 170, 96},
		{1920, 1080, 84, 48},
		{640, 360, 996, 560},
		{640, 360, 170, 96},
		{320, 180, 996, 560},
		{40, 4000, 37, 3},
		{4000, 40, 3, 37},
	} {
		src := Plane{Pix: make([]byte, z[0]*z[1]), Stride: z[0], Width: z[0], Height: z[1]}
		for i := range src.Pix {
			src.Pix[i] = byte(r.Uint32())
		}
		dst := Plane{Pix: make([]byte, z[2]*z[3]), Stride: z[2], Width: z[2], Height: z[3]}
		Scale(dst, src, NewScaler(z[0], z[1], z[2], z[3]))
		sum := 0.0
		for i, want := range exactly(src, z[2], z[3]) {
			sum += (float64(dst.Pix[i]) - want) * (float64(dst.Pix[i]) - want)
		}
		psnr := 10 * math.Log10(255*255*float64(len(dst.Pix))/sum)
		t.Logf("%v: %.1f dB", z, psnr)
		if psnr < 57.5 {
			t.Errorf("%v: %.1f dB", z, psnr)
		}
	}
}
