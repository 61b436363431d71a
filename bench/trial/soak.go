package trial

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/subject"
)

// SoakOptions say what happens while a server is watched for leaks.
type SoakOptions struct {
	Options               // Duration: 0 = an hour
	Churn   time.Duration // between two changes: one leaves and another joins; 0 = 5 s
	Sample  time.Duration // between two looks; 0 = a hundredth of the duration, 2 s to 30 s
}

func (o SoakOptions) withDefaults() (SoakOptions, error) {
	if o.Duration == 0 {
		o.Duration = time.Hour
	}
	var err error
	if o.Options, err = o.Options.withDefaults(); err != nil {
		return o, err
	}
	if o.Churn == 0 {
		o.Churn = 5 * time.Second
	}
	if o.Sample == 0 {
		o.Sample = min(max(o.Duration/100, 2*time.Second), 30*time.Second)
	}
	if o.Churn < 100*time.Millisecond || o.Sample < 100*time.Millisecond {
		return o, fmt.Errorf("%w: a change every %v, a look every %v", ErrOptions, o.Churn, o.Sample)
	}
	return o, nil
}

// soak is a server that is watched.
type soak struct {
	*Rig
	o       SoakOptions
	random  *rand.Rand
	begin   time.Time
	samples []sample
	last    load.Snapshot
	used    subject.Usage
	delay   []float64 // seconds
	looked  int       // of these: known at the last look
	joins   int
	leaves  int
	faults  []string // what went wrong, and when; the first faultsKept
	wrong   int      // how often
}

// sample is what a look at the server found. What cannot be known is NaN.
type sample struct {
	at                                               float64 // seconds since the start
	cpu, resident, heap, goroutines, sockets, calls  float64
	encoders, decoders, lowest, delay, lost, damaged float64
}

// String tells what is known.
func (x sample) String() string {
	text := ""
	for _, v := range []struct {
		value  float64
		format string
	}{
		{x.resident, "%.0f MB, "},
		{x.cpu, "%.2f cores, "},
		{x.goroutines, "%.0f goroutines, "},
		{x.sockets, "%.0f sockets, "},
		{x.calls, "%.0f calls, "},
		{x.lowest, "lowest %.1f pictures/s, "},
		{x.delay, "delay p99 %.0f ms, "},
	} {
		if !math.IsNaN(v.value) {
			text += fmt.Sprintf(v.format, v.value)
		}
	}
	return text
}

// Soak has callers join and leave, talk in turns and lose packets for hours,
// and watches the server for leaks, drift and stuck calls. It adds what it
// found to the run, a verdict first.
func Soak(ctx context.Context, o SoakOptions, run *report.Run) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	o.settings(run)
	run.Setting("duration", o.Duration)
	run.Setting("a change every", o.Churn)
	r, err := openRig(ctx, o.Options)
	if err != nil {
		return err
	}
	defer r.Close()
	s := &soak{Rig: r, o: o, random: rand.New(rand.NewPCG(o.Load.Seed, 77))}
	before, err := s.look(ctx)
	if err != nil {
		return err
	}
	if err := r.Fill(ctx); err != nil {
		return err
	}
	if err := s.watch(ctx); err != nil {
		return err
	}
	after, err := s.empty(ctx)
	if err != nil {
		return err
	}
	s.fill(before, after, run)
	return nil
}

// watch changes and looks until the time is over.
func (s *soak) watch(ctx context.Context) error {
	s.begin = time.Now()
	churn, look, end := time.NewTicker(s.o.Churn), time.NewTicker(s.o.Sample), time.NewTimer(s.o.Duration)
	defer churn.Stop()
	defer look.Stop()
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return nil
		case <-churn.C:
			if err := s.change(ctx); err != nil {
				return err
			}
		case <-look.C:
			one, err := s.look(ctx)
			if err != nil {
				return err
			}
			s.samples = append(s.samples, one)
			s.o.Told(fmt.Sprintf("%5.0f of %.0f s  %v%d faults", one.at, s.o.Duration.Seconds(), one, s.wrong))
		}
	}
}

// change has one caller leave and one join the same conference. Whose call has
// ended by itself goes first.
func (s *soak) change(ctx context.Context) error {
	now, err := s.load.Snapshot(ctx)
	if err != nil {
		return err
	}
	s.found(now)
	if len(now.Receivers) == 0 {
		return fmt.Errorf("%w: nobody is left", ErrIdle)
	}
	leaving := now.Receivers[s.random.IntN(len(now.Receivers))]
	for _, one := range now.Receivers {
		if one.Over {
			leaving = one
			s.fault("the call of %s ended by itself", one.Name)
			break
		}
	}
	if err := s.load.Leave(ctx, leaving.Conference, leaving.Index); err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.fault("%s could not hang up: %v", leaving.Name, err)
	}
	s.leaves++
	if err := s.load.Join(ctx, leaving.Conference, 1); err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.fault("%v", err)
		return nil
	}
	s.joins++
	return nil
}

// faultsKept bounds the list of what went wrong; all are counted.
const faultsKept = 1000

func (s *soak) fault(format string, args ...any) {
	text := fmt.Sprintf("%.0f s: ", time.Since(s.begin).Seconds()) + fmt.Sprintf(format, args...)
	s.o.Told(text)
	s.wrong++
	if len(s.faults) < faultsKept {
		s.faults = append(s.faults, text)
	}
}

// found takes what the probes found.
func (s *soak) found(now load.Snapshot) {
	for _, f := range now.Findings {
		s.delay = append(s.delay, f.Delay...)
	}
}

// look finds out how the server is, and whether every call lives.
func (s *soak) look(ctx context.Context) (sample, error) {
	nan := math.NaN()
	one := sample{
		cpu: nan, resident: nan, heap: nan, goroutines: nan, sockets: nan, calls: nan, encoders: nan, decoders: nan, lowest: nan, delay: nan,
	}
	now, err := s.load.Snapshot(ctx)
	if err != nil {
		return one, err
	}
	s.found(now)
	if !s.begin.IsZero() {
		one.at = now.At.Sub(s.begin).Seconds()
	}
	if lowest, ok := slowest(s.last, now); ok {
		one.lowest = lowest
	}
	if fresh := slices.Clone(s.delay[s.looked:]); len(fresh) > 0 {
		one.delay = 1000 * load.Quantile(fresh, 0.99)
	}
	s.looked = len(s.delay)
	s.alive(now, &one)
	s.last = now
	if s.pid != 0 {
		u, err := subject.UsageOf(s.pid)
		if err != nil {
			return one, err
		}
		_, sockets, err := subject.Descriptors(s.pid)
		if err != nil {
			return one, err
		}
		one.cpu, one.resident, one.sockets = s.cpuSince(u), float64(u.Resident)/1e6, float64(sockets)
	}
	if s.node == nil {
		return one, nil
	}
	m, err := s.node.Metrics(ctx)
	if err != nil {
		return one, err
	}
	one.heap, one.goroutines, one.calls = m["go_memstats_heap_inuse_bytes"]/1e6, m["go_goroutines"], m["parley_participants"]
	one.encoders, one.decoders = m["parley_encoders"], m["parley_decoders"]
	return one, nil
}

// cpuSince returns the processor time of the server since the last look.
func (s *soak) cpuSince(u subject.Usage) float64 {
	before := s.used
	s.used = u
	if before.At.IsZero() {
		return math.NaN()
	}
	return (u.CPU() - before.CPU()) / u.At.Sub(before.At).Seconds()
}

// alive notes the calls that were sent nothing since the last look.
func (s *soak) alive(now load.Snapshot, one *sample) {
	if s.last.At.IsZero() || now.At.Sub(s.last.At) < time.Second {
		return
	}
	for _, b := range now.Receivers {
		a, ok := s.last.Find(b.Call)
		if !ok || b.Over {
			continue
		}
		one.lost += float64(b.VideoLost - a.VideoLost)
		one.damaged += float64(b.Damaged - a.Damaged)
		switch {
		case b.Frames == a.Frames:
			s.fault("%s is sent no pictures", b.Name)
		case b.AudioPackets == a.AudioPackets:
			s.fault("%s is sent no sound", b.Name)
		}
	}
}

// emptyPatience is how long a server may take to forget its calls.
const emptyPatience = 20 * time.Second

// empty has everybody hang up and looks what is left of them.
func (s *soak) empty(ctx context.Context) (sample, error) {
	s.o.Told("everybody hangs up")
	now, err := s.load.Snapshot(ctx)
	if err != nil {
		return sample{}, err
	}
	s.found(now)
	for _, err := range s.Leave(ctx) {
		if ctx.Err() != nil {
			return sample{}, err
		}
		s.fault("%v", err)
	}
	deadline := time.Now().Add(emptyPatience)
	for {
		one, err := s.look(ctx)
		if err != nil || s.node == nil || time.Now().After(deadline) || one.calls == 0 && one.encoders == 0 && one.decoders == 0 {
			return one, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return one, err
		}
	}
}
