package load

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/rtcp"
	wire "github.com/pion/rtp"
	"golang.org/x/sys/unix"

	"parley/codecs"
	"parley/engine/rtp"
	"parley/signaling/sdp"
)

// stream is one kind of media of a caller: a pair of sockets and what goes
// through them. Beyond its making it belongs to its pump.
type stream struct {
	video  bool
	fds    [2]int // RTP, RTCP
	port   int
	remote [2]sockaddr
	in     *path // nil: nothing happens to packets
	out    *path

	sending   sending
	reception reception
	formats   map[uint8]string // payload type -> codec
	resent    uint64
	nacks     uint64 // packets asked for again
	asked     uint64 // key frames asked for
	wanted    uint64 // key frames that we were asked for
	limit     uint64 // bit/s that we were asked to stay below, headers included (TMMBR); 0 = we were not
	feedback  sdp.Feedback

	// packet takes media, of which nothing may be kept; key is called when the
	// far end wants a key frame.
	packet func(rtp.Packet)
	key    func()
}

// openStream opens its sockets. Ports are searched from a place that differs
// from run to run, so that those of the last one are left alone.
func openStream(a netip.Addr, video bool, n Network, r *rand.Rand) (*stream, error) {
	s := &stream{video: video, sending: newSending(r)}
	var err error
	for range 3 {
		if s.fds, s.port, err = listenPair(a, 20000+rand.IntN(19000)); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if !n.Perfect() {
		s.in, s.out = newPath(n, r.Uint64(), 1), newPath(n, r.Uint64(), 2)
	}
	return s, nil
}

// agree puts what was negotiated into force; nil stops the stream.
func (s *stream) agree(m *sdp.Stream) {
	if m == nil {
		s.sending.on, s.remote = false, [2]sockaddr{}
		return
	}
	s.remote[0], s.remote[1] = sockaddrOf(m.Remote), sockaddrOf(m.RemoteRTCP)
	s.sending.on = m.Send && s.remote[0].size > 0
	s.sending.payloadType, s.sending.clock = m.SendPayloadType&0x7f, m.ClockRate
	s.sending.levelID = m.SendAudioLevelID
	s.reception.clock = m.ClockRate
	s.feedback = m.Feedback
	s.formats = map[uint8]string{}
	for pt, f := range m.Formats {
		s.formats[pt] = f.Name
	}
}

// datagram takes what came to one of the sockets.
func (s *stream) datagram(p *pump, lane int, b []byte, arrival time.Time) {
	if s.in != nil {
		s.in.push(arrival, lane, b)
		return
	}
	s.arrived(p, lane, b, arrival)
}

// pace moves on what is under way.
func (s *stream) pace(p *pump, now time.Time) {
	if s.in == nil {
		return
	}
	for one, ok := s.in.pop(now); ok; one, ok = s.in.pop(now) {
		s.arrived(p, one.lane, one.data, one.due)
	}
	for one, ok := s.out.pop(now); ok; one, ok = s.out.pop(now) {
		_ = sendTo(s.fds[one.lane], one.data, &s.remote[one.lane]) // lost if it fails, as packets are
	}
}

func (s *stream) arrived(p *pump, lane int, b []byte, arrival time.Time) {
	if lane == 1 || len(b) > 1 && b[1] >= 192 && b[1] <= 223 { // RFC 5761 section 4
		s.control(p, b, arrival)
		return
	}
	packet := &p.packet
	if packet.Unmarshal(b) != nil {
		return
	}
	name, known := s.formats[packet.PayloadType]
	if !known {
		return
	}
	extended, changed := s.reception.take(packet.SSRC, packet.SequenceNumber, packet.Timestamp, len(packet.Payload), arrival)
	if name == codecs.TelephoneEvent {
		return
	}
	s.packet(rtp.Packet{
		PayloadType: packet.PayloadType, Sequence: packet.SequenceNumber, Extended: extended, Timestamp: packet.Timestamp,
		Marker: packet.Marker, Payload: packet.Payload, Arrival: arrival, SSRCChanged: changed,
	})
}

// control takes RTCP. What is not understood is left out.
func (s *stream) control(p *pump, b []byte, arrival time.Time) {
	list, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, one := range list {
		switch r := one.(type) {
		case *rtcp.SenderReport:
			s.reception.report(r, arrival)
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			s.wanted++
			if s.key != nil {
				s.key()
			}
		case *rtcp.RawPacket:
			s.limited(*r, arrival)
		case *rtcp.TransportLayerNack:
			for _, n := range r.Nacks {
				for _, sequence := range n.PacketList() {
					s.resend(p, sequence, arrival)
				}
			}
		}
	}
}

// limited takes a TMMBR with one entry, about us, and answers with the same as
// TMMBN (RFC 5104 section 4.2): pion/rtcp knows neither.
func (s *stream) limited(b rtcp.RawPacket, now time.Time) {
	const request, notification = 3, 4
	h := b.Header()
	if h.Type != rtcp.TypeTransportSpecificFeedback || h.Count != request || len(b) != 20 || binary.BigEndian.Uint32(b[12:]) != s.sending.ssrc {
		return
	}
	entry := binary.BigEndian.Uint32(b[16:])
	s.limit = uint64(entry>>9&0x1ffff) << (entry >> 26)
	answer := slices.Clone(b)
	answer[0] = 2<<6 | notification
	binary.BigEndian.PutUint32(answer[12:], binary.BigEndian.Uint32(b[4:])) // whose limit it is
	binary.BigEndian.PutUint32(answer[4:], s.sending.ssrc)
	s.sendControl(now, &rtcp.ReceiverReport{SSRC: s.sending.ssrc}, &answer)
}

// nack asks for packets again.
func (s *stream) nack(missing []uint16, now time.Time) {
	if len(missing) == 0 || !s.feedback.NACK || !s.reception.known {
		return
	}
	s.nacks += uint64(len(missing))
	s.sendControl(now, &rtcp.ReceiverReport{SSRC: s.sending.ssrc}, &rtcp.TransportLayerNack{
		SenderSSRC: s.sending.ssrc, MediaSSRC: s.reception.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(slices.Clone(missing)),
	})
}

// wantKey asks for a key frame.
func (s *stream) wantKey(now time.Time) {
	if !s.feedback.PLI || !s.reception.known {
		return
	}
	s.asked++
	s.sendControl(now, &rtcp.ReceiverReport{SSRC: s.sending.ssrc}, &rtcp.PictureLossIndication{
		SenderSSRC: s.sending.ssrc, MediaSSRC: s.reception.ssrc,
	})
}

// bye says goodbye and closes the sockets.
func (s *stream) close(now time.Time) {
	if s.sending.packets > 0 && s.out == nil {
		s.sendControl(now, &rtcp.ReceiverReport{SSRC: s.sending.ssrc}, &rtcp.Goodbye{Sources: []uint32{s.sending.ssrc}})
	}
	for _, fd := range s.fds {
		_ = unix.Close(fd)
	}
}

// parsed keeps pion's packet out of the signature of pump.
type parsed = wire.Packet
