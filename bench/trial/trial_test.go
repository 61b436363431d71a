package trial

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/subject"
	"parley/config"
)

func figure(t *testing.T, run *report.Run, name string) report.Figure {
	t.Helper()
	for _, f := range run.Figures {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no figure %q", name)
	return report.Figure{}
}

func TestOptions(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil || o.Parties != 8 || o.Conferences != 1 || o.Load.Probes != 1 || o.OwnThumbnail != config.Hidden || o.Binary == "" {
		t.Errorf("%+v, %v", o, err)
	}
	if o, _ = (Options{Load: load.Plan{Probes: -1}}).withDefaults(); o.Load.Probes != 0 {
		t.Errorf("%d probes, want none", o.Load.Probes)
	}
	for _, bad := range []Options{{Parties: -1}, {Conferences: -1}, {Duration: time.Millisecond}} {
		if _, err := bad.withDefaults(); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, test := range []struct {
		o    Options
		want float64
	}{
		{Options{Parties: 8, OwnThumbnail: config.Hidden}, 12},
		{Options{Parties: 8, OwnThumbnail: config.Shown}, 16},
		{Options{Parties: 100, OwnThumbnail: config.Hidden}, 85},
		{Options{Parties: 100, OwnThumbnail: config.Shown}, 100},
		{Options{Parties: 9}, 0},
		{Options{Parties: 8, Load: load.Plan{Width: 640, Height: 360}}, 0},
		{Options{Parties: 8, Load: load.Plan{FPS: 15}}, 0},
		{Options{Parties: 8, Load: load.Plan{MaxBitrate: 1_000_000}}, 12},
		{Options{Parties: 8, Load: load.Plan{MaxBitrate: 999_999}}, 0},
		{Options{Parties: 100, MaxQuality: config.SD}, 0},
		{Options{Parties: 8, URIs: []string{"sip:a@b"}}, 0},
	} {
		if v := test.o.portsPerCore(); v != test.want {
			t.Errorf("%+v: %v, want %v", test.o, v, test.want)
		}
	}
}

// A server that leaves out pictures is cheap, but that is no capacity.
func TestInvalid(t *testing.T) {
	for _, test := range []struct {
		name string
		one  receiver
		plan load.Plan
		want string
	}{
		{"good", receiver{fps: 29, sent: 30}, load.Plan{}, ""},
		{"slow", receiver{fps: 20, sent: 30}, load.Plan{}, "a receiver had 20.0"},
		{"he takes little", receiver{fps: 15, sent: 30}, load.Plan{MaxBitrate: 200_000}, ""},
		{"he takes little and has less", receiver{fps: 13, sent: 30}, load.Plan{MaxBitrate: 200_000}, "a receiver had 13.0"},
		{"he takes 360p30 and has less", receiver{fps: 15, sent: 30}, load.Plan{MaxBitrate: 450_000}, "a receiver had 15.0"},
		{"load of those who take little", receiver{fps: 15, sent: 25}, load.Plan{MaxBitrate: 200_000}, "could send 25.0"},
		{"slow cameras", receiver{fps: 15, sent: 15}, load.Plan{FPS: 15}, ""},
		{"load", receiver{fps: 30, sent: 25}, load.Plan{}, "could send 25.0"},
	} {
		got := Options{Load: test.plan}.invalid(&Window{receivers: []receiver{test.one}})
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	run := report.New("conference", "test")
	r := Rig{o: Options{Parties: 8, OwnThumbnail: config.Hidden}, pid: 1}
	r.cost(&Window{User: 0.3, ports: 8, receivers: []receiver{{fps: 10, sent: 30}}}, run)
	if f := figure(t, run, "ports per core"); f.Limit != nil || f.Note == "" {
		t.Errorf("%+v", f)
	}
}

// What receivers are to have follows from what they take and what is sent.
func TestFramesToHave(t *testing.T) {
	for _, test := range []struct {
		o    Options
		want float64
	}{
		{Options{}, 30},
		{Options{Load: load.Plan{FPS: 15}}, 15},
		{Options{Load: load.Plan{FPS: 60}}, 30},
		{Options{Load: load.Plan{MaxBitrate: 450_000}}, 30},
		{Options{Load: load.Plan{MaxBitrate: 449_999}}, 15},
		{Options{Load: load.Plan{MaxBitrate: 100_000, FPS: 10}}, 10},
		{Options{Load: load.Plan{Level: 22}}, 15},
		{Options{Load: load.Plan{MaxBitrate: 1000}}, 0},
		{Options{URIs: []string{"sip:a@b"}}, 30},
		{Options{URIs: []string{"sip:a@b"}, Load: load.Plan{MaxBitrate: 450_000}}, 0},
	} {
		if v := test.o.frames(); v != test.want {
			t.Errorf("%+v: %v, want %v", test.o, v, test.want)
		}
		o, err := RampOptions{Options: test.o}.withDefaults()
		if err != nil || o.Frames != test.want {
			t.Errorf("%+v: a ramp wants %v, not %v; %v", test.o, o.Frames, test.want, err)
		}
	}
}

func TestWindowCompares(t *testing.T) {
	begin := time.Unix(1000, 0)
	before := load.Snapshot{At: begin, Receivers: []load.Receiver{
		{Call: 1, Name: "a", Frames: 100, Bits: 1e6, Sent: 10}, {Call: 2, Name: "b", Frames: 50}, {Call: 3, Name: "left"},
	}}
	after := load.Snapshot{At: begin.Add(10 * time.Second), Receivers: []load.Receiver{
		{Call: 1, Name: "a", Frames: 400, Bits: 16e6, Sent: 310, Late: 20},
		{Call: 2, Name: "b", Frames: 300, Over: true},
		{Call: 4, Conference: 1, Name: "came", Frames: 5},
	}}
	w := Window{Seconds: 10}
	w.compare(before, after)
	if len(w.receivers) != 2 || w.ports != 3 {
		t.Fatalf("%d receivers, %d ports", len(w.receivers), w.ports)
	}
	if a := w.receivers[0]; a.fps != 30 || a.bitrate != 1.5e6 || a.sent != 30 || a.late != 2 {
		t.Errorf("%+v", a)
	}
	if w.lowestRate() != 25 || w.lowestSent() != 0 || !w.receivers[1].over {
		t.Errorf("lowest %v, sent %v", w.lowestRate(), w.lowestSent())
	}
	if v, ok := slowest(before, after); !ok || v != 25 {
		t.Errorf("slowest %v, %v", v, ok)
	}
	if _, ok := slowest(load.Snapshot{}, after); ok {
		t.Error("a rate of nothing")
	}
	if !math.IsNaN((&Window{}).lowestRate()) {
		t.Error("a rate of nobody")
	}
}

func TestRates(t *testing.T) {
	w := Window{receivers: []receiver{{conference: 1, fps: 30}, {who: 2, fps: 20}, {who: 1, fps: 10}}}
	if got := w.Rates(); !slices.Equal(got, []float64{10, 20, 30}) {
		t.Errorf("%v", got)
	}
}

func TestWindowOfTheRuntime(t *testing.T) {
	before := subject.Metrics{"parley_video_frames_total": 100, "go_memstats_mallocs_total": 5000, `parley_stage_seconds_total{stage="decode"}`: 1}
	after := subject.Metrics{
		"parley_video_frames_total": 400, "go_memstats_mallocs_total": 8100, "go_gc_duration_seconds_count": 5,
		`go_gc_duration_seconds{quantile="1"}`: 0.002, `parley_stage_seconds_total{stage="decode"}`: 3,
	}
	w := Window{Seconds: 10}
	w.runtime(before, after, subject.Metrics{"go_memstats_mallocs_total": 100})
	if w.encoded != 30 || w.allocations != 10 || w.collections != 0.5 || w.longestPause != 0.002 || w.stages["decode"] != 0.2 {
		t.Errorf("%+v", w)
	}
}

func TestSteps(t *testing.T) {
	o, err := RampOptions{}.withDefaults()
	if err != nil || o.Parties != 0 || o.Frames != 30 || o.Delay != 0.040 || o.Step != 4 || o.Duration != 10*time.Second {
		t.Fatalf("%+v, %v", o, err)
	}
	good := receiver{name: "a", fps: 29.5, sent: 30}
	for _, test := range []struct {
		name  string
		w     Window
		wrong string
	}{
		{"good", Window{receivers: []receiver{good, good}, Findings: load.Findings{Delay: []float64{0.01, 0.02}}}, ""},
		{"no probes", Window{receivers: []receiver{good}}, ""},
		{"slow", Window{receivers: []receiver{good, {fps: 26, sent: 30}}}, "26.0 pictures/s"},
		{"delayed", Window{receivers: []receiver{good}, Findings: load.Findings{Delay: []float64{0.1, 0.1}}}, "delayed by 100 ms"},
		{"ended", Window{receivers: []receiver{good, {name: "b", fps: 30, sent: 30, over: true}}}, "call of b ended"},
		{"load", Window{receivers: []receiver{good, {fps: 20, sent: 20}}}, "load itself"},
		{"nobody", Window{}, "pictures/s"},
	} {
		if s := stepOf(&test.w, o); (s.failed == "") != (test.wrong == "") || !strings.Contains(s.failed, test.wrong) {
			t.Errorf("%s: %q, want %q", test.name, s.failed, test.wrong)
		}
	}
}

func TestRampReport(t *testing.T) {
	run := report.New("ramp", "test")
	steps := []step{
		{ports: 8, cpu: 0.8, lowest: 30, p99: 0.02},
		{ports: 16, cpu: 1.5, lowest: 29, p99: 0.03},
		{ports: 24, cpu: 1.9, lowest: 20, p99: 0.2, failed: "too slow"},
	}
	fillRamp(RampOptions{}, steps, "too slow", run)
	if f := figure(t, run, "capacity"); f.Value != 16 || f.Note != "too slow" {
		t.Errorf("%+v", f)
	}
	if f := figure(t, run, "CPU a port, at capacity by at the first step"); math.Abs(f.Value-0.9375) > 1e-9 {
		t.Errorf("%+v", f)
	}
	if len(run.Tables) != 1 || len(run.Tables[0].Rows) != 3 || len(run.Curves) != 3 || len(run.Curves[0].X) != 3 {
		t.Errorf("%d tables, %d curves", len(run.Tables), len(run.Curves))
	}
	run = report.New("ramp", "test")
	fillRamp(RampOptions{}, steps[2:], "too slow", run)
	if f := figure(t, run, "capacity"); f.Value != 0 {
		t.Errorf("%+v", f)
	}
}

func TestVerdict(t *testing.T) {
	steady := func(change func(i int, x *sample)) *soak {
		s := &soak{Rig: &Rig{}}
		for i := range 40 {
			x := sample{at: float64(i), resident: 200, heap: 40, goroutines: 60, sockets: 30, calls: 8}
			if i < 10 {
				x.resident = 100 + 10*float64(i) // it settles
			}
			if change != nil {
				change(i, &x)
			}
			s.samples = append(s.samples, x)
		}
		return s
	}
	empty := sample{goroutines: 15, sockets: 3, resident: 50}
	for _, test := range []struct {
		name   string
		s      *soak
		after  sample
		faults []string
		want   string
	}{
		{"all is well", steady(nil), empty, nil, ""},
		{"single peaks", steady(func(i int, x *sample) {
			if i == 35 {
				x.resident, x.goroutines = 900, 500
			}
		}), empty, nil, ""},
		{"memory", steady(func(i int, x *sample) { x.resident += 5 * float64(i) }), empty, nil, "memory, MB grow"},
		{"goroutines", steady(func(i int, x *sample) { x.goroutines += float64(i) }), empty, nil, "goroutines grow"},
		{"sockets", steady(func(i int, x *sample) { x.sockets += float64(i) }), empty, nil, "sockets grow"},
		{"stuck call", steady(func(i int, x *sample) { x.calls += float64(i / 20) }), empty, nil, "calls grow from 8 to 9"},
		{"left over", steady(nil), sample{goroutines: 15, sockets: 3, calls: 1, decoders: 2}, nil, "1 calls are left"},
		{"sockets left", steady(nil), sample{goroutines: 15, sockets: 40}, nil, "40 sockets are left"},
		{"faults", steady(nil), empty, []string{"x"}, "1 faults"},
		{"unknown", steady(func(_ int, x *sample) { x.heap, x.goroutines, x.calls = math.NaN(), math.NaN(), math.NaN() }), empty, nil, ""},
	} {
		test.s.faults, test.s.wrong = test.faults, len(test.faults)
		wrong := strings.Join(test.s.verdict(empty, test.after), "; ")
		if (wrong == "") != (test.want == "") || !strings.Contains(wrong, test.want) {
			t.Errorf("%s: %q, want %q", test.name, wrong, test.want)
		}
	}
}

func TestDriftOfFew(t *testing.T) {
	for n := range 6 {
		values := make([]float64, n)
		early, late := drift(values)
		if grows(early, late, 0, 0) {
			t.Errorf("%d values: from %v to %v", n, early, late)
		}
	}
}

func TestCallsThatAreSentNothing(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := &soak{Rig: &Rig{}, o: SoakOptions{Options: Options{Told: func(string) {}}}, begin: time.Now()}
	s.last = load.Snapshot{At: begin, Receivers: []load.Receiver{
		{Call: 1, Name: "a", Frames: 10, AudioPackets: 10},
		{Call: 2, Name: "b", Frames: 10, AudioPackets: 10},
		{Call: 3, Name: "c", Frames: 10, AudioPackets: 10},
		{Call: 4, Name: "d", Frames: 10, AudioPackets: 10},
	}}
	now := load.Snapshot{At: begin.Add(2 * time.Second), Receivers: []load.Receiver{
		{Call: 1, Name: "a", Frames: 70, AudioPackets: 110, VideoLost: 3},
		{Call: 2, Name: "b", Frames: 10, AudioPackets: 110},
		{Call: 3, Name: "c", Frames: 70, AudioPackets: 10},
		{Call: 5, Name: "new", Frames: 0},
	}}
	var one sample
	s.alive(now, &one)
	text := strings.Join(s.faults, "\n")
	if len(s.faults) != 2 || !strings.Contains(text, "b is sent no pictures") || !strings.Contains(text, "c is sent no sound") || one.lost != 3 {
		t.Errorf("%q, %v lost", text, one.lost)
	}
}
