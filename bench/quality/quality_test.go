package quality

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

// noisy returns a gradient with noise of the given amplitude.
func noisy(t *testing.T, width, height, amplitude int, seed uint64) *codecs.Picture {
	t.Helper()
	p := codecs.NewPicture(width, height)
	t.Cleanup(p.Release)
	r := rand.New(rand.NewPCG(seed, 1))
	for y := range height {
		for x := range width {
			v := 60 + (x*2+y)%120
			if amplitude > 0 {
				v += r.IntN(2*amplitude+1) - amplitude
			}
			p.Y[y*p.StrideY+x] = byte(v)
		}
	}
	return p
}

func TestEqualPictures(t *testing.T) {
	a := noisy(t, 64, 48, 0, 1)
	psnr, err := PSNR(a, a, Whole(a))
	if psnr != 100 || err != nil {
		t.Errorf("PSNR %v, %v", psnr, err)
	}
	if ssim, err := SSIM(a, a, Whole(a)); math.Abs(ssim-1) > 1e-12 || err != nil {
		t.Errorf("SSIM %v, %v", ssim, err)
	}
}

func TestKnownError(t *testing.T) {
	a, b := noisy(t, 64, 48, 0, 1), noisy(t, 64, 48, 0, 1)
	for y := range 48 {
		for x := range 64 {
			b.Y[y*b.StrideY+x] += 5 // mean square error 25
		}
	}
	if v, _ := PSNR(a, b, Whole(a)); math.Abs(v-10*math.Log10(255*255/25.0)) > 1e-9 {
		t.Errorf("PSNR %v", v)
	}
	// An even shift keeps the structure: only the means differ.
	if v, _ := SSIM(a, b, Whole(a)); v < 0.98 || v >= 1 {
		t.Errorf("SSIM %v", v)
	}
	// Of a part that is equal, the rest does not count.
	for y := range 24 {
		copy(b.Y[y*b.StrideY:][:32], a.Y[y*a.StrideY:][:32])
	}
	if v, _ := PSNR(a, b, Rect{0, 0, 32, 24}); v != 100 {
		t.Errorf("PSNR of the equal part %v", v)
	}
}

func TestMoreNoiseIsWorse(t *testing.T) {
	a := noisy(t, 128, 96, 0, 1)
	lastPSNR, lastSSIM := 101.0, 1.1
	for _, amplitude := range []int{1, 4, 12, 30} {
		b := noisy(t, 128, 96, amplitude, 2)
		psnr, _ := PSNR(a, b, Whole(a))
		ssim, _ := SSIM(a, b, Whole(a))
		if psnr >= lastPSNR || ssim >= lastSSIM {
			t.Errorf("noise %d: PSNR %.1f, SSIM %.3f", amplitude, psnr, ssim)
		}
		lastPSNR, lastSSIM = psnr, ssim
	}
}

func TestSizes(t *testing.T) {
	a, b := noisy(t, 64, 48, 0, 1), noisy(t, 64, 46, 0, 1)
	for _, r := range []Rect{{0, 0, 0, 8}, {-2, 0, 8, 8}, {60, 0, 8, 8}, {0, 44, 8, 8}} {
		if _, err := PSNR(a, a, r); !errors.Is(err, ErrSize) {
			t.Errorf("PSNR of %+v: %v", r, err)
		}
	}
	if _, err := PSNR(a, b, Whole(b)); !errors.Is(err, ErrSize) {
		t.Errorf("PSNR of different sizes: %v", err)
	}
	if _, err := SSIM(a, a, Rect{0, 0, 4, 8}); !errors.Is(err, ErrSize) {
		t.Errorf("SSIM of a small part: %v", err)
	}
}
