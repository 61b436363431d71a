package pixel

import "fmt"

const (
	weightBits = 14      // a sample's weights add up to 1 << weightBits
	midBits    = 7       // fraction bits of a sample between the two passes: 255<<7 fits int16
	maxSide    = 1 << 14 // longest side of a plane
	unity      = 1 << weightBits
)

// Scaler holds what scaling planes of one size to another needs. Down it takes
// the mean of the area that a sample covers, up it interpolates linearly; both
// by integer weights, first over columns, then along the row. Not for
// concurrent use.
type Scaler struct {
	srcWidth, srcHeight, dstWidth, dstHeight int

	x, y axis
	plan rowPlan // x arranged for vectors
	row  []int16 // between the passes: one row and rowPad, or two rows and both joined (kernels.c)
}

// rowPad is how many elements a variant may read past the end of the row.
const rowPad = 32

// NewScaler returns a scaler of planes of srcWidth x srcHeight to planes of
// dstWidth x dstHeight, all between 1 and 16384.
func NewScaler(srcWidth, srcHeight, dstWidth, dstHeight int) *Scaler {
	for _, n := range [...]int{srcWidth, srcHeight, dstWidth, dstHeight} {
		if n < 1 || n > maxSide {
			panic(fmt.Sprintf("pixel: scaling %dx%d to %dx%d", srcWidth, srcHeight, dstWidth, dstHeight))
		}
	}
	s := &Scaler{
		srcWidth: srcWidth, srcHeight: srcHeight, dstWidth: dstWidth, dstHeight: dstHeight,
		x:   newAxis(srcWidth, dstWidth),
		y:   newAxis(srcHeight, dstHeight),
		row: make([]int16, 6*srcWidth+rowPad),
	}
	s.plan = newRowPlan(&s.x)
	return s
}

// axis is the weights of one direction. Output sample i is the sum of
// weights[i*taps+k] * input[start[i]+k]; all its inputs exist.
type axis struct {
	taps    int
	start   []int32
	weights []int16
}

func newAxis(src, dst int) axis {
	if src >= dst {
		return areaAxis(src, dst)
	}
	return linearAxis(src, dst)
}

// areaAxis weighs every input by the part of the output sample that it covers.
// In units of 1/dst of an input, output i covers [i*src, (i+1)*src).
func areaAxis(src, dst int) axis {
	taps := 1
	for i := range dst {
		taps = max(taps, ((i+1)*src+dst-1)/dst-i*src/dst)
	}
	a := axis{taps: taps, start: make([]int32, dst), weights: make([]int16, dst*taps)}
	for i := range dst {
		first := i * src / dst
		last := ((i+1)*src + dst - 1) / dst
		start := min(first, src-taps)
		a.start[i] = int32(start)
		w := a.weights[i*taps : (i+1)*taps]
		// Rounding the running sum and not each weight makes them add up to one.
		covered, given := 0, 0
		for j := first; j < last; j++ {
			covered += min((j+1)*dst, (i+1)*src) - max(j*dst, i*src)
			sum := (covered*unity + src/2) / src
			w[j-start] = int16(sum - given)
			given = sum
		}
	}
	return a
}

// linearAxis interpolates between the two inputs whose centres are nearest.
func linearAxis(src, dst int) axis {
	taps := min(2, src)
	a := axis{taps: taps, start: make([]int32, dst), weights: make([]int16, dst*taps)}
	for i := range dst {
		// The centre of output i lies at ((2i+1)*src - dst) / (2*dst) inputs.
		centre := min(max((2*i+1)*src-dst, 0), 2*dst*(src-1))
		start := min(centre/(2*dst), src-taps)
		second := ((centre-start*2*dst)*unity + dst) / (2 * dst)
		a.start[i] = int32(start)
		a.weights[i*taps] = int16(unity - second)
		if taps == 2 {
			a.weights[i*taps+1] = int16(second)
		}
	}
	return a
}
