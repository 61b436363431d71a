package load

import (
	"time"

	"github.com/pion/rtcp"
)

// reception is what is known of a stream that arrives: who sends it, what is
// missing, and which time its timestamps stand for. It is pure and the pump's.
type reception struct {
	clock   int
	ssrc    uint32
	known   bool
	first   int64 // extended sequence numbers
	highest int64
	packets uint64 // received, of this sender
	bytes   uint64 // payload

	before  [2]uint64 // expected and received at the last report
	jitter  float64   // RFC 3550 section 6.4.1, clock units
	transit float64
	sr      struct {
		wall   time.Time // of the sender
		rtp    uint32
		at     time.Time // when it came
		middle uint32
		known  bool
	}
	lostBefore uint64 // of senders that were replaced
}

// take notes a packet and returns its extended sequence number, and whether it
// is the first of a new sender.
func (r *reception) take(ssrc uint32, sequence uint16, timestamp uint32, size int, arrival time.Time) (extended int64, changed bool) {
	if !r.known || ssrc != r.ssrc {
		lost, highest := r.lost(), r.highest
		*r = reception{clock: r.clock, ssrc: ssrc, known: true, lostBefore: lost}
		// As far above the last one as no packet of one sender is.
		r.first = (highest>>16+2)<<16 | int64(sequence)
		r.highest = r.first
		changed = true
	}
	extended = r.highest + int64(int16(sequence-uint16(r.highest)))
	r.highest = max(r.highest, extended)
	r.packets++
	r.bytes += uint64(size)
	transit := float64(arrival.UnixNano())/1e9*float64(r.clock) - float64(timestamp)
	if d := transit - r.transit; r.transit != 0 && d > -1e6 && d < 1e6 { // the timestamp's wrap is no jitter
		r.jitter += (max(d, -d) - r.jitter) / 16
	}
	r.transit = transit
	return extended, changed
}

// lost returns how many packets never came.
func (r *reception) lost() uint64 {
	expected := uint64(0)
	if r.known {
		expected = uint64(r.highest - r.first + 1)
	}
	return r.lostBefore + expected - min(r.packets, expected)
}

// blocks returns the block of a report, none before anything came.
func (r *reception) blocks(now time.Time) []rtcp.ReceptionReport {
	if !r.known {
		return nil
	}
	expected := uint64(r.highest - r.first + 1)
	block := rtcp.ReceptionReport{
		SSRC: r.ssrc, LastSequenceNumber: uint32(r.highest), Jitter: uint32(r.jitter),
		TotalLost: uint32(min(expected-min(r.packets, expected), 1<<23-1)),
	}
	e, got := expected-r.before[0], r.packets-r.before[1]
	if e > got {
		block.FractionLost = uint8(min((e-got)*256/e, 255))
	}
	r.before = [2]uint64{expected, r.packets}
	if r.sr.known {
		block.LastSenderReport = r.sr.middle
		block.Delay = uint32(now.Sub(r.sr.at).Seconds() * 65536)
	}
	return []rtcp.ReceptionReport{block}
}

// report takes a sender report.
func (r *reception) report(sr *rtcp.SenderReport, at time.Time) {
	if !r.known || sr.SSRC != r.ssrc || sr.NTPTime == 0 {
		return
	}
	r.sr.wall, r.sr.rtp, r.sr.at = timeOfNTP(sr.NTPTime), sr.RTPTime, at
	r.sr.middle, r.sr.known = uint32(sr.NTPTime>>16), true
}

// moment returns the time of the sender's clock that a timestamp stands for.
func (r *reception) moment(timestamp uint32) (time.Time, bool) {
	if !r.sr.known || r.clock == 0 {
		return time.Time{}, false
	}
	d := time.Duration(int32(timestamp-r.sr.rtp)) * time.Second / time.Duration(r.clock)
	return r.sr.wall.Add(d), true
}
