package trial

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	engineload "parley/engine/load"
)

// OverloadOptions say how many more callers call than a node holds.
type OverloadOptions struct {
	Options         // Parties: of each conference; Duration: of each phase, 0 = 20 s
	Limit   int     // percent of the processors that the node may use, 0 = 60: the load runs on the same machine
	Offer   float64 // callers who call, by callers who are admitted at first; 0 = 1.5
	Most    int     // callers at which it is given up: the node refuses nobody; 0 = 1000
}

func (o OverloadOptions) withDefaults() (OverloadOptions, error) {
	if o.Duration == 0 {
		o.Duration = 20 * time.Second
	}
	var err error
	if o.Options, err = o.Options.withDefaults(); err != nil {
		return o, err
	}
	if o.Limit == 0 {
		o.Limit = 60
	}
	if o.Offer == 0 {
		o.Offer = 1.5
	}
	if o.Most == 0 {
		o.Most = 1000
	}
	if o.Limit < 1 || o.Limit > 100 || o.Offer <= 1 || o.against() {
		return o, fmt.Errorf("%w: a node's limit of %d %%, %.2f times as many callers", ErrOptions, o.Limit, o.Offer)
	}
	o.Options.Limit = o.Limit
	return o, nil
}

// overload is a node to which too many callers come.
type overload struct {
	*Rig
	o       OverloadOptions
	seats   []int       // callers of each conference who were admitted
	called  int         // callers who called, without those who were refused too early
	refused map[int]int // calls refused, by status code
	phases  []phase
}

// phase is a stretch of time with one kind of load.
type phase struct {
	name    string
	offered int // callers who called until its end
	refused int // of these
	Window
	step engineload.Step // highest that held
}

// Overload has callers call a node until it refuses one, then as many more as
// the options say, and then half of them leave. Those who were admitted are
// watched. It adds what it found to the run.
func Overload(ctx context.Context, o OverloadOptions, run *report.Run) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	o.settings(run)
	delete(run.Settings, "conferences")
	run.Setting("duration of a phase", o.Duration)
	run.Setting("limit", fmt.Sprintf("%d %%", o.Limit))
	run.Setting("offered", fmt.Sprintf("%.2f times what is admitted at first", o.Offer))
	r, err := openRig(ctx, o.Options)
	if err != nil {
		return err
	}
	defer r.Close()
	v := &overload{Rig: r, o: o, refused: map[int]int{}}
	if err := v.fillUp(ctx); err != nil {
		return err
	}
	full := r.ports
	if err := v.phase(ctx, "full", nil); err != nil {
		return err
	}
	more := int(math.Ceil((o.Offer - 1) * float64(full)))
	begin := time.Now()
	err = v.phase(ctx, "overload", func(ctx context.Context) error {
		// All have called a second before the end.
		due := int(float64(more) * time.Since(begin).Seconds() / (o.Duration - time.Second).Seconds())
		for v.called < full+1+min(due, more) {
			if err := v.offer(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := v.halve(ctx); err != nil {
		return err
	}
	if err := v.phase(ctx, "half have left", nil); err != nil {
		return err
	}
	v.fill(full, run)
	return nil
}

// offer has one more caller call, into the last conference that is not full.
func (v *overload) offer(ctx context.Context) error {
	if len(v.seats) == 0 || v.seats[len(v.seats)-1] == v.o.Parties {
		v.seats = append(v.seats, 0)
	}
	conference := len(v.seats) - 1
	v.called++
	status, err := v.load.Offer(ctx, conference)
	if err != nil {
		return err
	}
	if status != 0 {
		v.refused[status]++
		return nil
	}
	v.seats[conference]++
	v.ports++
	return nil
}

// showing is longer than it takes until the work for a newcomer shows in what
// the node measures. Until then it reckons with the most that he may take.
const showing = 6 * time.Second

// fillUp has callers call, one after the other is sent pictures, until one is
// refused though all others' work shows.
func (v *overload) fillUp(ctx context.Context) error {
	settle := v.Rig.o.Settle
	v.Rig.o.Settle = time.Second // until his work begins to show
	for before := -1; before != v.ports; {
		if len(v.refused) > 0 {
			before = v.ports
			if err := pause(ctx, showing); err != nil {
				return err
			}
			v.called = v.ports
			clear(v.refused)
		}
		if v.ports >= v.o.Most {
			return fmt.Errorf("%w: the node refused none of %d callers", ErrOptions, v.ports)
		}
		v.o.Told(fmt.Sprintf("%d callers are in, one more calls", v.ports))
		if err := v.offer(ctx); err != nil {
			return err
		}
		if err := v.awaitPictures(ctx); err != nil {
			return err
		}
	}
	v.o.Told(fmt.Sprintf("%d callers are in, no more are admitted", v.ports))
	v.Rig.o.Settle = settle
	return pause(ctx, settle)
}

// phase watches for a while; every second meanwhile is called.
func (v *overload) phase(ctx context.Context, name string, meanwhile func(context.Context) error) error {
	p := phase{name: name}
	v.Meanwhile = func(ctx context.Context) error {
		step, err := v.step(ctx)
		if err != nil {
			return err
		}
		p.step = max(p.step, step)
		if meanwhile != nil {
			return meanwhile(ctx)
		}
		return nil
	}
	defer func() { v.Meanwhile = nil }()
	v.o.Told("phase: " + name)
	w, err := v.Measure(ctx, v.o.Duration)
	if err != nil {
		return err
	}
	p.Window, p.offered = w, v.called
	for _, n := range v.refused {
		p.refused += n
	}
	v.phases = append(v.phases, p)
	return nil
}

// step asks the node what quality it has given up.
func (v *overload) step(ctx context.Context) (engineload.Step, error) {
	m, err := v.node.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	for step := engineload.Full; step <= engineload.HalfRate; step++ {
		if m[fmt.Sprintf("parley_quality_step{step=%q}", step)] == 1 {
			return step, nil
		}
	}
	return 0, fmt.Errorf("%w: the node tells no step of quality", ErrIdle)
}

// recovery is how long a node may take to be at its best again.
const recovery = time.Minute

// halve has half of the callers leave, the last ones first, and waits until the
// node gives full quality again, or long enough.
func (v *overload) halve(ctx context.Context) error {
	v.o.Told("half of the callers leave")
	for half := v.ports / 2; v.ports > half; {
		conference := len(v.seats) - 1
		if v.seats[conference] == 0 {
			v.seats = v.seats[:conference]
			continue
		}
		if err := v.load.Leave(ctx, conference, v.seats[conference]-1); err != nil {
			return err
		}
		v.seats[conference]--
		v.ports--
	}
	for deadline := time.Now().Add(recovery); time.Now().Before(deadline); {
		step, err := v.step(ctx)
		if err != nil || step == engineload.Full {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// fill writes down what was found.
func (v *overload) fill(full int, run *report.Run) {
	over := v.phases[1]
	run.Figure("callers admitted before one was refused", "", float64(full))
	run.Figure("callers who called", "", float64(over.offered))
	run.Figure("refused", "", float64(over.refused))
	others := over.refused - v.refused[503]
	run.Target("refused otherwise than by 503", "", float64(others), 0, report.Lower)
	if frames := v.o.frames(); frames > 0 {
		run.Target("frame rate under overload, lowest receiver", "pictures/s", over.lowestRate(), 0.9*frames, report.Higher)
	} else {
		run.Figure("frame rate under overload, lowest receiver", "pictures/s", over.lowestRate())
	}
	ended, quantile := map[string]bool{}, math.NaN()
	for _, p := range v.phases {
		for _, one := range p.receivers {
			if one.over {
				ended[one.name] = true
			}
		}
	}
	if len(over.Delay) > 0 {
		quantile = 1000 * load.Quantile(over.Delay, 0.99)
	}
	run.Target("delay of pictures under overload, p99", "ms", quantile, 40, report.Lower)
	run.Target("calls that ended by themselves", "", float64(len(ended)), 0, report.Lower)
	run.Target("quality given up when half have left, steps", "", float64(v.phases[2].step), 0, report.Lower)
	t := report.Table{Title: "Phases", Columns: []string{
		"phase", "callers in", "called", "refused", "CPU, cores", "quality", "lowest pictures/s", "delay p50, ms", "p95", "p99", "late, %", "skipped/s",
	}}
	for _, p := range v.phases {
		delay := [3]float64{math.NaN(), math.NaN(), math.NaN()}
		if len(p.Delay) > 0 {
			for i, q := range [...]float64{0.5, 0.95, 0.99} {
				delay[i] = 1000 * load.Quantile(p.Delay, q)
			}
		}
		late := 100 * p.mean(func(r receiver) float64 { return r.late }) / p.mean(func(r receiver) float64 { return r.fps })
		t.Row(p.name, p.ports, p.offered, p.refused, p.cpu(), p.step.String(), p.lowestRate(), delay[0], delay[1], delay[2], late, p.skipped)
	}
	run.Table(t)
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(v.refused)) {
		answers = append(answers, fmt.Sprintf("%d: %d", status, v.refused[status]))
	}
	run.Setting("answers to those refused", strings.Join(answers, ", "))
}
