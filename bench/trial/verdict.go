package trial

import (
	"fmt"
	"math"

	"parley/bench/load"
	"parley/bench/report"
)

// What may grow while the number of callers stays the same, as a share and
// besides: memory settles slowly, and callers come and go while it is looked.
const (
	memoryGrows = 0.10
	memoryMore  = 16 // MB
	countGrows  = 0.10
	countMore   = 8
)

// drift compares the second quarter of some values with the last one: the first
// is for settling. Medians, so that single values do not count.
func drift(values []float64) (early, late float64) {
	n := len(values)
	return median(values[n/4 : n/2]), median(values[n-max(n/4, min(n, 1)):])
}

func median(values []float64) float64 {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return math.NaN()
	}
	return load.Quantile(known, 0.5)
}

// grows reports whether something has grown more than it may.
func grows(early, late, share, more float64) bool { return late > early*(1+share)+more }

// verdict says what is wrong; nothing when all is well.
func (s *soak) verdict(before, after sample) (wrong []string) {
	for _, one := range []struct {
		name        string
		of          func(sample) float64
		share, more float64
	}{
		{"memory, MB", func(x sample) float64 { return x.resident }, memoryGrows, memoryMore},
		{"heap, MB", func(x sample) float64 { return x.heap }, memoryGrows, memoryMore},
		{"goroutines", func(x sample) float64 { return x.goroutines }, countGrows, countMore},
		{"sockets", func(x sample) float64 { return x.sockets }, countGrows, countMore},
		{"calls", func(x sample) float64 { return x.calls }, 0, 0.5},
	} {
		values := make([]float64, len(s.samples))
		for i, x := range s.samples {
			values[i] = one.of(x)
		}
		if early, late := drift(values); grows(early, late, one.share, one.more) {
			wrong = append(wrong, fmt.Sprintf("%s grow from %.0f to %.0f", one.name, early, late))
		}
	}
	for _, one := range []struct {
		name          string
		before, after float64
		more          float64
	}{
		{"calls", before.calls, after.calls, 0},
		{"encoders", before.encoders, after.encoders, 0},
		{"decoders", before.decoders, after.decoders, 0},
		{"goroutines", before.goroutines, after.goroutines, countMore},
		{"sockets", before.sockets, after.sockets, countMore},
	} {
		if one.after > one.before+one.more {
			wrong = append(wrong, fmt.Sprintf("%.0f %s are left when all have hung up, there were %.0f before", one.after, one.name, one.before))
		}
	}
	if n := s.wrong; n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d faults", n))
	}
	return wrong
}

// fill writes down what was found.
func (s *soak) fill(before, after sample, run *report.Run) {
	wrong := s.verdict(before, after)
	run.Target("verdict: things that are wrong", "", float64(len(wrong)), 0, report.Lower)
	run.Target("faults: calls refused, ended or sent nothing", "", float64(s.wrong), 0, report.Lower)
	run.Figure("joins", "", float64(s.joins+s.ports))
	run.Figure("leaves", "", float64(s.leaves))
	columns := []struct {
		name, unit string
		of         func(sample) float64
	}{
		{"memory", "MB", func(x sample) float64 { return x.resident }},
		{"heap in use", "MB", func(x sample) float64 { return x.heap }},
		{"goroutines", "", func(x sample) float64 { return x.goroutines }},
		{"sockets", "", func(x sample) float64 { return x.sockets }},
		{"calls", "", func(x sample) float64 { return x.calls }},
		{"CPU", "cores", func(x sample) float64 { return x.cpu }},
		{"lowest frame rate", "pictures/s", func(x sample) float64 { return x.lowest }},
		{"delay of pictures, p99", "ms", func(x sample) float64 { return x.delay }},
	}
	t := report.Table{Title: "Over time (medians)", Columns: []string{"what", "unit", "before", "second quarter", "last quarter", "after"}}
	at := make([]float64, len(s.samples))
	for i, x := range s.samples {
		at[i] = x.at
	}
	for _, c := range columns {
		values := make([]float64, len(s.samples))
		for i, x := range s.samples {
			values[i] = c.of(x)
		}
		early, late := drift(values)
		t.Row(c.name, c.unit, c.of(before), early, late, c.of(after))
		run.Curve(c.name, "time, s", c.unit, at, values)
	}
	run.Table(t)
	run.Figure("delay of pictures, p50", "ms", 1000*load.Quantile(s.delay, 0.5))
	run.Figure("delay of pictures, p99", "ms", 1000*load.Quantile(s.delay, 0.99))
	list := report.Table{Title: "What is wrong", Columns: []string{"what"}}
	for _, text := range wrong {
		list.Row(text)
	}
	for i, text := range s.faults {
		if i == receiversShown {
			list.Row(fmt.Sprintf("and %d faults more", s.wrong-i))
			break
		}
		list.Row(text)
	}
	if len(list.Rows) == 0 {
		list.Row("nothing")
	}
	run.Table(list)
}
