package engine

import (
	"testing"
)

// Counters go on growing when what they counted has ended.
func TestTotalsOutliveLegsAndViews(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("totals", OwnAuto)
	a, b := join(t, e, cfg, 0), join(t, e, cfg, 1)
	drive(t, e.Conference("totals"), []*phone{a, b}, "frames both ways", func() bool {
		s := e.Status().Totals
		return s["frames"] > 10 && s["rx_packets"] > 10 && s["tx_packets"] > 10
	})
	before := e.Status().Totals
	a.close()
	b.close()
	after := e.Status().Totals
	for name, n := range before {
		if after[name] < n {
			t.Errorf("%s fell from %d to %d", name, n, after[name])
		}
	}
	if len(e.Status().Conferences) != 0 {
		t.Error("something still runs")
	}
}
