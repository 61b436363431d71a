package load

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
)

const (
	headerSize = 12             // of RTP without CSRCs and extensions (RFC 3550 section 5.1)
	headerMax  = headerSize + 8 // with the audio level
	keptMax    = 512            // packets kept for NACKs
)

// header is that of one packet, written where it is sent from.
type header struct {
	bytes [headerMax]byte
	size  int
}

// sending is what a stream sends; the pump's.
type sending struct {
	on             bool
	payloadType    uint8
	clock          int
	ssrc, base     uint32
	sequence       uint16
	packets, bytes uint32 // bytes of payload
	levelID        uint8  // header extension that tells the level of sound; 0 = none
	level          uint8  // of the next packet, as RFC 6464 section 3 has it
	kept           [keptMax]kept
}

// kept is a packet that has been sent.
type kept struct {
	header  header
	payload []byte
}

func newSending(r *rand.Rand) sending {
	return sending{ssrc: max(r.Uint32(), 1), base: r.Uint32(), sequence: uint16(r.Uint32())}
}

// timestamp returns the RTP timestamp of what was due so long after the start.
func (s *sending) timestamp(due time.Duration) uint32 {
	return s.base + uint32(due*time.Duration(s.clock)/time.Second)
}

// put writes the header of the next packet. The level is the only element of its
// extension: of one byte where the identifier fits, else of two (RFC 8285
// sections 4.2 and 4.3).
func (s *sending) put(h *header, timestamp uint32, marker bool) {
	b := h.bytes[:]
	b[0], b[1] = 2<<6, s.payloadType
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], s.sequence)
	binary.BigEndian.PutUint32(b[4:], timestamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	h.size = headerSize
	if s.levelID == 0 {
		return
	}
	h.size = headerMax
	b[0] |= 1 << 4
	const words = 1
	if s.levelID < 15 {
		copy(b[headerSize:], []byte{0xbe, 0xde, 0, words, s.levelID << 4, s.level, 0, 0})
	} else {
		copy(b[headerSize:], []byte{0x10, 0, 0, words, s.levelID, 1, s.level, 0})
	}
}

// send sends payloads, one packet each, the marker on the last, and returns
// when the last was handed to the kernel.
func (s *stream) send(p *pump, payloads [][]byte, due time.Duration, marker bool, now time.Time) time.Time {
	o, timestamp := &s.sending, s.sending.timestamp(due)
	for i, payload := range payloads {
		k := &o.kept[o.sequence%keptMax]
		k.payload = payload
		o.put(&k.header, timestamp, marker && i == len(payloads)-1)
		o.sequence++
		o.packets++
		o.bytes += uint32(len(payload))
		if s.out != nil {
			s.out.push(now, 0, k.header.bytes[:k.header.size], payload)
			continue
		}
		p.outbox.add(&k.header, payload)
		if p.outbox.full() {
			p.outbox.flush(s.fds[0], &s.remote[0])
		}
	}
	p.outbox.flush(s.fds[0], &s.remote[0])
	return time.Now().Round(0)
}

// resend answers a NACK.
func (s *stream) resend(p *pump, sequence uint16, now time.Time) {
	k := &s.sending.kept[sequence%keptMax]
	if k.payload == nil || binary.BigEndian.Uint16(k.header.bytes[2:]) != sequence {
		return
	}
	s.resent++
	if s.out != nil {
		s.out.push(now, 0, k.header.bytes[:k.header.size], k.payload)
		return
	}
	p.outbox.add(&k.header, k.payload)
	p.outbox.flush(s.fds[0], &s.remote[0])
}

// report sends a sender report with a block about what arrives, and the CNAME
// that ties sound and picture together (RFC 3550 section 6.4.1).
func (s *stream) report(cname string, start, now time.Time) {
	o := &s.sending
	list := []rtcp.Packet{}
	if o.on && o.packets > 0 {
		list = append(list, &rtcp.SenderReport{
			SSRC: o.ssrc, NTPTime: ntpOf(now), RTPTime: o.timestamp(now.Sub(start)),
			PacketCount: o.packets, OctetCount: o.bytes, Reports: s.reception.blocks(now),
		})
	} else {
		list = append(list, &rtcp.ReceiverReport{SSRC: o.ssrc, Reports: s.reception.blocks(now)})
	}
	list = append(list, rtcp.NewCNAMESourceDescription(o.ssrc, cname))
	s.sendControl(now, list...)
}

// sendControl sends one compound RTCP packet.
func (s *stream) sendControl(now time.Time, list ...rtcp.Packet) {
	b, err := rtcp.Marshal(list)
	if err != nil {
		return // cannot be: all of it is ours
	}
	if s.out != nil {
		s.out.push(now, 1, b)
		return
	}
	_ = sendTo(s.fds[1], b, &s.remote[1]) // lost if it fails, as packets are
}

// ntpOf is the 64-bit NTP timestamp (RFC 3550 section 4).
func ntpOf(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// timeOfNTP is the inverse of ntpOf.
func timeOfNTP(v uint64) time.Time {
	const since1900 = 2208988800
	return time.Unix(int64(v>>32)-since1900, int64((v&0xffffffff)*1e9>>32))
}
