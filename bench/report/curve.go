package report

import (
	"encoding/json"
	"math"
	"slices"
)

// Curve is a line of a chart, or a set of points.
type Curve struct {
	Name   string    `json:"name"`
	XLabel string    `json:"x_label"` // with its unit: "delay, ms"
	YLabel string    `json:"y_label"`
	X      []float64 `json:"x"`
	Y      []float64 `json:"y"`
}

// distributionPoints bounds the points of a distribution: enough for a chart
// and for its last tenth of a percent.
const distributionPoints = 500

// Distribution returns the cumulative distribution of samples: how many percent
// of them are at most x. label is the axis of x. NaN is left out.
func Distribution(name, label string, samples []float64) Curve {
	c := Curve{Name: name, XLabel: label, YLabel: "share, %", X: []float64{}, Y: []float64{}}
	sorted := slices.DeleteFunc(slices.Clone(samples), math.IsNaN)
	slices.Sort(sorted)
	n := len(sorted)
	for k := range min(n, distributionPoints) {
		at := k
		if n > distributionPoints { // the last point is the largest sample
			at = (k + 1) * (n - 1) / distributionPoints
		}
		c.X, c.Y = append(c.X, sorted[at]), append(c.Y, 100*float64(at+1)/float64(n))
	}
	return c
}

// MarshalJSON leaves out points that are no finite numbers.
func (c Curve) MarshalJSON() ([]byte, error) {
	type plain Curve
	p := plain(c)
	p.X, p.Y = make([]float64, 0, len(c.X)), make([]float64, 0, len(c.X))
	for i := range min(len(c.X), len(c.Y)) {
		if finite(c.X[i]) && finite(c.Y[i]) {
			p.X, p.Y = append(p.X, c.X[i]), append(p.Y, c.Y[i])
		}
	}
	return json.Marshal(p)
}
