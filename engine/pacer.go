package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// pacer says when a conference composes: right after a picture of the current
// speaker has come, so that speech does not wait for a clock, and without one at
// a steady rate. Whoever sends slightly faster than FrameRate is followed too,
// faster senders are not: receivers declared what they can take. Not for
// concurrent use.
type pacer struct {
	last     time.Time     // of the last tick
	credit   time.Duration // by how much the next tick may come early
	came     time.Time     // when the last picture came
	interval time.Duration // between pictures, smoothed
	pending  bool          // one has come since the last tick
}

const (
	tickPeriod = time.Second / FrameRate
	// tickSlack is how long a picture that is late is waited for.
	tickSlack = 8 * time.Millisecond
	// tickCredit is the most that a tick may come early after late ones.
	tickCredit = tickPeriod * 2 / 3
	// tickGain is what every tick may come early: by so much may senders be
	// faster than FrameRate.
	tickGain = tickPeriod / 100
	// tickReach is how long after it was due a tick waits for a picture that is
	// expected then.
	tickReach = 10 * time.Millisecond
)

func newPacer(now time.Time) *pacer {
	return &pacer{last: now.Add(-tickPeriod), credit: tickCredit}
}

// picture tells of a picture of the current speaker.
func (p *pacer) picture(now time.Time) {
	if d := now.Sub(p.came); d > 4*tickPeriod || p.interval == 0 {
		p.interval = tickPeriod
	} else {
		p.interval += (d - p.interval) / 8
	}
	p.pending, p.came = true, now
}

// wake returns when the next tick is if no picture comes before.
func (p *pacer) wake() time.Time {
	due := p.last.Add(tickPeriod)
	if p.pending {
		return due.Add(-p.credit)
	}
	next := p.came.Add(p.interval)
	if d := next.Sub(due); d > -tickSlack && d < tickReach {
		return later(due, next.Add(tickSlack))
	}
	return due
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// tick says that a tick is made; it returns how many were missed before it.
func (p *pacer) tick(now time.Time) (missed uint64) {
	if at := p.wake(); !p.pending && now.Sub(at) < tickSlack {
		now = at // timers are late; that must not add up
	}
	since := now.Sub(p.last)
	p.credit = min(max(p.credit+since-tickPeriod+tickGain, 0), tickCredit)
	p.last, p.pending = now, false
	return uint64(max(since-tickPeriod/2, 0) / tickPeriod)
}

// run calls tick until ctx ends; pictures rings when the current speaker's
// picture has come.
func (p *pacer) run(ctx context.Context, pictures <-chan struct{}, late *atomic.Uint64, tick func(time.Time)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pictures:
			p.picture(time.Now())
		case <-timer.C:
		}
		if now := time.Now(); !now.Before(p.wake()) {
			late.Add(p.tick(now))
			tick(now)
		}
		timer.Reset(time.Until(p.wake()))
	}
}
