package rtp

import "time"

// Bounds of what a stream keeps for retransmission: more than a second of
// 4 Mbit/s.
const (
	outboxPackets = 512     // a power of two
	outboxBytes   = 1 << 20 // reached by frames that are not sent yet and by high rates only
	outboxSpan    = time.Second
)

// Bounds of retransmission: what is sent again never becomes the congestion.
const (
	resendMax     = 4                     // times for one packet
	resendSpacing = 15 * time.Millisecond // between two of the same packet
	resendBurst   = 64 << 10              // bytes at once
	resendFloor   = 8 << 10               // bytes/s that are always allowed
	resendShare   = 0.5                   // of the rate of first transmissions
)

// outbox is the packets of one stream that are to be sent, and behind them those
// that were sent last and may be asked for again. They lie one behind the other
// in a ring of bytes, so that a frame goes out from where it lies. The memory
// grows with what the stream sends, within its bounds. Not safe for concurrent
// use; the zero value is ready.
type outbox struct {
	keep time.Duration // how long sent packets stay; 0 = not at all

	data  []byte       // the ring
	slots []sentPacket // by sequence number, a power of two of them
	first uint16       // sequence number of the oldest packet
	count int          // packets from first on
	wait  int          // of them, the last ones, not sent yet
	end   int64        // where the next packet goes: position in all that was ever written

	budget float64 // bytes that may be sent again now
	at     time.Time
}

type sentPacket struct {
	at     int64 // position, see end
	added  int64 // unix nanoseconds
	again  int64 // unix nanoseconds of the last retransmission
	size   int32
	resent int32
}

func (o *outbox) slot(sequence uint16) *sentPacket {
	return &o.slots[int(sequence)&(len(o.slots)-1)]
}

func (o *outbox) bytes(p *sentPacket) []byte {
	at := int(p.at % int64(len(o.data)))
	return o.data[at : at+int(p.size) : at+int(p.size)]
}

// add returns the memory of one more packet. Sequence numbers follow each other.
// Nil: there is no room before waiting packets are sent.
func (o *outbox) add(sequence uint16, size int, now time.Time) []byte {
	if o.count == 0 || o.first+uint16(o.count) != sequence {
		if o.wait > 0 {
			return nil
		}
		o.first, o.count = sequence, 0
	}
	added := now.UnixNano()
	for !o.room(size) {
		if !o.spare(added) && o.grow(size) {
			continue
		}
		if o.count == o.wait {
			return nil
		}
		o.first++
		o.count--
	}
	p := o.slot(sequence)
	*p = sentPacket{at: o.end, added: added, size: int32(size)}
	o.end += int64(size)
	o.count++
	o.wait++
	return o.bytes(p)
}

// room reports whether a packet fits without taking the place of another, and
// moves end to where it lies in one piece.
func (o *outbox) room(size int) bool {
	if o.count == len(o.slots) || size > len(o.data) {
		return false
	}
	if left := len(o.data) - int(o.end%int64(len(o.data))); left < size {
		o.end += int64(left)
	}
	return o.count == 0 || o.end+int64(size)-o.slot(o.first).at <= int64(len(o.data))
}

// spare reports whether the oldest packet has been kept long enough.
func (o *outbox) spare(now int64) bool {
	return o.count > o.wait && now-o.slot(o.first).added >= int64(o.keep)
}

// grow makes more room, if it may, for what was full: places or bytes.
func (o *outbox) grow(size int) bool {
	places, bytes := len(o.slots), len(o.data)
	switch {
	case o.count == places && places < outboxPackets:
		places = max(2*places, 4)
	case o.count < places && bytes < outboxBytes && size <= outboxBytes:
		for bytes = max(2*bytes, 512); bytes < size; bytes *= 2 {
		}
	default:
		return false
	}
	old := *o
	o.slots, o.data, o.end = make([]sentPacket, places), make([]byte, bytes), 0
	for i := range o.count {
		sequence := o.first + uint16(i)
		p := *old.slot(sequence)
		b := old.bytes(&p)
		p.at = o.end
		o.end += int64(copy(o.data[o.end:], b))
		*o.slot(sequence) = p
	}
	return true
}

// next appends the oldest n waiting packets to runs, as long ones as their sizes
// and places allow, and counts them as sent. The memory is valid until the next add.
func (o *outbox) next(runs []run, n int) []run {
	n = min(n, o.wait)
	var size, packets int // of the open run: size 0 = none, it has had its short packet
	var end int64
	for i := range n {
		p := o.slot(o.first + uint16(o.count-o.wait+i))
		b := o.bytes(p)
		if r := len(runs) - 1; size > 0 && p.at == end && len(b) <= size && packets < runPackets && len(runs[r].data)+len(b) <= runBytes {
			at := int(p.at%int64(len(o.data))) - len(runs[r].data)
			runs[r].data = o.data[at : at+len(runs[r].data)+len(b)]
			packets++
			if len(b) < size {
				size = 0
			}
		} else {
			runs = append(runs, run{b, len(b)})
			size, packets = len(b), 1
			if size > runPacketMax {
				size = 0
			}
		}
		end = p.at + int64(p.size)
		if end%int64(len(o.data)) == 0 {
			size = 0 // the next one lies at the other end of the ring
		}
	}
	o.wait -= n
	return runs
}

// take returns a packet to send again, or nil when it is not kept any more or
// its bounds are reached. rate is the rate of first transmissions, bit/s.
func (o *outbox) take(sequence uint16, now time.Time, rate float64) []byte {
	if o.at.IsZero() {
		o.budget, o.at = resendBurst, now
	}
	if elapsed := now.Sub(o.at).Seconds(); elapsed > 0 {
		o.budget = min(o.budget+elapsed*max(resendFloor, rate/8*resendShare), resendBurst)
		o.at = now
	}
	if o.keep == 0 || int(sequence-o.first) >= o.count-o.wait {
		return nil
	}
	p := o.slot(sequence)
	if p.resent >= resendMax || float64(p.size) > o.budget {
		return nil
	}
	if p.resent > 0 && now.UnixNano()-p.again < int64(resendSpacing) {
		return nil
	}
	o.budget -= float64(p.size)
	p.resent++
	p.again = now.UnixNano()
	return o.bytes(p)
}
