package load

import (
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// saves is what is left of a load at each step, roughly as measured.
var saves = [...]float64{Full: 1, Thumbnails: 0.92, OwnShown: 0.82, HalfRate: 0.49}

// govern runs a governor on an offered load, twice a second.
func govern(g *Governor, now *time.Time, seconds int, offered float64) (step Step, changes int) {
	step = g.step
	for range 2 * seconds {
		*now = now.Add(time.Second / 2)
		usage := offered * saves[step]
		r := Reading{Usage: min(usage, 1), Skipped: max(0, usage-1)}
		if s := g.Read(*now, r); s != step {
			step = s
			changes++
		}
	}
	return step, changes
}

func TestGovernorSheds(t *testing.T) {
	for _, c := range []struct {
		offered float64
		want    Step
	}{{0.5, Full}, {0.87, Full}, {0.95, Thumbnails}, {1.05, OwnShown}, {1.12, OwnShown}, {1.3, HalfRate}} {
		g := Governor{Limit: 0.9}
		now := epoch
		if step, changes := govern(&g, &now, 10, c.offered); step != c.want || changes != int(c.want) {
			t.Errorf("%v offered: %v after %d changes, want %v", c.offered, step, changes, c.want)
		}
	}
}

func TestGovernorReturns(t *testing.T) {
	g := Governor{Limit: 0.9}
	now := epoch
	govern(&g, &now, 10, 1.5)
	if step, _ := govern(&g, &now, 5, 0.3); step != HalfRate {
		t.Errorf("%v after five quiet seconds: that is too soon", step)
	}
	if step, changes := govern(&g, &now, 60, 0.3); step != Full || changes != int(HalfRate) {
		t.Errorf("%v after a quiet minute, %d changes", step, changes)
	}
}

// A load for which neither of two steps is right must not make it swing.
func TestGovernorDoesNotSwing(t *testing.T) {
	for _, offered := range []float64{0.95, 1.0, 1.1, 1.2, 1.3, 1.45, 2} {
		g := Governor{Limit: 0.9}
		now := epoch
		govern(&g, &now, 30, offered)
		if _, changes := govern(&g, &now, 1800, offered); changes > 12 {
			t.Errorf("%v offered: %d changes in half an hour", offered, changes)
		}
	}
}

// Pictures and jobs that are late are overload, whoever has the processors; a
// few of one moment are not.
func TestLateIsOverload(t *testing.T) {
	for what, r := range map[string]Reading{"pictures": {Usage: 0.4, Skipped: 0.1}, "jobs": {Usage: 0.4, Wait: 20 * time.Millisecond}} {
		g := Governor{Limit: 0.9}
		now := epoch
		read := func(r Reading) Step {
			now = now.Add(2 * time.Second)
			return g.Read(now, r)
		}
		for range 10 {
			if once, fine := read(r), read(Reading{Usage: 0.4, Skipped: 0.01, Wait: 5 * time.Millisecond}); once != Full || fine != Full {
				t.Fatalf("%s late for a moment: %v, %v", what, once, fine)
			}
		}
		read(r)
		if step := read(r); step != Thumbnails {
			t.Errorf("%s late for a second: %v", what, step)
		}
	}
}

// The frame rate is halved only where about as many pictures are lost without.
func TestHalfRateIsTheGreaterEvil(t *testing.T) {
	for r, want := range map[Reading]Step{
		{Usage: 0.8, Skipped: 0.1}:                OwnShown,
		{Usage: 0.8, Skipped: 0.3}:                HalfRate,
		{Usage: 0.8, Wait: 20 * time.Millisecond}: OwnShown,
		{Usage: 0.8, Wait: 40 * time.Millisecond}: HalfRate,
	} {
		g := Governor{Limit: 0.9}
		now, step := epoch, Full
		for range 40 {
			now = now.Add(time.Second)
			step = g.Read(now, r)
		}
		if step != want {
			t.Errorf("%+v: %v, want %v", r, step, want)
		}
	}
}

// Quality that fell again and again is back within a minute once hardly anybody
// is left.
func TestQualityReturns(t *testing.T) {
	g := Governor{Limit: 0.9, step: HalfRate, patience: patienceMost}
	now, step := epoch, Full
	for range 60 {
		now = now.Add(time.Second)
		step = g.Read(now, Reading{Usage: 0.1})
	}
	if step != Full {
		t.Errorf("%v after a minute", step)
	}
}

// A node that is full, and gives up all that is given up for newcomers, keeps
// the frame rate of those it has: what is measured wavers around the limit.
func TestFullNodeKeepsFrameRate(t *testing.T) {
	for _, limit := range []float64{0.5, 0.8, 0.9} {
		g := Governor{Limit: limit, step: OwnShown}
		now := epoch
		for n := range 600 {
			now = now.Add(time.Second / 2)
			usage := limit - 0.015 + 0.03*float64(n%2)
			if step := g.Read(now, Reading{Usage: usage}); step != OwnShown {
				t.Fatalf("limit %v, reading %d: %v", limit, n, step)
			}
		}
		now = now.Add(time.Second / 2)
		if step := g.Read(now, Reading{Usage: 0.98}); step != HalfRate {
			t.Errorf("limit %v, with hardly anything left: %v", limit, step)
		}
	}
}

// The limit is that of the configuration, whatever the machine could do.
func TestGovernorKeepsTheLimit(t *testing.T) {
	for _, c := range []struct {
		limit, usage float64
		want         Step
	}{
		{0.9, 0.87, Full},
		{0.9, 0.89, OwnShown},
		{0.5, 0.47, Full},
		{0.5, 0.6, OwnShown},
		{0.5, 0.75, HalfRate},
		{1, 0.97, Full},
		{1, 0.99, OwnShown},
		{0, 1, Full},
	} {
		g := Governor{Limit: c.limit}
		now, step := epoch, Full
		for range 40 {
			now = now.Add(time.Second / 2)
			step = g.Read(now, Reading{Usage: c.usage})
		}
		if step != c.want {
			t.Errorf("limit %v, %v in use: %v, want %v", c.limit, c.usage, step, c.want)
		}
	}
	g := Governor{}
	for n := range 10 {
		if step := g.Read(epoch.Add(time.Duration(n)*time.Second), Reading{Usage: 1, Skipped: 1, Wait: time.Hour}); step != Full {
			t.Errorf("without a limit: %v", step)
		}
	}
}

func TestStepsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for s := Full; s <= HalfRate; s++ {
		if seen[s.String()] {
			t.Errorf("%v twice", s)
		}
		seen[s.String()] = true
	}
}
