package rtp

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"
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
	s.control.mu.Lock()
	s.control.reports++
	s.control.mu.Unlock()
	s.sendCompound(true, s.appendRequest)
}

// appendRequest appends our TMMBR while it waits for its answer. It is called
// where packets go out one after the other, so that an older request never
// follows a newer one.
func (s *Stream) appendRequest(b []byte) []byte {
	c := s.control
	c.mu.Lock()
	asked, due := c.asked, c.repeats > 0
	if due {
		c.repeats--
	}
	c.mu.Unlock()
	if !due || !s.config.Load().Feedback.TMMBR {
		return b
	}
	return maxBitrateMessage{formatTMMBR, s.sender.ssrc, []MaxBitrate{asked}}.appendTo(b)
}

// sendCompound sends what every compound packet begins with (RFC 3550 section
// 6.1), and behind it what rest appends: SR when something was sent lately, else
// RR, then the CNAME. periodic closes the loss interval.
func (s *Stream) sendCompound(periodic bool, rest func([]byte) []byte) {
	c, now := s.config.Load(), s.now()
	var about *senderInfo
	if info, ok := s.sender.report(now, c.SendClock); ok {
		about = &info
	}
	var block *reportBlock
	if b, ok := s.reception.block(now, periodic); ok {
		block = &b
	}
	s.compounding.Lock()
	defer s.compounding.Unlock()
	s.compound = appendReport(s.compound[:0], s.sender.ssrc, about, block)
	s.compound = appendCNAME(s.compound, s.sender.ssrc, c.CNAME)
	s.compound = rest(s.compound)
	s.sendControl(s.compound)
}

// senderSilence: after this long without a packet we are a receiver only (RFC
// 3550 section 6.4 counts two intervals).
const senderSilence = 2 * reportInterval

// report returns our sender report.
func (s *sender) report(now time.Time, clock int) (senderInfo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Sub(s.sentAt)
	if s.packets == 0 || since > senderSilence {
		return senderInfo{}, false
	}
	return senderInfo{
		ssrc: s.ssrc, ntp: ntpTime(now), timestamp: s.timestamp + uint32(int64(since.Seconds()*float64(clock))),
		packets: uint32(s.packets), octets: uint32(s.payloadBytes),
	}, true
}

// block returns the report block about the current source; false before there is one.
func (r *reception) block(now time.Time, periodic bool) (reportBlock, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return reportBlock{}, false
	}
	fraction := r.current.fraction
	if periodic {
		fraction = r.current.report()
	}
	block := reportBlock{
		ssrc: r.current.ssrc, fraction: fraction, lost: int(r.current.lost()),
		highest: r.current.highestReported(), jitter: uint32(r.current.jitter),
	}
	if !r.senderReportAt.IsZero() {
		block.lastSR, block.delay = r.senderReport, uint32(now.Sub(r.senderReportAt).Seconds()*65536)
	}
	return block, true
}

// heard takes note of a sender report of the current source.
func (r *reception) heard(sr senderInfo, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil || r.current.ssrc != sr.ssrc {
		return
	}
	r.senderReport, r.senderReportAt = uint32(sr.ntp>>16), now
	r.senderReportNTP, r.senderReportRTP = sr.ntp, sr.timestamp
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
	if a.sender.ssrc != 0 {
		s.reception.heard(a.sender, now)
	}
	if a.nacked > 0 {
		s.sender.resend(a.nacks[:a.nacked], now)
	}
	if a.notify {
		s.sendCompound(false, maxBitrateMessage{formatTMMBN, s.sender.ssrc, []MaxBitrate{a.tightest}}.appendTo)
	}
	if a.relevant {
		s.heardAt.Store(now.UnixNano())
	}
	h := &c.Hooks
	if a.reported && h.Report != nil {
		h.Report(a.report)
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
	// Feedback goes at once, in a compound packet (RFC 4585 section 3.1).
	s.sendCompound(false, func(b []byte) []byte {
		if c.Feedback.PLI {
			return appendPLI(b, s.sender.ssrc, remote)
		}
		return appendFIR(b, s.sender.ssrc, remote, sequence)
	})
	return true
}

// Nack asks for packets again (generic NACK, RFC 4585 section 6.2.1) when the
// far end declared it; otherwise nothing happens.
func (s *Stream) Nack(missing []uint16) {
	remote := s.remoteSSRC()
	if len(missing) == 0 || remote == 0 || !s.config.Load().Feedback.NACK {
		return
	}
	s.control.mu.Lock()
	s.control.nacksSent += uint64(len(missing))
	s.control.mu.Unlock()
	s.sendCompound(false, func(b []byte) []byte { return appendNACK(b, s.sender.ssrc, remote, missing) })
}

// RequestBitrate asks the far end to send no more than this, headers included
// (TMMBR), and repeats it with the reports until the far end notifies, a few
// times. It returns false when the far end did not declare TMMBR or has not sent
// anything yet.
func (s *Stream) RequestBitrate(bitsPerSecond int) bool {
	remote := s.remoteSSRC()
	if remote == 0 || bitsPerSecond <= 0 || !s.config.Load().Feedback.TMMBR {
		return false
	}
	overhead := uint16(20 + 8 + headerSize) // IPv4, UDP, RTP
	if s.remote().Addr().Is6() {
		overhead += 20
	}
	s.control.mu.Lock()
	s.control.asked = MaxBitrate{SSRC: remote, Bitrate: uint64(bitsPerSecond), Overhead: overhead}
	s.control.ask()
	s.control.mu.Unlock()
	s.sendCompound(false, s.appendRequest)
	return true
}

// BitrateAsked reports whether RequestBitrate has asked anything of the far end.
func (s *Stream) BitrateAsked() bool {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return s.control.asked.SSRC != 0
}

// RenewBitrate has what was asked of the far end asked again, which may have
// forgotten it.
func (s *Stream) RenewBitrate() {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	if s.control.asked.SSRC != 0 {
		s.control.ask()
	}
}

// sendBye says that we leave.
func (s *Stream) sendBye() {
	s.sendCompound(true, func(b []byte) []byte { return appendBye(b, s.sender.ssrc) })
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
