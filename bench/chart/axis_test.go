package chart

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

func TestScaleAxis(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to float64
		whole    bool
		min, max float64
		labels   string
	}{
		{"from zero", 1, 12.8, true, 0, 14, "0 2 4 6 8 10 12 14"},
		{"as long as its values", 0.0576, 2.07, false, 0, 2.07, "0 0.5 1 1.5 2"},
		{"a cut", 95, 100, true, 95, 100, "95 96 97 98 99 100"},
		{"tenths", 0, 0.7, true, 0, 0.7, "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7"},
		{"below zero", -3, 3, true, -3, 3, "-3 -2 -1 0 1 2 3"},
		{"one value", 5, 5, true, 4, 6, "4 4.5 5 5.5 6"},
		{"all zero", 0, 0, true, -1, 1, "-1 -0.5 0 0.5 1"},
		{"no values", math.Inf(1), math.Inf(-1), true, 0, 1, "0 0.2 0.4 0.6 0.8 1"},
		{"large", 0, 3e6, true, 0, 3e6, "0 500000 1e+06 1.5e+06 2e+06 2.5e+06 3e+06"},
	} {
		a := plot.Axis{Min: test.from, Max: test.to}
		scaleAxis(&a, test.whole)
		var labels []string
		for _, tick := range a.Tick.Marker.Ticks(a.Min, a.Max) {
			labels = append(labels, tick.Label)
		}
		if math.Abs(a.Min-test.min) > 1e-9 || math.Abs(a.Max-test.max) > 1e-9 || strings.Join(labels, " ") != test.labels {
			t.Errorf("%s: %g to %g with %v", test.name, a.Min, a.Max, labels)
		}
	}
}

// Of as many lines as there are colours and dashes, no two look alike.
func TestLinesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for i := range len(colours) * len(dashes) {
		d, err := newDrawing("svg", Size{300, 300})
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := d.line(plot.New(), Line{X: []float64{1, 2}, Y: []float64{1, 2}}, i)
		if err != nil {
			t.Fatal(err)
		}
		l, ok := drawn[0].(*plotter.Line)
		if !ok {
			t.Fatalf("a %T stands for the line", drawn[0])
		}
		look := fmt.Sprint(l.Color, l.Dashes)
		if seen[look] {
			t.Errorf("line %d looks like one before: %s", i, look)
		}
		seen[look] = true
	}
}
