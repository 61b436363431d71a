package engine

import (
	"testing"
	"time"

	"parley/engine/load"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestAdaptationFallsAndRises(t *testing.T) {
	now := epoch
	a := newAdaptation(levelLimits[31], 0, now)
	best := a.rung
	steps := func(seconds int, loss float64) (moves int) {
		for range seconds {
			now = now.Add(time.Second)
			if a.report(loss, now) {
				moves++
			}
		}
		return moves
	}
	if steps(60, 0.05) != 0 {
		t.Error("five percent, which NACK repairs, must not lower the quality")
	}
	if steps(10, 0.3) == 0 || a.rung == best {
		t.Fatal("thirty percent must lower it")
	}
	low := a.rung
	if steps(5, 0) != 0 {
		t.Error("must not rise before it has been clean for long")
	}
	if steps(600, 0) == 0 || a.rung >= low {
		t.Error("must rise when clean")
	}
	if a.rung != best {
		t.Errorf("rung %d after ten clean minutes, want %d", a.rung, best)
	}
	if steps(600, 0); a.rung < best {
		t.Error("must never rise above what was declared")
	}
}

// On a network that carries one rung and not the next, the steps up must become rare.
func TestAdaptationDoesNotSwing(t *testing.T) {
	now := epoch
	a := newAdaptation(levelLimits[31], 0, now)
	good := a.rung + 1
	moves := 0
	for range 1800 {
		now = now.Add(time.Second)
		loss := 0.0
		if a.rung < good {
			loss = 0.4
		}
		if a.report(loss, now) {
			moves++
		}
	}
	if moves > 40 {
		t.Errorf("%d moves in half an hour", moves)
	}
}

func TestAdaptationHonoursRequestedBitrate(t *testing.T) {
	a := newAdaptation(levelLimits[31], 0, epoch)
	if !a.request(500_000, epoch) || ladder[a.rung].Bitrate > 500_000 {
		t.Errorf("rung of %d bit/s after a request for 500000", ladder[a.rung].Bitrate)
	}
	if a.request(600_000, epoch) {
		t.Error("a higher ceiling alone must not raise the rung at once")
	}
	low := a.rung
	now := epoch
	for range 120 {
		now = now.Add(time.Second)
		a.report(0, now)
	}
	if a.rung != low {
		t.Errorf("rose to %d bit/s above the ceiling of 600000", ladder[a.rung].Bitrate)
	}
}

func TestStrugglingReceiverGetsHisOwn(t *testing.T) {
	now := epoch
	a := newAdaptation(levelLimits[31], 0, now)
	for i := range keyFramesStrain {
		if changed := a.keyFrame(now); changed != (i == keyFramesStrain-1) {
			t.Fatalf("request %d: changed %v", i, changed)
		}
		now = now.Add(time.Second)
	}
	for range 3 {
		now = now.Add(keyFrameWindow)
		if a.calm(now) {
			break
		}
	}
	if a.struggling {
		t.Error("still struggling after quiet windows")
	}
}

func TestOwnModeFollowsLoad(t *testing.T) {
	for _, c := range []struct {
		configured OwnThumbnail
		calm, full OwnThumbnail
	}{{OwnHidden, OwnHidden, OwnHidden}, {OwnShown, OwnShown, OwnShown}, {OwnAuto, OwnHidden, OwnShown}, {"", OwnHidden, OwnShown}} {
		var o ownMode
		o.start(c.configured)
		if o.follow(load.Full); o.now != c.calm {
			t.Errorf("%q with room: %q", c.configured, o.now)
		}
		if changed := o.follow(load.HalfRate); o.now != c.full || changed != (c.calm != c.full) {
			t.Errorf("%q at capacity: %q, changed: %v", c.configured, o.now, changed)
		}
		if o.follow(load.Thumbnails); o.now != c.calm {
			t.Errorf("%q with room again: %q", c.configured, o.now)
		}
	}
}

func TestLowRequestKeepsTheLowestRung(t *testing.T) {
	a := newAdaptation(levelLimits[31], 0, epoch)
	a.request(1, epoch)
	if a.rung != len(ladder)-1 {
		t.Fatalf("rung %d after a request for 1 bit/s", a.rung)
	}
	a.request(2_000_000, epoch)
	now := epoch
	for range 900 {
		now = now.Add(time.Second)
		a.report(0, now)
	}
	if a.rung != a.limits.bestRung(0) {
		t.Errorf("rung %d a quarter of an hour after the request was raised", a.rung)
	}
}

func TestVideoTimeRunsForDays(t *testing.T) {
	for _, hours := range []int{1, 28, 29, 1000, 24 * 365} {
		d := time.Duration(hours) * time.Hour
		if step := videoTime(d+time.Second/30) - videoTime(d); step < 2999 || step > 3001 {
			t.Errorf("after %d h a frame is %d units", hours, step)
		}
	}
}

// In another conference the best rung is another; a receiver on a bad network
// stays where his network had him.
func TestAdaptationElsewhere(t *testing.T) {
	small, large := 448, 1080
	low := levelLimits[31].bestRung(small)
	for _, test := range []struct {
		what     string
		from, to int
		loss     bool
		ceiling  int
		want     int // rung
	}{
		{"well, to larger pictures", small, large, false, 0, levelLimits[31].bestRung(large)},
		{"well, to smaller ones", large, small, false, 0, low},
		{"limited, to larger ones", small, large, false, 450_000, low},
		{"lossy, to larger ones", small, large, true, 0, low + 1},
		{"lossy, to smaller ones", large, small, true, 0, low},
	} {
		a := newAdaptation(levelLimits[31], test.from, epoch)
		if test.ceiling > 0 {
			a.request(test.ceiling, epoch)
		}
		for now := epoch; test.loss && a.rung == a.best(); now = now.Add(time.Second) {
			a.report(0.3, now)
		}
		if got := a.elsewhere(levelLimits[31], test.to, epoch); got.rung != test.want {
			t.Errorf("%s: rung %d, want %d", test.what, got.rung, test.want)
		}
	}
}
