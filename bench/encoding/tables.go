package encoding

import (
	"fmt"

	"parley/bench/report"
	"parley/composer/pixel"
)

// baseline is whose time the others' are compared with: of the same rate.
var baseline = contender{"superfast", false}

// Fill puts the results into a run: a table, and the curves of likeness against
// rate.
func Fill(r *report.Run, results []Result) {
	r.Setting("pictures", "1+7 of people who move, camera noise of 6 steps, sent at 1.5 Mbit/s; 30 pictures/s, constrained baseline")
	r.Setting("likeness", "luma of the cells; SSIM of windows of 8x8 samples, four apart")
	r.Setting("clock", "processor time of one thread, fastest of the rounds for each picture")
	r.Setting("kernels", pixel.Active())
	base := map[int]float64{}
	for _, o := range results {
		if o.contender() == baseline {
			base[o.Asked] = o.Each.Seconds()
		}
	}
	t := report.Table{
		Title: "Likeness and time",
		Columns: []string{
			"Mbit/s", "settings", "encoded", "got, kbit/s", "speaker PSNR, dB", "SSIM", "thumbnails PSNR, dB", "SSIM", "µs a picture", "× superfast", "uneven",
		},
	}
	for _, o := range results {
		against := "-"
		if base[o.Asked] > 0 {
			against = fmt.Sprintf("%.2f", o.Each.Seconds()/base[o.Asked])
		}
		t.Row(
			fmt.Sprintf("%g", float64(o.Asked)/1e6), o.Settings, o.form(), fmt.Sprintf("%.0f", o.Got/1000),
			fmt.Sprintf("%.2f", o.Speaker.PSNR), fmt.Sprintf("%.4f", o.Speaker.SSIM),
			fmt.Sprintf("%.2f", o.Strip.PSNR), fmt.Sprintf("%.4f", o.Strip.SSIM),
			fmt.Sprintf("%.0f", o.Each.Seconds()*1e6), against, o.Uneven,
		)
	}
	r.Table(t)
	for _, c := range contenders {
		var x, y []float64
		for _, o := range results {
			if o.contender() == c {
				x, y = append(x, o.Got/1e6), append(y, o.Speaker.SSIM)
			}
		}
		if len(x) > 1 {
			r.Curve(c.settings+", "+c.form(), "rate, Mbit/s", "SSIM of the speaker", x, y)
		}
	}
}

func (o Result) contender() contender { return contender{o.Settings, o.Bands} }

func (o Result) form() string { return o.contender().form() }

func (c contender) form() string {
	if c.bands {
		return "in bands"
	}
	return "whole"
}
