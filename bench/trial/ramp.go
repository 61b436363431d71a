package trial

import (
	"context"
	"fmt"
	"math"
	"time"

	"parley/bench/load"
	"parley/bench/report"
)

// RampOptions say how the number of callers is raised, and when it is too high.
type RampOptions struct {
	Options         // Parties: of each conference, 0 = all are in one; Duration: of each step, 0 = 10 s
	Step    int     // callers that are added each time, 0 = 4
	Most    int     // callers at which it ends, 0 = 1000
	Rate    float64 // share of the frame rate that every receiver must have, 0 = 0.9
	Delay   float64 // seconds that 99 % of the pictures may be delayed at most, 0 = 40 ms, +Inf = no limit
	Frames  float64 // frame rate that receivers are to have, 0 = that of what they send and take
}

func (o RampOptions) withDefaults() (RampOptions, error) {
	one := o.Parties == 0
	if one {
		o.Parties = 1 // to pass
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	var err error
	if o.Options, err = o.Options.withDefaults(); err != nil {
		return o, err
	}
	if one {
		o.Parties = 0
	}
	if o.Step == 0 {
		o.Step = 4
	}
	if o.Most == 0 {
		o.Most = 1000
	}
	if o.Rate == 0 {
		o.Rate = 0.9
	}
	if o.Delay == 0 {
		o.Delay = 0.040
	}
	if o.Frames == 0 {
		o.Frames = o.frames()
	}
	if o.Step < 1 || o.Most < 1 || o.Rate < 0 || o.Delay < 0 {
		return o, fmt.Errorf("%w: steps of %d up to %d", ErrOptions, o.Step, o.Most)
	}
	return o, nil
}

// step is what was found with so many callers.
type step struct {
	ports         int
	cpu, system   float64
	lowest        float64 // pictures per second
	p50, p95, p99 float64 // seconds of delay
	late          float64 // share of pictures
	skipped       float64 // pictures per second that the node did not encode
	memory        int64
	failed        string // why it is too many; "" = it holds
}

// Ramp raises the number of callers step by step until a receiver misses its
// frame rate or the delay of pictures its limit, twice in a row, or until the
// server refuses one. It adds what it found to the run.
func Ramp(ctx context.Context, o RampOptions, run *report.Run) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	o.settings(run)
	if o.Parties == 0 {
		run.Setting("parties", "all in one conference")
	}
	delete(run.Settings, "conferences")
	run.Setting("step", o.Step)
	run.Setting("duration of a step", o.Duration)
	run.Setting("least frame rate", fmt.Sprintf("%.1f pictures/s", o.Rate*o.Frames))
	run.Setting("most delay, p99", fmt.Sprintf("%.0f ms", 1000*o.Delay))
	r, err := openRig(ctx, o.Options)
	if err != nil {
		return err
	}
	defer r.Close()
	var steps []step
	why := fmt.Sprintf("%d callers were enough", o.Most)
	for r.ports < o.Most {
		if err := r.grow(ctx, o); err != nil {
			if ctx.Err() != nil || len(steps) == 0 {
				return err
			}
			why = "refused: " + err.Error()
			break
		}
		s, err := r.try(ctx, o)
		if err != nil {
			return err
		}
		steps = append(steps, s)
		if s.failed != "" {
			why = s.failed
			break
		}
	}
	fillRamp(o, steps, why, run)
	return nil
}

// grow has as many more callers join as a step has.
func (r *Rig) grow(ctx context.Context, o RampOptions) error {
	n := min(o.Step, o.Most-r.ports)
	o.Told(fmt.Sprintf("%d more callers call: %d", n, r.ports+n))
	for n > 0 {
		conference, room := 0, n
		if o.Parties > 0 {
			conference = r.ports / o.Parties
			room = min(n, (conference+1)*o.Parties-r.ports)
		}
		if err := r.join(ctx, conference, room); err != nil {
			return err
		}
		n -= room
	}
	return r.awaitPictures(ctx)
}

// try measures with those who are there; what fails once is tried again.
func (r *Rig) try(ctx context.Context, o RampOptions) (s step, err error) {
	for range 2 {
		w, err := r.Measure(ctx, o.Duration)
		if err != nil {
			return s, err
		}
		s = stepOf(&w, o)
		if s.failed == "" {
			return s, nil
		}
		o.Told("too many? " + s.failed)
	}
	return s, nil
}

// loadRate is the share of its frame rate that the load must reach for a step
// to count.
const loadRate = 0.95

func stepOf(w *Window, o RampOptions) step {
	s := step{
		ports: w.ports, cpu: w.cpu(), system: w.System, lowest: w.lowestRate(), skipped: w.skipped, memory: w.resident,
		late: w.mean(func(r receiver) float64 { return r.late }) / w.mean(func(r receiver) float64 { return r.fps }),
	}
	s.p50, s.p95, s.p99 = math.NaN(), math.NaN(), math.NaN()
	if len(w.Delay) > 0 {
		s.p50, s.p95, s.p99 = load.Quantile(w.Delay, 0.5), load.Quantile(w.Delay, 0.95), load.Quantile(w.Delay, 0.99)
	}
	for _, one := range w.receivers {
		if one.over {
			s.failed = fmt.Sprintf("the call of %s ended", one.name)
			return s
		}
	}
	switch least := o.Rate * o.Frames; {
	case w.lowestSent() < loadRate*o.sent():
		s.failed = fmt.Sprintf("the load itself falls behind: a caller sends %.1f pictures/s", w.lowestSent())
	case !(s.lowest >= least): // NaN, too
		s.failed = fmt.Sprintf("a receiver has %.1f pictures/s, less than %.1f", s.lowest, least)
	case s.p99 > o.Delay:
		s.failed = fmt.Sprintf("1 %% of the pictures are delayed by %.0f ms or more, above %.0f", 1000*s.p99, 1000*o.Delay)
	}
	return s
}

// fillRamp writes down what was found.
func fillRamp(o RampOptions, steps []step, why string, run *report.Run) {
	capacity := -1
	for i, s := range steps {
		if s.failed == "" {
			capacity = i
		}
	}
	if capacity < 0 {
		run.Figure("capacity", "callers", 0)
	} else {
		s := steps[capacity]
		run.Figure("capacity", "callers", float64(s.ports))
		run.Figure("CPU of the server at capacity", "cores", s.cpu)
		run.Figure("ports per core at capacity", "", float64(s.ports)/s.cpu)
		run.Figure("CPU a port, at capacity by at the first step", "", (s.cpu/float64(s.ports))/(steps[0].cpu/float64(steps[0].ports)))
		run.Figure("delay of pictures, p99, at capacity", "ms", 1000*s.p99)
		run.Figures[0].Note = why
	}
	t := report.Table{
		Title: "Steps", Columns: []string{
			"callers", "CPU, cores", "system", "CPU a port, ms/s", "lowest pictures/s", "delay p50, ms", "p95", "p99", "late, %", "skipped/s", "memory, MB", "verdict",
		},
	}
	var ports, each, cpu, delay []float64
	for _, s := range steps {
		verdict := "holds"
		if s.failed != "" {
			verdict = s.failed
		}
		t.Row(s.ports, s.cpu, s.system, 1000*s.cpu/float64(s.ports), s.lowest, 1000*s.p50, 1000*s.p95, 1000*s.p99, 100*s.late, s.skipped,
			float64(s.memory)/1e6, verdict)
		ports, cpu, each = append(ports, float64(s.ports)), append(cpu, s.cpu), append(each, 1000*s.cpu/float64(s.ports))
		delay = append(delay, 1000*s.p99)
	}
	run.Table(t)
	run.Curve("CPU a port", "ports", "ms/s", ports, each)
	run.Curve("CPU of the server", "ports", "cores", ports, cpu)
	run.Curve("delay of pictures, p99", "ports", "ms", ports, delay)
}
