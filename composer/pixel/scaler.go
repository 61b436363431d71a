package pixel

import "fmt"

// Two passes scale: the first weighs samples with coarse weights and leaves 16
// bits a sample, the second weighs those with fine weights and rounds to 8.
// In between a sample s stands as (s-128) << midBits, which just fits int16.
const (
	coarse  = 1 << 8  // sum of an output's weights in the first pass
	fine    = 1 << 15 // the same in the second; one alone is at most fine-1, to fit int16
	midBits = 8
	maxSide = 1 << 14 // longest side of a plane
	maxStep = 2       // most inputs per output, both ways, for rows to come first

	groupTaps = 16 // inputs that coarse weights serve well; more are weighed in groups
)

// Scaler holds what scaling planes of one size to another needs. Down it takes
// the mean of the area that a sample covers, up it interpolates linearly. Not
// for concurrent use.
//
// Where the size does not fall by more than half, rows are scaled first, each
// once; else columns come first, so that few samples are left for the rows.
type Scaler struct {
	srcWidth, srcHeight, dstWidth, dstHeight int

	rowsFirst bool
	x, y      axis
	groups    int     // columns first: groups of groupTaps inputs of y; rows first: 1
	byGroup   []int16 // for each output of y the fine weights of its groups, if there are several

	pick   pick   // rows first: x arranged for vectors
	gather gather // columns first: the same
	mid    []int16
	sums   []int32 // a row of sums over groups, or two rows joined (rows_c.c)
}

// midPad is how many elements a variant may read or write past the end of a row of mid.
const midPad = 64

// midRows is how many rows mid holds when rows come first: more than one output needs.
const midRows = 4

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
		rowsFirst: srcWidth <= maxStep*dstWidth && srcHeight <= maxStep*dstHeight,
		groups:    1,
		sums:      make([]int32, srcWidth),
	}
	if s.rowsFirst {
		s.x = newAxis(srcWidth, dstWidth, coarse)
		s.y = newAxis(srcHeight, dstHeight, fine)
		s.pick = newPick(&s.x, srcWidth)
		s.mid = make([]int16, midRows*s.midStride())
		return s
	}
	s.x = newAxis(srcWidth, dstWidth, fine)
	s.y = newAxis(srcHeight, dstHeight, coarse)
	if s.y.taps > groupTaps {
		s.y, s.byGroup = grouped(newAxis(srcHeight, dstHeight, fine))
		s.groups = s.y.taps / groupTaps
	}
	s.gather = newGather(&s.x)
	s.mid = make([]int16, s.midStride())
	return s
}

// midStride is the distance between rows of mid, in elements.
func (s *Scaler) midStride() int {
	if s.rowsFirst {
		return (s.dstWidth + midPad - 1) / midPad * midPad
	}
	return s.srcWidth + midPad
}

// axis is the weights of one direction. Output sample i is the sum of
// weights[i*taps+k] * input[start[i]+k]; inputs of weight 0 need not exist.
type axis struct {
	taps    int
	start   []int32
	weights []int16
}

// newAxis returns weights that add up to unity for each output, but that none
// is larger than int16 holds.
func newAxis(src, dst, unity int) axis {
	if src >= dst {
		return areaAxis(src, dst, unity)
	}
	return linearAxis(src, dst, unity)
}

// areaAxis weighs every input by the part of the output sample that it covers.
// In units of 1/dst of an input, output i covers [i*src, (i+1)*src).
func areaAxis(src, dst, unity int) axis {
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
			w[j-start] = weight(sum - given)
			given = sum
		}
	}
	return a
}

// linearAxis interpolates between the two inputs whose centres are nearest.
func linearAxis(src, dst, unity int) axis {
	taps := min(2, src)
	a := axis{taps: taps, start: make([]int32, dst), weights: make([]int16, dst*taps)}
	for i := range dst {
		// The centre of output i lies at ((2i+1)*src - dst) / (2*dst) inputs.
		centre := min(max((2*i+1)*src-dst, 0), 2*dst*(src-1))
		start := min(centre/(2*dst), src-taps)
		second := ((centre-start*2*dst)*unity + dst) / (2 * dst)
		a.start[i] = int32(start)
		a.weights[i*taps] = weight(unity - second)
		if taps == 2 {
			a.weights[i*taps+1] = weight(second)
		}
	}
	return a
}

// weight brings a weight of fine into int16.
func weight(w int) int16 { return int16(min(w, fine-1)) }

// grouped divides the taps of a into groups: each has coarse weights of its
// own, and byGroup says what the groups weigh.
func grouped(a axis) (axis, []int16) {
	groups := (a.taps + groupTaps - 1) / groupTaps
	taps := groups * groupTaps
	g := axis{taps: taps, start: a.start, weights: make([]int16, len(a.start)*taps)}
	byGroup := make([]int16, len(a.start)*groups)
	for i := range a.start {
		from := a.weights[i*a.taps : (i+1)*a.taps]
		for k := range groups {
			in := from[k*groupTaps : min((k+1)*groupTaps, len(from))]
			total := 0
			for _, w := range in {
				total += int(w)
			}
			if total == 0 {
				continue
			}
			byGroup[i*groups+k] = weight(total)
			covered, given := 0, 0
			for j, w := range in {
				covered += int(w)
				sum := (covered*coarse + total/2) / total
				g.weights[i*taps+k*groupTaps+j] = int16(sum - given)
				given = sum
			}
		}
	}
	return g, byGroup
}
