package encoding

import (
	"math"

	"parley/bench/quality"
	"parley/codecs"
	"parley/composer"
)

// Likeness is how like the luma of cells is to what was encoded.
type Likeness struct {
	PSNR float64 // dB, of the mean square error over all pictures
	SSIM float64 // mean, weighed by area, at most 1
}

// sums are what likeness is made of.
type sums struct {
	squares, index, samples float64
}

// add compares a rectangle of two pictures.
func (s *sums) add(a, b *codecs.Picture, r composer.Rect) error {
	psnr, err := quality.PSNR(a, b, quality.Rect(r))
	if err != nil {
		return err
	}
	ssim, err := quality.SSIM(a, b, quality.Rect(r))
	if err != nil {
		return err
	}
	n := float64(r.W * r.H)
	s.squares += n * math.Pow(10, -psnr/10)
	s.index += n * ssim
	s.samples += n
	return nil
}

func (s *sums) likeness() Likeness {
	return Likeness{PSNR: -10 * math.Log10(s.squares/s.samples), SSIM: s.index / s.samples}
}
