package report_test

import (
	"math"
	"testing"

	"parley/bench/report"
)

func TestDistribution(t *testing.T) {
	many := make([]float64, 10_001)
	for i := range many {
		many[i] = float64((i * 7) % len(many)) // each of 0..10000 once
	}
	for _, test := range []struct {
		name    string
		samples []float64
		points  int
		x, y    float64 // of the last point
	}{
		{"none", nil, 0, 0, 0},
		{"one", []float64{5}, 1, 5, 100},
		{"unsorted", []float64{3, 1, math.NaN(), 2}, 3, 3, 100},
		{"many", many, 500, 10_000, 100},
	} {
		c := report.Distribution(test.name, "delay, ms", test.samples)
		n := len(c.X)
		if n != test.points || len(c.Y) != n {
			t.Errorf("%s: %d, %d points", test.name, n, len(c.Y))
			continue
		}
		if n > 0 && (c.X[n-1] != test.x || c.Y[n-1] != test.y) {
			t.Errorf("%s ends at %g, %g", test.name, c.X[n-1], c.Y[n-1])
		}
		for i := range max(n, 1) - 1 {
			if c.X[i] > c.X[i+1] || c.Y[i] >= c.Y[i+1] {
				t.Errorf("%s falls after point %d", test.name, i)
			}
		}
	}
	// 250th of 500 points: about half of the samples are at most about half of the largest.
	c := report.Distribution("many", "x", many)
	if math.Abs(c.X[249]-5000) > 30 || math.Abs(c.Y[249]-50) > 0.3 {
		t.Errorf("in the middle: %g, %g", c.X[249], c.Y[249])
	}
	shared := []float64{2, 1}
	report.Distribution("", "", shared)
	if shared[0] != 2 {
		t.Error("the samples were sorted in place")
	}
}
