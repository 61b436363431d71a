package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parley/engine/load"
)

// What one more would be is told by who is there and what they are sent.
func TestDescribeWhoWantsToJoin(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("costs", OwnHidden)
	asks := func(level int) LegConfig {
		limits := levelLimits[level]
		limits.PacketizationMode = 1
		return LegConfig{Video: &VideoConfig{Send: true, Receive: true, Limits: limits}}
	}
	hd := load.Video{Width: 1280, Height: 720, FPS: 30}
	first := cfg.describe(nil, asks(31))
	if want := (load.Join{OnStage: 8, Sends: hd, Takes: hd, OwnHidden: true, Thumbnail: 128.0 / 720}); first != want {
		t.Errorf("the first: %+v, want %+v", first, want)
	}
	p := join(t, e, cfg, 0)
	defer p.close()
	c := e.Conference("costs") // which has not composed yet: many may come between two ticks
	for _, test := range []struct {
		level  int
		shares bool
		height int
		strip  float64
	}{{31, true, 720, 128.0 / 720}, {40, false, 1080, 184.0 / 1080}, {30, false, 360, 1}} {
		j := cfg.describe(c, asks(test.level))
		if j.Parties != 1 || j.Shares != test.shares || j.Takes.Height != test.height || j.Thumbnail != test.strip {
			t.Errorf("level %d: %+v", test.level, j)
		}
	}
	p.leg.video.Load().bitrateRequested(500_000) // his network is bad: no newcomer begins there
	if j := cfg.describe(c, asks(31)); j.Shares {
		t.Errorf("shared with one on a lower rung: %+v", j)
	}
	if j := cfg.describe(c, LegConfig{}); j.Sends != (load.Video{}) || j.Takes != (load.Video{}) {
		t.Errorf("one without pictures: %+v", j)
	}
}

// What the load is made of follows from the bands that there are.
func TestMix(t *testing.T) {
	e := newEngine(t)
	if m := e.mix(0.5); m != (load.Mix{}) {
		t.Errorf("of no conference: %+v", m)
	}
	const strip, large = 128.0, 592.0 // rows of what each band costs
	// The speaker and the previous one see the same strip.
	for _, test := range []struct {
		own           OwnThumbnail
		strips, saved float64
	}{
		{OwnHidden, 3 * strip, 0}, {OwnAuto, 3 * strip, strip}, {OwnShown, 2 * strip, 0},
	} {
		cfg := testConfig("mix "+string(test.own), test.own)
		var phones []*phone
		for i := range 4 {
			phones = append(phones, join(t, e, cfg, i))
		}
		e.Conference(cfg.Name).Compose(time.Now())
		all := 2*large + test.strips
		m, want := e.mix(0.5), load.Mix{Strips: 0.5 * test.strips / all, Own: 0.5 * test.saved / all}
		if !near(m.Strips, want.Strips) || !near(m.Own, want.Own) {
			t.Errorf("%s: %+v, want %+v", test.own, m, want)
		}
		for _, p := range phones {
			p.close()
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

// One who leaves the offer to us is refused before he is answered.
func TestRoomForWhoIsUnknown(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("room", OwnAuto)
	cfg.MaxParticipants = 1
	asks := LegConfig{Video: &VideoConfig{Send: true, Receive: true, Limits: TypicalLimits}}
	if err := e.HasRoom(cfg, asks); err != nil {
		t.Error(err)
	}
	p := join(t, e, cfg, 0)
	defer p.close()
	if err := e.HasRoom(cfg, asks); !errors.Is(err, ErrFull) {
		t.Errorf("into a full conference: %v", err)
	}
	e.account = load.NewAccount(1, 0.9)
	e.account.Measured(0.95, load.Mix{}, load.OwnShown, 0)
	if err := e.HasRoom(testConfig("other", OwnAuto), asks); !errors.As(err, new(*load.NoRoom)) {
		t.Errorf("on a full node: %v", err)
	}
}

// The watch hands on what it sees, and a participant who does not fit is refused.
func TestWatchShedsAndRefuses(t *testing.T) {
	e := newEngine(t)
	e.limit, e.account = 0.9, load.NewAccount(1, 0.9)
	w := newWatch(e, epoch)
	now := epoch
	for range 20 {
		now = now.Add(watchEvery)
		w.look(now, 1)
	}
	if step := load.Step(e.step.Load()); step != load.HalfRate {
		t.Errorf("after ten seconds of overload: %v", step)
	}
	cfg := testConfig("full", OwnHidden)
	if _, err := e.admit(cfg, nil, LegConfig{Audio: &AudioConfig{}}); err == nil {
		t.Error("admitted without room")
	}
	if s := e.Status().Capacity; s.Refused != 1 || s.Step != "half rate" || s.Usage < 0.95 {
		t.Errorf("%+v", s)
	}
	for range 200 {
		now = now.Add(watchEvery)
		w.look(now, 0.1)
	}
	if step := load.Step(e.step.Load()); step != load.Full {
		t.Errorf("after a quiet time: %v", step)
	}
	if _, err := e.admit(cfg, nil, LegConfig{Audio: &AudioConfig{}}); err != nil {
		t.Error(err)
	}
}

// At half the frame rate, and with thumbnails at half, fewer frames are made.
func TestStepsSaveFrames(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("steps", OwnShown)
	phones := []*phone{join(t, e, cfg, 0), join(t, e, cfg, 1)}
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	c := e.Conference("steps")
	drive(t, c, phones, "they see each other", func() bool {
		return strings.HasPrefix(phones[0].names(), "B") && strings.HasPrefix(phones[1].names(), "A")
	})
	strips := map[int]uint64{} // frames that were really made, by band
	frames := func(step load.Step) (large, strip uint64) {
		e.step.Store(int32(step))
		count := func() (n [2]uint64) {
			for _, b := range c.status().Bands {
				n[b.Index] += b.Frames + b.Skipped
			}
			return n
		}
		before := count()
		for n := range 20 {
			for _, p := range phones {
				fill(p.frame, colours[n%8]) // so that something changes
				p.send(t)
			}
			c.Compose(time.Now().Add(time.Duration(n) * tickPeriod))
			waitFor(t, "the turn is done", func() bool { return !c.pictures.sequence[0].list[0].busy.Load() })
		}
		after := count()
		for i, b := range c.status().Bands {
			if before, known := strips[i]; b.Index > 0 && known && b.Frames <= before {
				t.Errorf("at the step %v strip %+v stands still", step, b)
			}
			strips[i] = b.Frames
		}
		return after[0] - before[0], after[1] - before[1]
	}
	fullLarge, _ := frames(load.Full)
	if large, strip := frames(load.Thumbnails); strip > large*2/3 {
		t.Errorf("%d frames of large bands and %d of strips", large, strip)
	}
	if large, _ := frames(load.HalfRate); large > fullLarge*2/3 {
		t.Errorf("%d frames of large bands at half the rate, %d at full", large, fullLarge)
	}
}

// waitFor waits for what other goroutines do.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
