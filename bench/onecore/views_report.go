package onecore

import (
	"fmt"
	"time"

	"parley/bench/report"
	"parley/composer/pixel"
)

// Fill puts the result into a run.
func (r ViewResult) Fill(run *report.Run) {
	cores := func(d time.Duration) float64 { return d.Seconds() / r.Length.Seconds() }
	kbps := func(bits int) float64 { return float64(bits) / r.Length.Seconds() / 1000 }
	run.Setting("kernels", pixel.Active())
	run.Setting("pictures", fmt.Sprintf("1280x720 at %d/s, people who move, camera noise of 6 steps", pictureRate))
	run.Setting("bitrates", fmt.Sprintf("whole %d, large band %d, strip %d kbit/s", viewRate/1000, largeRate/1000, stripRate/1000))
	run.Setting("clock", "processor time of one thread, both in turns picture by picture")
	run.Figure("nine whole encodes", "cores", cores(r.Whole))
	run.Figure("nine views by bands", "cores", cores(r.Bands()))
	run.Figures = append(run.Figures, report.Figure{
		Name: "by bands / whole", Value: r.Ratio(), Better: report.Lower,
		Note: fmt.Sprintf("%.3f to %.3f in each second", r.Least, r.Most),
	})
	t := report.Table{Title: "Nine different views of one conference", Columns: []string{"work", "how many", "cores", "ms a picture of all", "of whole encodes"}}
	row := func(name string, n int, d time.Duration) {
		t.Row(name, n, cores(d), 1000*cores(d)/pictureRate, fmt.Sprintf("%.3f", float64(d)/float64(r.Whole)))
	}
	row("encode whole pictures", Viewers, r.Whole)
	row("encode large bands", 2, r.Large)
	row("encode strips", Viewers, r.Strips)
	row("stitch", Viewers, r.Stitch)
	row("bands and stitching", Viewers, r.Bands())
	row("compose whole pictures", Viewers, r.ComposeWhole)
	row("compose bands", 2+Viewers, r.ComposeBand)
	run.Table(t)
	bits := report.Table{Title: "A viewer's stream in the mean", Columns: []string{"made", "kbit/s"}}
	bits.Row("whole", kbps(r.WholeBits))
	bits.Row("of two bands", kbps(r.BandBits))
	run.Table(bits)
}
