package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// parts is how many steps an axis has at most.
const parts = 8

// scaleAxis makes an axis that holds its values legible: round steps, from
// zero when all values are positive and a cut would gain little. A whole axis
// also ends at a step.
func scaleAxis(a *plot.Axis, whole bool) {
	from, to := a.Min, a.Max
	if from > to { // no values
		from, to = 0, 1
	}
	if from >= 0 && from < to/2 {
		from = 0
	}
	if to-from <= 1e-9*max(math.Abs(from), math.Abs(to)) {
		from, to = from-1, to+1
	}
	step := roundStep((to - from) / parts)
	if whole {
		from, to = math.Floor(from/step+1e-9)*step, math.Ceil(to/step-1e-9)*step
	}
	a.Min, a.Max = from, to
	a.Tick.Marker = steps(step)
}

// roundStep returns the first of 1, 2 and 5 times a power of ten that is not
// less than v, which is positive.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range [...]float64{1, 2, 5} {
		if v <= n*power*(1+1e-9) {
			return n * power
		}
	}
	return 10 * power
}

// steps marks the multiples of a step.
type steps float64

// Ticks returns the marks of an axis.
func (s steps) Ticks(from, to float64) []plot.Tick {
	var ticks []plot.Tick
	for n := math.Ceil(from/float64(s) - 1e-9); n*float64(s) <= to+1e-9*float64(s); n++ {
		v := n * float64(s)
		if v == 0 {
			v = 0 // not -0
		}
		// Six digits: of 3 times 0.1 the decimal is wanted, not what floating point makes of it.
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)})
	}
	return ticks
}
