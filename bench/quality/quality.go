// Package quality compares pictures with what they should show.
package quality

import (
	"errors"
	"fmt"
	"math"

	"parley/codecs"
)

// ErrSize says that the pictures differ in size, or that the rectangle is not in them.
var ErrSize = errors.New("quality: sizes differ")

// Rect is a rectangle in luma samples.
type Rect struct{ X, Y, W, H int }

// Whole returns the rectangle of a whole picture.
func Whole(p *codecs.Picture) Rect { return Rect{0, 0, p.Width, p.Height} }

// most is the PSNR of equal pictures, dB: that of an error of a hundredth.
const most = 100

// PSNR returns the peak signal-to-noise ratio of the luma of a rectangle, dB,
// 100 at most.
func PSNR(a, b *codecs.Picture, r Rect) (float64, error) {
	if err := check(a, b, r); err != nil {
		return 0, err
	}
	var sum uint64
	for y := r.Y; y < r.Y+r.H; y++ {
		rowA, rowB := a.Y[y*a.StrideY+r.X:][:r.W], b.Y[y*b.StrideY+r.X:][:r.W]
		for x, v := range rowA {
			d := int(v) - int(rowB[x])
			sum += uint64(d * d)
		}
	}
	if sum == 0 {
		return most, nil
	}
	return min(10*math.Log10(255*255*float64(r.W*r.H)/float64(sum)), most), nil
}

// SSIM returns the structural similarity of the luma of a rectangle, 1 for
// equal pictures: the mean over windows of 8x8 samples, four apart (Wang,
// Bovik, Sheikh, Simoncelli 2004, with flat windows).
func SSIM(a, b *codecs.Picture, r Rect) (float64, error) {
	if err := check(a, b, r); err != nil {
		return 0, err
	}
	if r.W < window || r.H < window {
		return 0, fmt.Errorf("%w: %dx%d is less than a window", ErrSize, r.W, r.H)
	}
	sum, n := 0.0, 0
	for y := r.Y; y+window <= r.Y+r.H; y += window / 2 {
		for x := r.X; x+window <= r.X+r.W; x += window / 2 {
			sum += similar(a.Y[y*a.StrideY+x:], b.Y[y*b.StrideY+x:], a.StrideY, b.StrideY)
			n++
		}
	}
	return sum / float64(n), nil
}

const window = 8

// similar is the SSIM of one window.
func similar(a, b []byte, strideA, strideB int) float64 {
	const (
		n  = window * window
		c1 = 0.01 * 0.01 * 255 * 255
		c2 = 0.03 * 0.03 * 255 * 255
	)
	var sumA, sumB, squares, product int
	for y := range window {
		rowA, rowB := a[y*strideA:][:window], b[y*strideB:][:window]
		for x, v := range rowA {
			p, q := int(v), int(rowB[x])
			sumA, sumB = sumA+p, sumB+q
			squares += p*p + q*q
			product += p * q
		}
	}
	meanA, meanB := float64(sumA)/n, float64(sumB)/n
	variances := float64(squares)/n - meanA*meanA - meanB*meanB
	covariance := float64(product)/n - meanA*meanB
	return (2*meanA*meanB + c1) * (2*covariance + c2) / ((meanA*meanA + meanB*meanB + c1) * (variances + c2))
}

func check(a, b *codecs.Picture, r Rect) error {
	if a.Width != b.Width || a.Height != b.Height {
		return fmt.Errorf("%w: %dx%d and %dx%d", ErrSize, a.Width, a.Height, b.Width, b.Height)
	}
	if r.W <= 0 || r.H <= 0 || r.X < 0 || r.Y < 0 || r.X+r.W > a.Width || r.Y+r.H > a.Height {
		return fmt.Errorf("%w: %+v in %dx%d", ErrSize, r, a.Width, a.Height)
	}
	return nil
}
