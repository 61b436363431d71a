package trial

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/report"
)

// Conference holds conferences and measures what they cost and what became of
// pictures and sound on their way. It adds what it found to the run.
func Conference(ctx context.Context, o Options, run *report.Run) error {
	round := o.Settle == 0
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if plan, err := o.plan().WithDefaults(); err == nil && round {
		// Everybody has talked once: names that were never shown large are drawn
		// for the first time, which is no part of what a conference costs later.
		o.Settle = max(o.Settle, min(time.Duration(o.Parties)*plan.Turn, longestRound))
		if plan.Talkers > 0 {
			// Those who never talk are asked to send less by then.
			o.Settle = max(o.Settle, longestRound)
		}
	}
	o.settings(run)
	run.Setting("duration", o.Duration)
	r, err := openRig(ctx, o)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Fill(ctx); err != nil {
		return err
	}
	w, err := r.Measure(ctx, o.Duration)
	if err != nil {
		return err
	}
	if !o.against() {
		o.Told("comparing pictures with what they should show")
		if w.likeness, err = r.load.Likeness(ctx); err != nil {
			return err
		}
	}
	r.report(&w, run)
	return nil
}

// longestRound bounds how long is waited until everybody has talked.
const longestRound = 30 * time.Second

// plan is what defaults can be asked of before anybody is called.
func (o Options) plan() load.Plan {
	p := o.Load
	return load.Plan{
		URIs: []string{""}, Width: p.Width, Height: p.Height, FPS: p.FPS, Bitrate: p.Bitrate, Looks: p.Looks, Turn: p.Turn, Talkers: p.Talkers, Noise: p.Noise, Level: p.Level, MaxBitrate: p.MaxBitrate,
	}
}

// settings notes those that every trial has.
func (o Options) settings(run *report.Run) {
	p := o.Load
	if q, err := o.plan().WithDefaults(); err == nil {
		run.Setting("size", fmt.Sprintf("%dx%d", q.Width, q.Height))
		run.Setting("frame rate", q.FPS)
		run.Setting("bitrate sent", q.Bitrate)
		run.Setting("looks", q.Looks)
		run.Setting("turn", q.Turn)
		if q.Talkers > 0 {
			run.Setting("talkers", q.Talkers)
		}
		run.Setting("noise", q.Noise)
		run.Setting("level", q.Level)
	}
	run.Setting("profile", p.Profile)
	run.Setting("parties", o.Parties)
	run.Setting("conferences", o.Conferences)
	run.Setting("seed", p.Seed)
	run.Setting("audio levels told", !p.NoLevels)
	run.Setting("probes", o.Load.Probes)
	if p.MaxBitrate > 0 {
		run.Setting("bitrate taken", p.MaxBitrate)
	}
	if rung, ok := o.taken(); ok {
		run.Setting("sent to each at most", fmt.Sprintf("%dx%d, %d pictures/s, %d kbit/s", rung.Width, rung.Height, rung.FPS, rung.Bitrate/1000))
	}
	if p.File != "" {
		run.Setting("video", p.File)
	}
	if !p.Network.Perfect() {
		run.Setting("network", fmt.Sprintf("%+v", p.Network))
	}
	if o.against() {
		run.Setting("against", o.URIs)
		run.Setting("pid", o.PID)
		return
	}
	run.Setting("own thumbnail", o.OwnThumbnail)
	if o.Layout != "" {
		run.Setting("layout", o.Layout)
	}
}

// report writes down a window.
func (r *Rig) report(w *Window, run *report.Run) {
	r.cost(w, run)
	r.received(w, run)
	r.timing(w, run)
	r.inside(w, run)
	w.quality(run)
}

// quality is how like pictures are to what they should show.
func (w *Window) quality(run *report.Run) {
	if len(w.likeness) == 0 {
		return
	}
	run.Figure("pictures compared", "", float64(len(w.likeness)))
	for _, f := range []struct {
		name, unit string
		of         func(load.Likeness) float64
	}{
		{"PSNR", "dB", func(l load.Likeness) float64 { return l.PSNR }},
		{"SSIM", "", func(l load.Likeness) float64 { return l.SSIM }},
		{"PSNR of the speaker", "dB", func(l load.Likeness) float64 { return l.SpeakerPSNR }},
		{"SSIM of the speaker", "", func(l load.Likeness) float64 { return l.SpeakerSSIM }},
		{"PSNR of the others", "dB", func(l load.Likeness) float64 { return l.OthersPSNR }},
		{"SSIM of the others", "", func(l load.Likeness) float64 { return l.OthersSSIM }},
	} {
		sum := 0.0
		for _, l := range w.likeness {
			sum += f.of(l)
		}
		run.Figure(f.name+", mean", f.unit, sum/float64(len(w.likeness)))
	}
}

// cost is what the server took.
func (r *Rig) cost(w *Window, run *report.Run) {
	if r.pid == 0 {
		return
	}
	run.Figure("CPU of the server", "cores", w.cpu())
	run.Figure("CPU, user", "cores", w.User)
	run.Figure("CPU, system", "cores", w.System)
	run.Figure("CPU a port", "ms/s", 1000*w.cpu()/float64(w.ports))
	perCore := float64(w.ports) / w.cpu()
	invalid := r.o.invalid(w)
	if limit := r.o.portsPerCore(); limit > 0 && invalid == "" {
		run.Target("ports per core", "", perCore, limit, report.Higher)
	} else {
		run.Figure("ports per core", "", perCore)
		run.Figures[len(run.Figures)-1].Note = invalid
	}
	run.Figure("memory a port", "MB", float64(w.resident-r.empty)/float64(w.ports)/1e6)
	run.Figure("memory of the server", "MB", float64(w.resident)/1e6)
	run.Figure("CPU of the load", "cores", w.Load)
	run.Figure("CPU elsewhere", "cores", max(w.Elsewhere, 0))
	if len(w.curve) > 1 {
		x := make([]float64, len(w.curve))
		for i := range x {
			x[i] = float64(i + 1)
		}
		run.Curve("CPU of the server", "time, s", "cores", x, w.curve)
	}
}

// received is what the receivers got.
func (r *Rig) received(w *Window, run *report.Run) {
	run.Figure("ports", "", float64(w.ports))
	run.Figure("frame rate, lowest receiver", "pictures/s", w.lowestRate())
	run.Figure("frame rate, mean", "pictures/s", w.mean(func(r receiver) float64 { return r.fps }))
	run.Figure("bitrate of pictures received, mean", "kbit/s", w.mean(func(r receiver) float64 { return r.bitrate })/1000)
	rate := w.mean(func(r receiver) float64 { return r.fps })
	missing := w.mean(func(r receiver) float64 { return r.missing })
	run.Figure("pictures late", "%", 100*w.mean(func(r receiver) float64 { return r.late })/rate)
	run.Figure("pictures left out", "%", 100*missing/(rate+missing))
	if half := w.mean(func(r receiver) float64 { return r.half }); half > 0 {
		run.Figure("pictures sent at half the rate", "%", 100*half/rate)
	}
	run.Figure("packets lost", "", w.mean(func(r receiver) float64 { return float64(r.lost) })*float64(len(w.receivers)))
	if w.Pictures > 0 {
		run.Figure("pictures that show no new one of the speaker", "%", 100*float64(w.Repeated)/float64(w.Pictures))
		run.Figure("pictures of the speaker never shown", "%", 100*float64(w.Skipped)/float64(w.Pictures-w.Repeated+w.Skipped))
		run.Figure("pictures without a readable number", "%", 100*float64(w.Unread)/float64(w.Pictures+w.Unread))
	}
	run.Figure("access units refused by decoders", "", float64(w.Refused))
	over := 0
	t := report.Table{
		Title:   "Receivers (the slowest first)",
		Columns: []string{"caller", "pictures/s", "kbit/s", "late/s", "left out/s", "packets lost", "damaged", "key frames"},
	}
	list := slices.Clone(w.receivers)
	slices.SortStableFunc(list, func(a, b receiver) int { return cmp.Compare(a.fps, b.fps) })
	for i, one := range list {
		if one.over {
			over++
		}
		if i < receiversShown {
			t.Row(one.name, one.fps, one.bitrate/1000, one.late, one.missing, one.lost, one.damaged, one.keyFrames)
		}
	}
	run.Target("calls that ended by themselves", "", float64(over), 0, report.Lower)
	run.Table(t)
}

// receiversShown is how many receivers a table has.
const receiversShown = 16

// timing is what time things took.
func (r *Rig) timing(w *Window, run *report.Run) {
	ms := func(values []float64, q float64) float64 {
		if len(values) == 0 {
			return math.NaN()
		}
		return 1000 * load.Quantile(values, q)
	}
	target := func(name string, v, limit float64) {
		if r.o.against() {
			run.Figure(name, "ms", v)
		} else {
			run.Target(name, "ms", v, limit, report.Lower)
		}
	}
	if r.o.Load.File == "" {
		target("delay of pictures, p50", ms(w.Delay, 0.5), 20)
		run.Figure("delay of pictures, p95", "ms", ms(w.Delay, 0.95))
		target("delay of pictures, p99", ms(w.Delay, 0.99), 40)
	}
	firsts := slices.Collect(maps.Values(r.firsts))
	target("INVITE to the first complete key frame, p95", ms(firsts, 0.95), 300)
	run.Figure("INVITE to the first complete key frame, p50", "ms", ms(firsts, 0.5))
	if w.FirstPicture > 0 {
		run.Figure("INVITE to the first picture decoded, slowest probe", "ms", 1000*w.FirstPicture)
	}
	target("delay of sound, p50", ms(w.Sound, 0.5), 45)
	run.Figure("delay of sound, p99", "ms", ms(w.Sound, 0.99))
	target("lip-sync error, p50", math.Abs(ms(w.LipSync, 0.5)), 20)
	run.Figure("lip-sync error, p50, sound behind picture", "ms", ms(w.LipSync, 0.5))
	run.Figure("lip-sync error, p5", "ms", ms(w.LipSync, 0.05))
	run.Figure("lip-sync error, p95", "ms", ms(w.LipSync, 0.95))
	run.Figure("load late at most", "ms", 1000*w.pumpLate)
	run.Figure("pictures sent, lowest caller", "pictures/s", w.lowestSent())
	if len(w.Delay) > 1 {
		var x, y []float64
		for percent := range 101 {
			x, y = append(x, ms(w.Delay, float64(percent)/100)), append(y, float64(percent)/100)
		}
		run.Curve("delay of pictures, distribution", "delay, ms", "share of pictures", x, y)
	}
}

// inside is what a node tells of itself.
func (r *Rig) inside(w *Window, run *report.Run) {
	if r.node == nil {
		return
	}
	run.Figure("pictures encoded", "1/s", w.encoded)
	run.Figure("pictures not encoded for want of time", "1/s", w.skipped)
	run.Target("heap objects allocated for each picture encoded", "", w.allocations, 0, report.Lower)
	run.Figure("garbage collections", "1/s", w.collections)
	run.Figure("longest pause of the garbage collector", "ms", 1000*w.longestPause)
	run.Figure("goroutines", "", w.goroutines)
	if len(w.stages) == 0 {
		return
	}
	all := 0.0
	for _, v := range w.stages {
		all += v
	}
	t := report.Table{Title: "Time by stage, as the node tells it", Columns: []string{"stage", "s/s", "share, %"}}
	for _, stage := range slices.Sorted(maps.Keys(w.stages)) {
		t.Row(stage, w.stages[stage], 100*w.stages[stage]/all)
	}
	run.Table(t)
}
