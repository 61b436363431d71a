package engine

import (
	"testing"
	"time"
)

func TestAppetite(t *testing.T) {
	start := time.Now()
	var a appetite
	var asked []bool
	able := true
	ask := func(less bool) bool {
		if able {
			asked = append(asked, less)
		}
		return able
	}
	for _, step := range []struct {
		name string
		at   time.Duration
		near bool
		able bool
		want []bool // asked so far
	}{
		{"comes", 0, false, true, nil},
		{"is seen small for a while", lessAfter - 1, false, true, nil},
		{"cannot be asked", lessAfter, false, false, nil},
		{"can be", lessAfter + time.Second, false, true, []bool{true}},
		{"is asked once", lessAfter + 2*time.Second, false, true, []bool{true}},
		{"speaks, and cannot be asked", lessAfter + 3*time.Second, true, false, []bool{true}},
		{"can be again", lessAfter + 4*time.Second, true, true, []bool{true, false}},
		{"goes on", lessAfter + 5*time.Second, true, true, []bool{true, false}},
		{"is small again", lessAfter + 6*time.Second, false, true, []bool{true, false}},
		{"interrupts before it was long", 2*lessAfter + 5*time.Second, true, true, []bool{true, false}},
		{"and is small", 2*lessAfter + 6*time.Second, false, true, []bool{true, false}},
		{"for long enough", 3*lessAfter + 6*time.Second, false, true, []bool{true, false, true}},
	} {
		able = step.able
		a.follow(step.near, start.Add(step.at), ask)
		if len(asked) != len(step.want) || len(asked) > 0 && asked[len(asked)-1] != step.want[len(step.want)-1] {
			t.Errorf("%s: asked %v, want %v", step.name, asked, step.want)
		}
	}
}

// Who is seen small only for a while is asked for little, and for all when he speaks.
func TestSmallOnesAreAskedForLess(t *testing.T) {
	e := newEngine(t)
	e.smallBitrate = 384_000
	var phones []*phone
	for i := range 5 {
		phones = append(phones, join(t, e, testConfig("less", OwnHidden), i, func(c *LegConfig) {
			c.Video.RTP.Feedback.TMMBR, c.Video.ReceiveBitrate = true, 2_000_000
		}))
	}
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	c := e.Conference("less")
	for _, id := range []string{"E", "D", "C", "B", "A"} {
		speak(c, id)
		c.Compose(time.Now())
	}
	// Compose takes any clock, so that waiting takes no time.
	now := time.Now()
	wait := func(d time.Duration) {
		for end := now.Add(d); now.Before(end); now = now.Add(time.Second) {
			c.Compose(now)
		}
	}
	drive(t, c, phones, "all are heard of", func() bool {
		for _, p := range phones {
			if p.leg.video.Load().stream.Stats().ReceivedPackets == 0 {
				return false
			}
		}
		return true
	})
	wait(2 * lessAfter)
	// What is left of the limit without the headers of packets that are as long as the phone's.
	asked := func(p *phone, limit int) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.allowed > limit/3 && p.allowed <= limit
	}
	drive(t, c, phones, "D and E are asked for less", func() bool {
		return asked(phones[3], e.smallBitrate) && asked(phones[4], e.smallBitrate)
	})
	for _, p := range phones[:3] {
		if p.mu.Lock(); p.allowed != 0 {
			t.Errorf("%s spoke lately and is asked for %d bit/s", p.leg.id, p.allowed)
		}
		p.mu.Unlock()
	}
	speak(c, "E")
	c.Compose(now)
	wait(2 * lessAfter)
	drive(t, c, phones, "E is asked for all, and C for less after a while", func() bool {
		phones[4].mu.Lock()
		all := phones[4].allowed > e.smallBitrate
		phones[4].mu.Unlock()
		return all && asked(phones[2], e.smallBitrate)
	})
	if asked(phones[1], e.smallBitrate) {
		t.Error("B, who spoke before, is asked for less")
	}
}
