package capacity

import (
	"fmt"
	"slices"

	"parley/bench/report"
)

// ratioLimit is how much more than its codec work a conference should take at most.
const ratioLimit = 1.10

// Fill adds what was found to a run of the bench.
func (r Result) Fill(run *report.Run) {
	m := r.Mean
	run.Target("CPU of the conference by that of its codec work alone", "", m.Ratio(), ratioLimit, report.Lower)
	ratios := make([]float64, len(r.Slices))
	for i, s := range r.Slices {
		ratios[i] = s.Ratio()
	}
	if slices.Sort(ratios); len(ratios) > 0 {
		run.Figure("the same, median of the slices", "", ratios[len(ratios)/2])
	}
	for _, f := range []struct {
		name, unit string
		value      float64
	}{
		{"CPU of the node", "cores", m.CPU()},
		{"CPU of its codec work alone", "cores", m.Codec.Sum()},
		{"ports per core", "", r.PortsPerCore()},
		{"ports per core, codec work alone", "", float64(r.Parties) / m.Codec.Sum()},
		{"CPU elsewhere while the node was measured", "cores", m.Elsewhere},
		{"frame rate, lowest receiver", "pictures/s", slices.Min(m.Receivers)},
		{"pictures skipped", "1/s", m.Node.Skipped},
	} {
		run.Figure(f.name, f.unit, f.value)
	}
	t := report.Table{
		Title:   "Processor time in each slice, cores",
		Columns: []string{"slice", "node", "user", "system", "codecs alone", "decode", "encode", "opus", "ratio", "elsewhere"},
	}
	row := func(name string, s Slice) {
		c := s.Codec
		t.Row(name, s.CPU(), s.Node.User, s.Node.System, c.Sum(), c.VideoDecode, c.VideoEncode, c.AudioDecode+c.AudioEncode, s.Ratio(), s.Elsewhere)
	}
	for i, s := range r.Slices {
		row(fmt.Sprint(i+1), s)
	}
	row("mean", m)
	run.Table(t)
	t = report.Table{Title: "The node", Columns: []string{"what", "value"}}
	t.Row("encoders", m.Node.Encoders)
	t.Row("decoders", m.Node.Decoders)
	t.Row("pictures encoded, 1/s", m.Node.Encoded)
	t.Row("key frames, 1/s", m.Node.KeyFrames)
	t.Row("pictures decoded, 1/s", m.Node.Decoded)
	t.Row("late ticks, 1/s", m.Node.LateTicks)
	t.Row("late mixes, 1/s", m.Node.LateMixes)
	run.Table(t)
}
