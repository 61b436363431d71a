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
