package node

import (
	"slices"
	"testing"
	"time"

	"parley/engine"
)

func TestQualityOfCalls(t *testing.T) {
	var q quality
	now := time.Unix(0, 0)
	var p engine.ParticipantStatus
	window := func(rxLoss, txLoss float64) {
		for range 20 {
			p.Video.RxPackets += uint64(100 - rxLoss)
			p.Video.RxLost += uint64(rxLoss)
			p.Audio.TxLoss = txLoss
			now = now.Add(time.Second)
			q.look(now, p)
		}
	}
	q.look(now, p)
	if q.recently() != qualityUnknown || q.overall() != qualityUnknown {
		t.Error("it is judged at once")
	}
	for _, w := range []struct{ rx, tx float64 }{{0, 0}, {0, 0.5}, {2, 0}, {0, 5}, {12, 0}, {0, 0}} {
		window(w.rx, w.tx)
	}
	if want := []string{"good", "good", "ok", "bad", "terrible", "good"}; !slices.Equal(q.windows, want) {
		t.Errorf("windows %v, want %v", q.windows, want)
	}
	if q.recently() != qualityTerrible {
		t.Errorf("recently %s: of as many the worst counts", q.recently())
	}
	window(0, 0)
	if q.recently() != qualityGood || q.overall() != qualityOK {
		t.Errorf("recently %s, overall %s", q.recently(), q.overall())
	}
	p.Video = engine.StreamStatus{} // his stream begins anew
	window(0, 0)
	if q.windows[len(q.windows)-1] != qualityGood {
		t.Errorf("%v", q.windows)
	}
}

// Event sinks are told when the quality becomes another one, and only then.
func TestChangeOfQuality(t *testing.T) {
	var q quality
	now := time.Unix(0, 0)
	var p engine.ParticipantStatus
	var told []windowEvent
	for _, loss := range []float64{0, 0, 0, 0, 12, 12, 12} {
		for range 20 {
			p.Video.RxPackets, p.Video.RxLost = p.Video.RxPackets+uint64(100-loss), p.Video.RxLost+uint64(loss)
			now = now.Add(time.Second)
			if e, changed := q.follow(now, p); changed {
				told = append(told, e)
			}
		}
	}
	if len(told) != 2 || told[0].Was != "0_unknown" || told[0].CallQuality != "1_good" || told[1].Was != "1_good" || told[1].CallQuality != "4_terrible" {
		t.Fatalf("%+v", told)
	}
	if e := told[1]; !slices.Equal(e.Recent, []string{"1_good", "4_terrible", "4_terrible"}) || len(e.LossHistory) != 3 || e.LossHistory[2] != 12 {
		t.Errorf("%+v", e)
	}
}
