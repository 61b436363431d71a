package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

// pace lets a speaker send for ten seconds and returns how many ticks there
// were, and for how long pictures waited for theirs; those that a newer one
// overtook do not count.
func pace(interval, jitter time.Duration) (ticks int, worst, mean time.Duration) {
	random := rand.New(rand.NewPCG(1, uint64(interval)))
	p := newPacer(epoch)
	now, end := epoch, epoch.Add(10*time.Second)
	var next, came time.Time
	n := 0
	arrival := func() time.Time {
		n++
		at := epoch.Add(time.Duration(n) * interval)
		if jitter > 0 {
			at = at.Add(time.Duration(random.Int64N(int64(jitter))))
		}
		return at
	}
	if interval > 0 {
		next = arrival()
	}
	waits := 0
	for now.Before(end) {
		if wake := p.wake(); interval == 0 || wake.Before(next) {
			if now.Before(wake) {
				now = wake
			}
		} else {
			now = next
			p.picture(now)
			came, next = now, arrival()
		}
		if now.Before(p.wake()) {
			continue
		}
		p.tick(now)
		if ticks++; !came.IsZero() && now.After(epoch.Add(4*time.Second)) {
			wait := now.Sub(came)
			worst, mean, waits = max(worst, wait), mean+wait, waits+1
		}
		came = time.Time{}
	}
	return ticks, worst, mean / time.Duration(max(waits, 1))
}

func TestPacerFollowsTheSpeaker(t *testing.T) {
	ms := func(x float64) time.Duration { return time.Duration(x * float64(time.Millisecond)) }
	for _, c := range []struct {
		name             string
		interval, jitter time.Duration
		least, most      int
		worst, mean      time.Duration
	}{
		{"nobody", 0, 0, 299, 304, 0, 0},
		{"30 fps", ms(33.334), 0, 299, 303, ms(0.1), ms(0.1)},
		{"30 fps and a bit", ms(33.2), 0, 299, 303, ms(0.1), ms(0.1)},
		{"30 fps with jitter", ms(33.334), ms(5), 295, 303, ms(5), ms(1)},
		{"30 fps with much jitter", ms(33.334), ms(20), 280, 306, ms(34), ms(16)},
		{"30 fps with very much jitter", ms(33.334), ms(33), 280, 306, ms(34), ms(16)},
		{"29.97 fps", ms(33.367), 0, 298, 303, ms(0.1), ms(0.1)},
		{"25 fps", ms(40), ms(1), 248, 252, ms(1), ms(0.5)},
		{"15 fps", ms(66.667), ms(2), 290, 303, ms(9), ms(4)},
		{"60 fps", ms(16.667), 0, 295, 304, ms(17), ms(9)},
		{"35 fps", ms(28.571), 0, 295, 305, ms(33), ms(17)},
	} {
		ticks, worst, mean := pace(c.interval, c.jitter)
		if ticks < c.least || ticks > c.most || worst > c.worst || mean > c.mean {
			t.Errorf("%s: %d ticks in 10 s, pictures wait %v, at most %v", c.name, ticks, mean, worst)
		}
	}
}

func TestPacerCountsWhatIsMissed(t *testing.T) {
	p := newPacer(epoch)
	p.tick(epoch)
	if n := p.tick(epoch.Add(tickPeriod + tickSlack)); n != 0 {
		t.Errorf("%d missed by a tick that waited", n)
	}
	if n := p.tick(p.last.Add(4 * tickPeriod)); n != 3 {
		t.Errorf("%d missed, want 3", n)
	}
}
