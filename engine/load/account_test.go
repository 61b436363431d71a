package load

import (
	"errors"
	"testing"
	"time"
)

func TestAccountAdmitsUntilItIsFull(t *testing.T) {
	a := NewAccount(2, 0.9)
	a.SetCosts(Costs{Decode: 0.001, Encode: 0.004, AudioDecode: 0.0015, AudioEncode: 0.007})
	now := epoch
	join := func(parties int) error {
		cost, err := a.Admit(Join{Parties: parties % 8, OnStage: 8, Sends: hd, Takes: hd, Shares: parties%8 > 0, OwnHidden: true, Thumbnail: 8.0 / 45}, now)
		if err == nil {
			a.Promise(cost, now)
		}
		return err
	}
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
	a.Measured(0.95, OwnShown)
	now = now.Add(2 * showsAfter)
	if join(8) == nil {
		t.Error("admitted at 95 %")
	}
	if s := a.State(now); s.Ports != 0 || s.Refused != 3 || s.Step != "own thumbnails" {
		t.Errorf("%+v", s)
	}
	// They left.
	a.Measured(0.1, Full)
	if err := join(8); err != nil {
		t.Error(err)
	}
	if s := a.State(now); s.Ports < 16 {
		t.Errorf("%+v", s)
	}
}

// What shedding would give is room.
func TestAccountCountsOnShedding(t *testing.T) {
	a := NewAccount(2, 0.9)
	j := Join{Parties: 3, OnStage: 8, Sends: hd, Takes: hd, Shares: true}
	for _, c := range []struct {
		usage float64
		step  Step
		want  bool
	}{{0.8, Full, true}, {1, Full, true}, {0.95, OwnShown, false}, {0.95, HalfRate, false}} {
		a.Measured(c.usage, c.step)
		if _, err := a.Admit(j, epoch.Add(time.Duration(c.step)*time.Hour)); (err == nil) != c.want {
			t.Errorf("at %v with %v: %v", c.usage, c.step, err)
		}
	}
}

func TestAccountWithoutLimit(t *testing.T) {
	a := NewAccount(1, 0)
	a.Measured(1, HalfRate)
	if _, err := a.Admit(Join{}, time.Now()); err != nil {
		t.Error(err)
	}
}
