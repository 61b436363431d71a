//go:build cgo

package trial

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/bench/load"
	"parley/bench/report"
)

func TestMain(m *testing.M) {
	load.Serve()
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

var folder string

// program builds parley once, or takes the one that PARLEY_BINARY names.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("PARLEY_BINARY"); path != "" {
		return path, nil
	}
	var err error
	if folder, err = os.MkdirTemp("", "parley-trial-"); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "parley")
	return path, exec.Command("go", "build", "-o", path, "parley/cmd/parley").Run()
})

// small options: two callers of 180p who take 360p.
func small(t *testing.T) Options {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Binary: path, Parties: 2, Duration: 2 * time.Second, Settle: time.Second,
		Load: load.Plan{Width: 320, Height: 180, Bitrate: 200_000, Looks: 2, MaxBitrate: 500_000, Turn: time.Second, Seed: 1},
		Told: func(text string) { t.Log(text) },
	}
}

func TestOverload(t *testing.T) {
	run := report.New("overload", "test")
	t.Setenv("GOMAXPROCS", "1") // so that the node is full with few callers on any machine
	o := OverloadOptions{Options: small(t), Limit: 50, Most: 60}
	o.Duration = 3 * time.Second
	if err := Overload(t.Context(), o, run); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"callers admitted before one was refused", "callers who called", "refused"} {
		if f := figure(t, run, name); !(f.Value > 0) {
			t.Errorf("%s: %v", name, f.Value)
		}
	}
	for _, name := range []string{"refused otherwise than by 503", "calls that ended by themselves"} {
		if f := figure(t, run, name); f.Value != 0 {
			t.Errorf("%s: %v", name, f.Value)
		}
	}
}

func TestConference(t *testing.T) {
	run := report.New("conference", "test")
	o := small(t)
	o.Conferences = 2
	if err := Conference(t.Context(), o, run); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"CPU of the server", "ports per core", "memory a port", "frame rate, lowest receiver", "bitrate of pictures received, mean",
		"INVITE to the first complete key frame, p95", "delay of pictures, p50", "delay of pictures, p99", "pictures encoded",
		"CPU of the load", "goroutines",
	} {
		if f := figure(t, run, name); !(f.Value > 0) {
			t.Errorf("%s: %v", name, f.Value)
		}
	}
	if f := figure(t, run, "ports"); f.Value != 4 {
		t.Errorf("%v ports", f.Value)
	}
	if f := figure(t, run, "calls that ended by themselves"); f.Value != 0 {
		t.Errorf("%v calls ended", f.Value)
	}
	if _, err := run.Write(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// A rig whose callers have left is filled again, with as many.
func TestRigIsFilledAgain(t *testing.T) {
	o := small(t)
	o.Load.Probes = -1
	r, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	looks := 0
	r.Meanwhile = func(ctx context.Context) error {
		looks++
		s, err := r.Node().Status(ctx)
		if err == nil && (len(s.Conferences) != 1 || len(s.Conferences[0].Participants) != 2) {
			t.Errorf("%d conferences", len(s.Conferences))
		}
		return err
	}
	for range 2 {
		if err := r.Fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		w, err := r.Measure(t.Context(), 1500*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if list := w.Rates(); len(list) != 2 || slices.Min(list) <= 0 || w.ports != 2 {
			t.Errorf("%v pictures/s, %d ports", list, w.ports)
		}
		if failed := r.Leave(t.Context()); failed != nil {
			t.Error(failed)
		}
		if now, err := r.load.Snapshot(t.Context()); err != nil || len(now.Receivers) > 0 {
			t.Errorf("%d callers are left, %v", len(now.Receivers), err)
		}
	}
	if looks < 2 {
		t.Errorf("%d looks meanwhile", looks)
	}
}

func TestRamp(t *testing.T) {
	run := report.New("ramp", "test")
	o := RampOptions{Options: small(t), Step: 1, Most: 2, Rate: 0.01, Delay: 10}
	o.Parties = 0
	if err := Ramp(t.Context(), o, run); err != nil {
		t.Fatal(err)
	}
	if rows := run.Tables[0].Rows; len(rows) == 0 || rows[0][0] != "1" {
		t.Errorf("%v", rows)
	}
}

func TestSoak(t *testing.T) {
	run := report.New("soak", "test")
	o := SoakOptions{Options: small(t), Churn: 700 * time.Millisecond, Sample: 1500 * time.Millisecond}
	o.Duration = 5 * time.Second
	o.Load.Network = load.Network{Loss: 0.02, Burst: 2, Jitter: 10 * time.Millisecond, Reorder: 0.01, Duplicate: 0.01}
	if err := Soak(t.Context(), o, run); err != nil {
		t.Fatal(err)
	}
	if f := figure(t, run, "leaves"); f.Value < 1 {
		t.Errorf("%v left", f.Value)
	}
	for _, row := range run.Tables[0].Rows {
		if row[0] == "calls" && row[len(row)-1] != "0" {
			t.Errorf("calls: %v", row)
		}
	}
}
