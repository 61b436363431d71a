package rtp

import "time"

// How a large frame is spread. Half a frame interval leaves the second half for
// the frame to arrive in.
const (
	paceAbove    = 32 // packets: smaller frames go out at once
	paceLarge    = 2  // times the average: so do frames that are all that large
	paceBurst    = 16 // packets of a large frame that go out at once
	paceChunk    = 8  // the fewest packets of a later part
	paceChunks   = 8  // the most parts
	paceShortest = 4 * time.Millisecond
	paceLongest  = 20 * time.Millisecond
	paceSmoothed = 1.0 / 32 // share of a new frame in the average
)

// pacer decides how frames are spread over time. Pure.
type pacer struct {
	average   float64 // packets of a frame, 0 = none yet
	timestamp uint32  // of the last frame
	interval  time.Duration
}

// plan takes one frame: of its packets, how many go out at once, and how many
// more after each step. A step of 0 sends all at once.
func (p *pacer) plan(packets int, timestamp uint32, clock int) (burst, chunk int, step time.Duration) {
	if d := timestamp - p.timestamp; clock > 0 && int64(d) < int64(clock) {
		p.interval = time.Duration(d) * time.Second / time.Duration(clock)
	}
	p.timestamp = timestamp
	average := p.average
	if average == 0 {
		p.average = float64(min(packets, paceChunk)) // the first one is a key frame
	}
	p.average += (float64(packets) - p.average) * paceSmoothed
	if packets <= paceAbove || float64(packets) < paceLarge*average {
		return packets, 0, 0
	}
	rest := packets - paceBurst
	chunks := min((rest+paceChunk-1)/paceChunk, paceChunks)
	span := min(max(p.interval/2, paceShortest), paceLongest)
	return paceBurst, (rest + chunks - 1) / chunks, span / time.Duration(chunks)
}
