package engine

import (
	"maps"
	"sync"
)

// totals gives counters that only ever grow: what has ended, with what still
// runs. Whatever ends moves from one to the other under the lock that readers
// take, so that no reading misses it. The zero value is ready.
type totals struct {
	mu      sync.Mutex
	ended   map[string]uint64    // guarded by mu
	running map[counter]struct{} // guarded by mu
}

// counter is something that counts: a rendition, a band.
type counter interface{ counts() map[string]uint64 }

// begin takes in a counter.
func (t *totals) begin(c counter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		t.running = map[counter]struct{}{}
	}
	t.running[c] = struct{}{}
}

// end takes over the counts of one that has ended.
func (t *totals) end(c counter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, c)
	t.add(c.counts())
}

// leave takes over the counts of a leg; remove takes it off the list that
// readers walk.
func (t *totals) leave(l *Leg, remove func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	remove()
	t.add(l.counts())
}

func (t *totals) add(counts map[string]uint64) {
	if t.ended == nil {
		t.ended = map[string]uint64{}
	}
	for name, n := range counts {
		t.ended[name] += n
	}
}

// read returns the counts of what has ended and of what runs.
func (t *totals) read(running []*Conference) map[string]uint64 {
	sum := map[string]uint64{"frames": 0, "key_frames": 0, "skipped_frames": 0, "band_frames": 0, "band_intra_frames": 0, "band_skipped_frames": 0, "band_uneven_frames": 0, "rx_packets": 0, "tx_packets": 0, "rx_lost": 0, "rx_discarded": 0, "rx_passed": 0}
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(sum, t.ended)
	for _, c := range running {
		for _, l := range c.Legs() {
			for name, n := range l.counts() {
				sum[name] += n
			}
		}
	}
	for c := range t.running {
		for name, n := range c.counts() {
			sum[name] += n
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
		sum["rx_passed"] += s.RxPassed
	}
	if a := l.audio.Load(); a != nil {
		add(a.status())
	}
	if v := l.video.Load(); v != nil {
		add(v.status())
	}
	return sum
}
