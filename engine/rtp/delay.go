package rtp

import "time"

// Bounds of the target delay, and how it is learnt.
const (
	shortestDelay = 20 * time.Millisecond
	delayMax      = 200 * time.Millisecond
	delayStart    = 20 * time.Millisecond
	delayBin      = 5 * time.Millisecond
	delayBins     = 64
	delayQuantile = 0.96
	delayForget   = 0.99                  // for each packet: half forgotten in 70
	delayMargin   = 8 * time.Millisecond  // for the jitter of our own clock
	delayFall     = 10 * time.Millisecond // of the target in a second
	delayEpoch    = 2 * time.Second       // the fastest packet of two such spans is the base
)

// delay learns when packets of a stream should be played from when they arrive.
type delay struct {
	known     bool
	zero      time.Time        // of the transit times
	fastest   [2]time.Duration // transit of the fastest packet, of this span and the one before
	spanEnd   time.Time
	histogram [delayBins]float64 // share of packets by lateness
	floor     time.Duration      // of the target
	target    time.Duration
	adjusted  time.Time // target last lowered
}

func newDelay() delay {
	d := delay{target: delayStart, floor: shortestDelay}
	// As if the lateness seen so far had been what the first target allows for.
	d.histogram[0] = 0.9
	d.histogram[(delayStart-delayMargin)/delayBin-1] = 0.1
	return d
}

// restart forgets the base and keeps what was learnt of the jitter.
func (d *delay) restart() { d.known = false }

// arrived takes one packet: when it came, and its place in the media.
func (d *delay) arrived(at time.Time, media time.Duration) {
	if !d.known {
		d.known, d.zero = true, at.Add(-media)
		d.fastest = [2]time.Duration{}
		d.spanEnd, d.adjusted = at.Add(delayEpoch), at
	}
	transit := at.Sub(d.zero) - media
	if !at.Before(d.spanEnd) {
		d.fastest[1] = d.fastest[0]
		if at.Sub(d.spanEnd) >= delayEpoch {
			d.fastest[1] = transit // nothing came for long
		}
		d.fastest[0] = transit
		d.spanEnd = at.Add(delayEpoch)
	}
	d.fastest[0] = min(d.fastest[0], transit)
	d.learn(transit-d.base(), at)
}

// base is the transit of the fastest packets lately. It follows the drift of the
// sender's clock.
func (d *delay) base() time.Duration { return min(d.fastest[0], d.fastest[1]) }

// learn takes the lateness of one packet. The target rises at once and falls slowly.
func (d *delay) learn(late time.Duration, at time.Time) {
	for i := range d.histogram {
		d.histogram[i] *= delayForget
	}
	d.histogram[min(int(late/delayBin), delayBins-1)] += 1 - delayForget
	sum, bin := 0.0, 0
	for bin < delayBins-1 {
		if sum += d.histogram[bin]; sum >= delayQuantile {
			break
		}
		bin++
	}
	want := min(max(time.Duration(bin+1)*delayBin+delayMargin, d.floor), delayMax)
	if want >= d.target {
		d.target, d.adjusted = want, at
		return
	}
	fall := time.Duration(at.Sub(d.adjusted).Seconds() * float64(delayFall))
	if fall >= time.Millisecond {
		d.target, d.adjusted = max(d.target-fall, want), at
	}
}

// due returns when the sound at a place in the media should be played.
func (d *delay) due(media time.Duration) time.Time {
	return d.zero.Add(media + d.base() + d.target)
}
