package mixer

import "math"

// limiter keeps a sum within [-1, 1]. It looks back only: it adds no delay, but
// knows the whole frame at hand. A frame that does not exceed 1 passes
// unchanged, bit for bit, unless a loud one shortly before is being recovered
// from.
//
// The gain is a chain of straight lines, one a millisecond, that lies below
// what each millisecond needs. Only where the peak comes in the frame's first
// millisecond is there no time to turn the gain down; there the samples above
// the ceiling are bent.
type limiter struct {
	gain float32 // at the end of the last frame; 1 = nothing to do
}

const (
	sliceCount  = 20 // milliseconds in a frame
	sliceLength = len(frame{}) / sliceCount

	ceiling = 0.9        // what an exceeding peak is turned down to
	attack  = 0.1        // the gain falls at most this much a millisecond, where there is time
	release = 1.0 / 400. // and rises at most this much
)

// limit applies the limiter to the frame in place.
func (l *limiter) limit(f *frame) {
	var peaks [sliceCount]float32
	top := float32(0)
	for k := range peaks {
		peaks[k] = peak(f[k*sliceLength : (k+1)*sliceLength])
		top = max(top, peaks[k])
	}
	if l.gain == 1 && top <= 1 {
		return
	}
	var need, line [sliceCount + 1]float32
	for k, p := range peaks {
		need[k] = 1
		if p > ceiling {
			need[k] = ceiling / p
		}
	}
	need[sliceCount] = need[sliceCount-1]
	line[0] = l.gain
	for k := 1; k < len(line); k++ {
		line[k] = min(line[k-1]+release, need[k-1], need[k])
	}
	for k := len(line) - 2; k > 0; k-- {
		line[k] = min(line[k], line[k+1]+attack)
	}
	for k, p := range peaks {
		ramp(f[k*sliceLength:(k+1)*sliceLength], line[k], line[k+1])
		if p*max(line[k], line[k+1]) > 1 {
			bend(f[k*sliceLength : (k+1)*sliceLength])
		}
	}
	l.gain = line[sliceCount]
}

// land leads the frame over to another limiter's gain at its end, for one who
// hears that one's sum next.
func (l *limiter) land(f *frame, gain float32) {
	if l.gain == gain {
		return
	}
	ramp(f[:], 1, gain/l.gain)
	bend(f[:])
	l.gain = gain
}

// peak returns the largest magnitude. Without the sign the bits of floats are in
// the order of their values, and integers compare faster.
func peak(x []float32) float32 {
	const magnitude = 1<<31 - 1
	var p0, p1, p2, p3 uint32
	for ; len(x) >= 4; x = x[4:] {
		p0 = max(p0, math.Float32bits(x[0])&magnitude)
		p1 = max(p1, math.Float32bits(x[1])&magnitude)
		p2 = max(p2, math.Float32bits(x[2])&magnitude)
		p3 = max(p3, math.Float32bits(x[3])&magnitude)
	}
	return math.Float32frombits(max(p0, p1, p2, p3))
}

// ramp multiplies x by a gain that goes from a to b.
func ramp(x []float32, a, b float32) {
	step := (b - a) / float32(len(x))
	for i := range x {
		x[i] *= a + float32(i+1)*step
	}
}

// bend maps what is above the ceiling into the room below 1, smoothly.
func bend(x []float32) {
	const room = 1 - ceiling
	for i, v := range x {
		switch {
		case v > ceiling:
			d := v - ceiling
			x[i] = ceiling + d/(1+d/room)
		case v < -ceiling:
			d := -v - ceiling
			x[i] = -ceiling - d/(1+d/room)
		}
	}
}
