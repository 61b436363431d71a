package trial

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/subject"
)

// Window is what was found in a stretch of time. What could not be measured is
// NaN.
type Window struct {
	Seconds float64
	ports   int

	// Processor time, seconds per second.
	User, System float64 // the server
	Load         float64 // the load process
	Elsewhere    float64 // everything else on this machine
	resident     int64   // bytes, at the end
	stages       map[string]float64

	receivers []receiver
	load.Findings
	curve    []float64 // processor time of the server in each second
	pumpLate float64   // seconds
	likeness []load.Likeness

	// Of a node.
	encoded, skipped float64 // pictures per second
	allocations      float64 // heap objects for each picture encoded
	collections      float64 // per second
	longestPause     float64 // seconds: of the last collections
	goroutines       float64
}

// receiver is what one caller was sent in a window.
type receiver struct {
	name            string
	fps, bitrate    float64 // bit/s of access units
	late, missing   float64 // pictures per second
	half            float64 // pictures per second that came at half the frame rate
	lost, damaged   uint64
	sent            float64 // pictures per second that he sent
	keyFrames       uint64
	over            bool
	gaps            uint64
	askedAgain      uint64
	conference, who int
}

// Measure looks for a while.
func (r *Rig) Measure(ctx context.Context, length time.Duration) (Window, error) {
	w := Window{
		User: math.NaN(), System: math.NaN(), Elsewhere: math.NaN(), encoded: math.NaN(), skipped: math.NaN(),
		allocations: math.NaN(), collections: math.NaN(), longestPause: math.NaN(), goroutines: math.NaN(),
	}
	before, err := r.load.Snapshot(ctx) // what the probes found until now is let go
	if err != nil {
		return w, err
	}
	scrape, metrics, err := r.scrapes(ctx)
	if err != nil {
		return w, err
	}
	mine, err := subject.UsageOf(r.load.PID())
	if err != nil {
		return w, err
	}
	first, err := r.usage()
	if err != nil {
		return w, err
	}
	after, err := r.watch(ctx, length, &w, first)
	if err != nil {
		return w, err
	}
	last, err := r.usage()
	if err != nil {
		return w, err
	}
	mineAfter, err := subject.UsageOf(r.load.PID())
	if err != nil {
		return w, err
	}
	w.Seconds = after.At.Sub(before.At).Seconds()
	w.Load = (mineAfter.CPU() - mine.CPU()) / mineAfter.At.Sub(mine.At).Seconds()
	if r.pid != 0 {
		s := last.At.Sub(first.At).Seconds()
		w.User, w.System, w.resident = (last.User-first.User)/s, (last.System-first.System)/s, last.Resident
		w.Elsewhere = (last.Machine-first.Machine)/s - w.cpu() - w.Load
	}
	w.compare(before, after)
	r.note(after)
	if r.node == nil {
		return w, nil
	}
	end, err := r.node.Metrics(ctx)
	if err != nil {
		return w, err
	}
	w.runtime(metrics, end, scrape)
	return w, nil
}

// cpu returns the processor time of the server.
func (w *Window) cpu() float64 { return w.User + w.System }

// usage is that of the server; zero where its process is not known.
func (r *Rig) usage() (subject.Usage, error) {
	if r.pid == 0 {
		return subject.Usage{At: time.Now()}, nil
	}
	return subject.UsageOf(r.pid)
}

// scrapes reads the node's metrics twice: the difference is what reading them
// costs.
func (r *Rig) scrapes(ctx context.Context) (cost, now subject.Metrics, err error) {
	if r.node == nil {
		return nil, nil, nil
	}
	first, err := r.node.Metrics(ctx)
	if err != nil {
		return nil, nil, err
	}
	now, err = r.node.Metrics(ctx)
	return now.Since(first), now, err
}

// runtime takes what the node tells of itself. Go's collector counts heap
// objects and collections; frames are pictures encoded.
func (w *Window) runtime(before, after, cost subject.Metrics) {
	d := after.Since(before)
	w.encoded, w.skipped = d["parley_video_frames_total"]/w.Seconds, d["parley_video_frames_skipped_total"]/w.Seconds
	if frames := d["parley_video_frames_total"]; frames > 0 {
		w.allocations = (d["go_memstats_mallocs_total"] - cost["go_memstats_mallocs_total"]) / frames
	}
	w.collections = d["go_gc_duration_seconds_count"] / w.Seconds
	w.longestPause = after[`go_gc_duration_seconds{quantile="1"}`]
	w.goroutines = after["go_goroutines"]
	w.stages = map[string]float64{}
	for stage, v := range d.Labelled("parley_stage_seconds_total") {
		w.stages[stage] = v / w.Seconds
	}
}

// watch tells once a second how it goes and gathers what the probes find.
func (r *Rig) watch(ctx context.Context, length time.Duration, w *Window, first subject.Usage) (load.Snapshot, error) {
	ticker, end := time.NewTicker(time.Second), time.NewTimer(length)
	defer ticker.Stop()
	defer end.Stop()
	begin, before, last := time.Now(), first, load.Snapshot{}
	for {
		done := false
		select {
		case <-ticker.C:
		case <-end.C:
			done = true
		case <-ctx.Done():
			return last, ctx.Err()
		}
		s, err := r.load.Snapshot(ctx)
		if err != nil {
			return s, err
		}
		now, err := r.usage()
		if err != nil {
			return s, err
		}
		for _, f := range s.Findings {
			w.add(f)
		}
		w.pumpLate = max(w.pumpLate, s.PumpLate)
		if done {
			return s, nil
		}
		if r.pid != 0 {
			w.curve = append(w.curve, (now.CPU()-before.CPU())/now.At.Sub(before.At).Seconds())
		}
		if err := r.load.Sample(ctx); err != nil {
			return s, err
		}
		r.o.Told(progress(time.Since(begin), length, last, s, w))
		if r.Meanwhile != nil {
			if err := r.Meanwhile(ctx); err != nil {
				return s, err
			}
		}
		before, last = now, s
	}
}

// progress is a line about the last second.
func progress(gone, length time.Duration, before, now load.Snapshot, w *Window) string {
	text := fmt.Sprintf("%3.0f of %.0f s", gone.Seconds(), length.Seconds())
	if n := len(w.curve); n > 0 {
		text += fmt.Sprintf("  server %.2f cores", w.curve[n-1])
	}
	if lowest, ok := slowest(before, now); ok {
		text += fmt.Sprintf("  lowest %.1f pictures/s", lowest)
	}
	if len(w.Delay) > 0 {
		d := slices.Clone(w.Delay[max(0, len(w.Delay)-300):])
		text += fmt.Sprintf("  delay %.1f ms, p99 %.1f", 1000*load.Quantile(d, 0.5), 1000*load.Quantile(d, 0.99))
	}
	return text
}

// slowest returns the lowest picture rate of the receivers between two snapshots.
func slowest(before, now load.Snapshot) (fps float64, ok bool) {
	seconds := now.At.Sub(before.At).Seconds()
	if before.At.IsZero() || seconds <= 0 {
		return 0, false
	}
	fps = math.Inf(1)
	for _, b := range now.Receivers {
		if a, found := before.Find(b.Call); found {
			fps, ok = min(fps, float64(b.Frames-a.Frames)/seconds), true
		}
	}
	return fps, ok
}

// add takes what a probe found.
func (w *Window) add(f load.Findings) {
	w.Delay = append(w.Delay, f.Delay...)
	w.Sound = append(w.Sound, f.Sound...)
	w.LipSync = append(w.LipSync, f.LipSync...)
	w.Pictures += f.Pictures
	w.Unread += f.Unread
	w.Repeated += f.Repeated
	w.Skipped += f.Skipped
	w.Refused += f.Refused
	w.FirstPicture = max(w.FirstPicture, f.FirstPicture)
}

// compare takes what the receivers counted in between. Who joined or left
// meanwhile is left out.
func (w *Window) compare(before, after load.Snapshot) {
	w.ports = len(after.Receivers)
	for _, b := range after.Receivers {
		a, ok := before.Find(b.Call)
		if !ok {
			continue
		}
		w.receivers = append(w.receivers, receiver{
			name: b.Name, conference: b.Conference, who: b.Index, over: b.Over,
			fps: float64(b.Frames-a.Frames) / w.Seconds, bitrate: float64(b.Bits-a.Bits) / w.Seconds,
			late: float64(b.Late-a.Late) / w.Seconds, missing: float64(b.Missing-a.Missing) / w.Seconds, half: float64(b.Half-a.Half) / w.Seconds,
			lost: b.VideoLost - a.VideoLost, damaged: b.Damaged - a.Damaged, keyFrames: b.KeyFrames - a.KeyFrames,
			sent: float64(b.Sent-a.Sent) / w.Seconds, gaps: b.Gaps - a.Gaps, askedAgain: b.Nacks - a.Nacks,
		})
	}
}

// Rates returns the pictures per second that each receiver was sent, in the
// order of their places.
func (w *Window) Rates() []float64 {
	list := slices.SortedFunc(slices.Values(w.receivers), func(a, b receiver) int {
		return cmp.Or(cmp.Compare(a.conference, b.conference), cmp.Compare(a.who, b.who))
	})
	rates := make([]float64, len(list))
	for i, r := range list {
		rates[i] = r.fps
	}
	return rates
}

// lowestRate returns the lowest picture rate of the receivers.
func (w *Window) lowestRate() float64 { return w.lowest(func(r receiver) float64 { return r.fps }) }

// lowestSent returns the lowest picture rate of what the callers sent.
func (w *Window) lowestSent() float64 { return w.lowest(func(r receiver) float64 { return r.sent }) }

func (w *Window) lowest(of func(receiver) float64) float64 {
	if len(w.receivers) == 0 {
		return math.NaN()
	}
	least := math.Inf(1)
	for _, r := range w.receivers {
		least = min(least, of(r))
	}
	return least
}

// mean returns the mean of something over the receivers.
func (w *Window) mean(of func(receiver) float64) float64 {
	sum := 0.0
	for _, r := range w.receivers {
		sum += of(r)
	}
	return sum / float64(len(w.receivers))
}
