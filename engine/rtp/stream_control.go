package rtp

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// reportInterval is the mean time between compound packets: RFC 3550 section
// 6.2 with its reduced minimum, which for two members and the rates of audio
// and video is below a second.
const reportInterval = time.Second

// reportLoop sends a compound packet about every second until the stream ends.
func (s *Stream) reportLoop(ctx context.Context) {
	timer := time.NewTimer(reportInterval / 2)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		s.sendReport()
		// Spread so that streams that began together do not report together.
		timer.Reset(reportInterval/2 + time.Duration(rand.Int64N(int64(reportInterval))))
	}
}

// sendReport sends SR or RR, CNAME, and our TMMBR until it is answered.
func (s *Stream) sendReport() {
	now := s.now()
	packets := s.opening(now, true)
	b, err := rtcp.Marshal(packets)
	if err != nil {
		return
	}
	s.control.mu.Lock()
	s.control.reports++
	if s.control.pending {
		b = maxBitrateMessage{formatTMMBR, s.sender.ssrc, []MaxBitrate{s.control.asked}}.appendTo(b)
	}
	s.control.mu.Unlock()
	s.sendControl(b)
}

// opening returns what every compound packet begins with: SR when something was
// sent lately, else RR, then the CNAME. periodic closes the loss interval.
func (s *Stream) opening(now time.Time, periodic bool) []rtcp.Packet {
	c := s.config.Load()
	blocks := s.reception.blocks(now, periodic)
	packets := make([]rtcp.Packet, 0, 4)
	if sr, ok := s.sender.report(now, c.SendClock); ok {
		sr.Reports = blocks
		packets = append(packets, sr)
	} else {
		packets = append(packets, &rtcp.ReceiverReport{SSRC: s.sender.ssrc, Reports: blocks})
	}
	return append(packets, rtcp.NewCNAMESourceDescription(s.sender.ssrc, cname(c.CNAME)))
}

// cname bounds the text to what the item can hold.
func cname(text string) string {
	return text[:min(len(text), 255)]
}

// senderSilence: after this long without a packet we are a receiver only (RFC
// 3550 section 6.4 counts two intervals).
const senderSilence = 2 * reportInterval

// report returns our sender report.
func (s *sender) report(now time.Time, clock int) (*rtcp.SenderReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Sub(s.sentAt)
	if s.packets == 0 || since > senderSilence {
		return nil, false
	}
	return &rtcp.SenderReport{
		SSRC:        s.ssrc,
		NTPTime:     ntpTime(now),
		RTPTime:     s.timestamp + uint32(int64(since.Seconds()*float64(clock))),
		PacketCount: uint32(s.packets),
		OctetCount:  uint32(s.payloadBytes),
	}, true
}

// blocks returns the report block about the current source, none before there is one.
func (r *reception) blocks(now time.Time, periodic bool) []rtcp.ReceptionReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil
	}
	fraction := r.current.fraction
	if periodic {
		fraction = r.current.report()
	}
	block := rtcp.ReceptionReport{
		SSRC:               r.current.ssrc,
		FractionLost:       fraction,
		TotalLost:          uint32(min(r.current.lost(), 0x7fffff)),
		LastSequenceNumber: r.current.highestReported(),
		Jitter:             uint32(r.current.jitter),
	}
	if !r.senderReportAt.IsZero() {
		block.LastSenderReport = r.senderReport
		block.Delay = uint32(now.Sub(r.senderReportAt).Seconds() * 65536)
	}
	return []rtcp.ReceptionReport{block}
}

// heard takes note of a sender report of the current source.
func (r *reception) heard(sr *rtcp.SenderReport, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil || r.current.ssrc != sr.SSRC {
		return
	}
	r.senderReport, r.senderReportAt = uint32(sr.NTPTime>>16), now
	r.senderReportNTP, r.senderReportRTP = sr.NTPTime, sr.RTPTime
}

// SenderClock returns the pair of times of the far end's last sender report:
// its wall clock and the RTP timestamp of the same moment, for lip-sync. ok is
// false before one has come.
func (s *Stream) SenderClock() (wall time.Time, timestamp uint32, ok bool) {
	r := s.reception
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.senderReportAt.IsZero() {
		return time.Time{}, 0, false
	}
	return fromNTP(r.senderReportNTP), r.senderReportRTP, true
}

// controlPacket takes one datagram of the RTCP socket.
func (s *Stream) controlPacket(b []byte, from netip.AddrPort, now time.Time) {
	c := s.config.Load()
	who := peers{local: s.sender.ssrc, remote: s.remoteSSRC(), sendClock: c.SendClock, payload: s.sender.payloadSize()}
	a := s.control.handle(b, from, now, who)
	if a.report != nil {
		s.reception.heard(a.report, now)
	}
	if len(a.nacks) > 0 {
		s.sender.resend(a.nacks, now)
	}
	if a.notify != nil {
		s.sendFeedback(nil, maxBitrateMessage{formatTMMBN, s.sender.ssrc, a.notify}.appendTo(nil))
	}
	if a.relevant {
		s.heardAt.Store(now.UnixNano())
	}
	h := &c.Hooks
	if h.Report != nil {
		for _, r := range a.reports {
			h.Report(r)
		}
	}
	if a.bitrate > 0 && h.BitrateRequest != nil {
		h.BitrateRequest(a.bitrate)
	}
	if a.keyFrame && h.KeyFrameRequest != nil {
		h.KeyFrameRequest()
	}
	if a.bye && h.Bye != nil {
		h.Bye()
	}
}

func (s *Stream) remoteSSRC() uint32 {
	s.reception.mu.Lock()
	defer s.reception.mu.Unlock()
	if s.reception.current == nil {
		return 0
	}
	return s.reception.current.ssrc
}

// payloadSize returns the average payload of our packets, bytes.
func (s *sender) payloadSize() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packets == 0 {
		return 1000
	}
	return max(float64(s.payloadBytes)/float64(s.packets), 1)
}

// RequestKeyFrame asks the far end for a key frame: PLI when declared, else FIR
// when declared. It returns false when neither is, so that the caller may use
// SIP INFO (RFC 5168). At most one request goes out in 300 ms; a call in between
// is not kept, so call again until a key frame has come.
func (s *Stream) RequestKeyFrame() bool {
	c := s.config.Load()
	if !c.Feedback.PLI && !c.Feedback.FIR {
		return false
	}
	remote := s.remoteSSRC()
	if remote == 0 {
		return true // nothing has come yet; what comes begins with a key frame
	}
	now := s.now()
	s.control.mu.Lock()
	if now.Sub(s.control.lastAsked) < keyFrameSpacing {
		s.control.mu.Unlock()
		return true
	}
	s.control.lastAsked = now
	s.control.keyFramesAsked++
	if !c.Feedback.PLI {
		s.control.firSequence++
	}
	sequence := s.control.firSequence
	s.control.mu.Unlock()
	if c.Feedback.PLI {
		s.sendFeedback(&rtcp.PictureLossIndication{SenderSSRC: s.sender.ssrc, MediaSSRC: remote}, nil)
	} else {
		s.sendFeedback(&rtcp.FullIntraRequest{
			SenderSSRC: s.sender.ssrc, MediaSSRC: remote,
			FIR: []rtcp.FIREntry{{SSRC: remote, SequenceNumber: sequence}},
		}, nil)
	}
	return true
}

// nackPairsMax bounds one NACK message.
const nackPairsMax = 100

// Nack asks for packets again (generic NACK, RFC 4585 section 6.2.1) when the
// far end declared it; otherwise nothing happens.
func (s *Stream) Nack(missing []uint16) {
	remote := s.remoteSSRC()
	if len(missing) == 0 || remote == 0 || !s.config.Load().Feedback.NACK {
		return
	}
	pairs := rtcp.NackPairsFromSequenceNumbers(missing)
	pairs = pairs[:min(len(pairs), nackPairsMax)]
	s.control.mu.Lock()
	s.control.nacksSent += uint64(len(missing))
	s.control.mu.Unlock()
	s.sendFeedback(&rtcp.TransportLayerNack{SenderSSRC: s.sender.ssrc, MediaSSRC: remote, Nacks: pairs}, nil)
}

// RequestBitrate asks the far end to send no more than this (TMMBR) and repeats
// it with the reports until the far end notifies. It returns false when the far
// end did not declare TMMBR or has not sent anything yet.
func (s *Stream) RequestBitrate(bitsPerSecond int) bool {
	remote := s.remoteSSRC()
	if remote == 0 || bitsPerSecond <= 0 || !s.config.Load().Feedback.TMMBR {
		return false
	}
	const overhead = 20 + 8 + headerSize // IPv4, UDP, RTP
	e := MaxBitrate{SSRC: remote, Bitrate: uint64(bitsPerSecond), Overhead: overhead}
	s.control.mu.Lock()
	s.control.asked, s.control.pending = e, true
	s.control.mu.Unlock()
	s.sendFeedback(nil, maxBitrateMessage{formatTMMBR, s.sender.ssrc, []MaxBitrate{e}}.appendTo(nil))
	return true
}

// sendFeedback sends a feedback message at once, in a compound packet (RFC 4585
// section 3.1): a pion packet, or one already built.
func (s *Stream) sendFeedback(p rtcp.Packet, built []byte) {
	packets := s.opening(s.now(), false)
	if p != nil {
		packets = append(packets, p)
	}
	if b, err := rtcp.Marshal(packets); err == nil {
		s.sendControl(append(b, built...))
	}
}

func (s *Stream) sendBye() {
	packets := append(s.opening(s.now(), true), &rtcp.Goodbye{Sources: []uint32{s.sender.ssrc}})
	if b, err := rtcp.Marshal(packets); err == nil {
		s.sendControl(b)
	}
}

// sendControl sends one RTCP datagram, from the RTP socket with rtcp-mux.
func (s *Stream) sendControl(b []byte) {
	s.control.mu.Lock()
	to, mux := s.control.destination, s.control.mux
	s.control.mu.Unlock()
	if s.transport == nil || !addressUsable(to) {
		return
	}
	conn := s.transport.rtcp.conn
	if mux {
		conn = s.transport.rtp.conn
	}
	_, _ = conn.WriteToUDPAddrPort(b, to)
}
