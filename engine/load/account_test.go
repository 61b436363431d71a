package load

import (
	"errors"
	"math"
	"testing"
	"time"
)

// come is one who asks and comes at once, if he is admitted.
func come(a *Account, j Join, now time.Time) error {
	cost, err := a.Admit(j, now)
	if err == nil {
		a.Promise(cost, now)
	}
	return err
}

func TestAccountAdmitsUntilItIsFull(t *testing.T) {
	a := NewAccount(2, 0.9)
	a.SetCosts(some)
	now := epoch
	join := func(n int) error { return come(a, party(n%8, false, true), now) }
	n := 0
	for ; n < 100 && join(n) == nil; n++ {
	}
	var full *NoRoom
	if err := join(n); !errors.As(err, &full) || full.Needs <= full.Free {
		t.Fatalf("after %d: %v", n, err)
	}
	if n < 16 || n > 40 {
		t.Errorf("%d callers on two processors", n)
	}
	// Those who were promised are measured by and by; nobody leaves.
	a.Measured(0.91, Mix{}, OwnShown, 0)
	now = now.Add(2 * showsAfter)
	if join(8) == nil {
		t.Error("admitted at 91 %")
	}
	if s := a.State(now); s.Ports != 0 || s.Refused != 3 || s.Step != "own thumbnails" {
		t.Errorf("%+v", s)
	}
	// They left.
	a.Measured(0.1, Mix{}, Full, 0)
	if err := join(8); err != nil {
		t.Error(err)
	}
	if s := a.State(now); s.Ports < 16 {
		t.Errorf("%+v", s)
	}
}

// What steps would give is room, unless nobody knows how much is wanted, or
// those who are there pay with their frame rate.
func TestAccountCountsOnShedding(t *testing.T) {
	usual := Mix{Strips: 0.2, Own: 0.15}
	for _, c := range []struct {
		usage float64
		mix   Mix
		step  Step
		want  bool
	}{
		{0.8, usual, Full, true},
		{0.95, usual, Full, true},
		{0.95, Mix{Strips: 0.05}, Full, false}, // few strips, own thumbnails hidden for good
		{0.98, usual, Full, false},             // saturated
		{0.95, usual, OwnShown, false},
		{0.88, usual, OwnShown, true},
		{0.5, usual, HalfRate, false},
	} {
		a := NewAccount(2, 0.9)
		a.SetCosts(some)
		a.Measured(c.usage, c.mix, c.step, 0)
		if _, err := a.Admit(party(8, true, false), epoch); (err == nil) != c.want {
			t.Errorf("%v in use for %+v at %v: %v", c.usage, c.mix, c.step, err)
		}
	}
}

// A limit is kept whatever the machine could do besides.
func TestAccountKeepsTheLimit(t *testing.T) {
	for _, limit := range []float64{0.3, 0.5, 0.9} {
		a := NewAccount(4, limit)
		a.SetCosts(some)
		sum, n := 0.0, 0
		for ; n < 1000 && come(a, party(n%8, false, false), epoch) == nil; n++ {
			sum += some.Predict(party(n%8, false, false), OwnShown)
		}
		if sum > 4*limit || sum < 4*limit-0.3 {
			t.Errorf("limit %v: %d callers take %v processors", limit, n, sum)
		}
	}
}

// Asking promises nothing: whoever never comes takes nothing from others.
func TestAdmitPromisesNothing(t *testing.T) {
	a := NewAccount(1, 0.9)
	a.SetCosts(some)
	before := a.State(epoch).Free
	for range 10 {
		if _, err := a.Admit(party(0, false, true), epoch); err != nil {
			t.Fatal(err)
		}
	}
	if after := a.State(epoch).Free; after != before {
		t.Errorf("%v free, before %v", after, before)
	}
}

// Admission and governor together: callers come until they are refused, the
// load follows, and nobody who was admitted loses his frame rate.
func TestFillingUp(t *testing.T) {
	const cores, limit = 4, 0.9
	a := NewAccount(cores, limit)
	a.SetCosts(some)
	g := Governor{Limit: limit}
	now, step, worst := epoch, Full, Full
	usage, in, refused := 0.0, 0, 0
	for n := range 1200 { // ten minutes
		now = now.Add(time.Second / 2)
		if in < 200 && n%2 == 0 { // somebody calls every second
			if come(a, party(in%8, false, true), now) == nil {
				in++
			} else {
				refused++
			}
		}
		wanted := 0.0
		for i := range in {
			wanted += some.Predict(party(i%8, false, true), min(step, OwnShown))
		}
		if step == HalfRate {
			wanted *= 0.6
		}
		usage += (min(wanted/cores, 1) - usage) / 2
		step = g.Read(now, Reading{Usage: usage, Skipped: max(0, wanted/cores-1)})
		worst = max(worst, step)
		a.Measured(usage, mixOf(in, step), step, 0)
	}
	if worst != OwnShown || step != OwnShown {
		t.Errorf("ends at %v, was at %v", step, worst)
	}
	if usage < 0.8 || usage > limit+0.01 || refused == 0 {
		t.Errorf("%d callers take %v of the machine, %d refused", in, usage, refused)
	}
}

// mixOf is the mix of conferences of eight, n callers in all.
func mixOf(n int, at Step) Mix {
	all, strips, own := 0.0, 0.0, 0.0
	for i := range n {
		j := party(i%8, false, true)
		all += some.Predict(j, at)
		strip := some.Encode * hd.rate() * (1 + overhead) * 8 / 45
		if at >= Thumbnails {
			strip *= halfStrip
		}
		switch {
		case i%8 < 2:
			strips += strip
		case at < OwnShown:
			strips, own = strips+strip, own+strip
		}
	}
	if all == 0 {
		return Mix{}
	}
	return Mix{Strips: strips / all, Own: own / all}
}

func TestAccountWithoutLimit(t *testing.T) {
	a := NewAccount(1, 0)
	if s := a.State(epoch); s.Ports < 1 {
		t.Errorf("an idle machine: %+v", s)
	}
	a.Measured(1, Mix{}, HalfRate, 0)
	if _, err := a.Admit(Join{}, epoch); err != nil {
		t.Error(err)
	}
}

// What quiet senders save is kept for when they send all again.
func TestWhatIsSparedIsNotFree(t *testing.T) {
	a := NewAccount(2, 0.9)
	now := time.Unix(0, 0)
	a.Measured(0.3, Mix{}, Full, 0)
	all := a.State(now).Free
	a.Measured(0.3, Mix{}, Full, 6)
	want := 6 * sparedShare * Typical.DecodeSmall * typicalVideo.rate() * (1 + overhead)
	if got := all - a.State(now).Free; math.Abs(got-want) > 1e-9 || want < 0.1 {
		t.Errorf("%.3f processors are kept, want %.3f", got, want)
	}
}

// A picture that is added costs what it adds, sound left out.
func TestAdmitChange(t *testing.T) {
	a := NewAccount(2, 0.9)
	now := time.Unix(0, 0)
	from := Join{Parties: 3, OnStage: 8, OwnHidden: true}
	to := from
	to.Sends, to.Takes, to.Thumbnail, to.Shares = typicalVideo, typicalVideo, typicalStrip, true
	cost, err := a.AdmitChange(from, to, now)
	if whole := Typical.Predict(to, OwnShown); err != nil || cost <= 0 || cost >= whole {
		t.Errorf("%.3f, %v; all of him costs %.3f", cost, err, whole)
	}
	a.Measured(0.9, Mix{}, OwnShown, 0)
	if _, err := a.AdmitChange(from, to, now); !errors.As(err, new(*NoRoom)) {
		t.Errorf("on a full node: %v", err)
	}
	a.Measured(0.95, Mix{}, OwnShown, 0) // above the limit
	if cost, err := a.AdmitChange(from, from, now); cost != 0 || err != nil {
		t.Errorf("what adds nothing: %.3f, %v", cost, err)
	}
	if n := a.State(now).Refused; n != 0 {
		t.Errorf("%d who stay are counted as refused", n)
	}
}
