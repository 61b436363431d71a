package engine

import (
	"maps"
	"sync"
)

// totals counts what has ended; with what still runs it gives counters that
// only ever grow. The zero value is ready.
type totals struct {
	mu    sync.Mutex
	ended map[string]uint64 // guarded by mu
}

// add puts in what a leg or rendition counted in its life.
func (t *totals) add(counts map[string]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = map[string]uint64{}
	}
	for name, n := range counts {
		t.ended[name] += n
	}
}

// with returns the counts of what has ended and of the conferences given.
func (t *totals) with(running []*Conference) map[string]uint64 {
	sum := map[string]uint64{"frames": 0, "key_frames": 0, "skipped_frames": 0, "rx_packets": 0, "tx_packets": 0, "rx_lost": 0, "rx_discarded": 0}
	t.mu.Lock()
	maps.Copy(sum, t.ended)
	t.mu.Unlock()
	for _, c := range running {
		for _, l := range c.Legs() {
			for name, n := range l.counts() {
				sum[name] += n
			}
		}
		for _, list := range c.pictures.published.Load().renders {
			for _, r := range list {
				for name, n := range r.counts() {
					sum[name] += n
				}
			}
		}
	}
	return sum
}

// counts is what the leg's streams have counted.
func (l *Leg) counts() map[string]uint64 {
	sum := map[string]uint64{}
	add := func(s StreamStatus) {
		sum["rx_packets"] += s.RxPackets
		sum["tx_packets"] += s.TxPackets
		sum["rx_lost"] += s.RxLost
		sum["rx_discarded"] += s.RxDiscarded
	}
	if a := l.audio.Load(); a != nil {
		add(streamStatus(a.stream.Stats()))
	}
	if v := l.video.Load(); v != nil {
		add(streamStatus(v.stream.Stats()))
	}
	return sum
}

// counts is what the rendition has counted.
func (r *rendition) counts() map[string]uint64 {
	return map[string]uint64{"frames": r.frames.Load(), "key_frames": r.keyFrames.Load(), "skipped_frames": r.skipped.Load()}
}
