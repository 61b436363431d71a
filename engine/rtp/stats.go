package rtp

import (
	"net/netip"
	"time"
)

// Stats is a copy of a stream's counters. Bytes are those of whole RTP packets;
// rates are of the last second or so.
type Stats struct {
	SentPackets, SentBytes uint64
	SentBitrate            float64 // bit/s
	SentPacketRate         float64 // packets/s
	SendErrors             uint64  // packets that the system refused
	SpreadFrames           uint64  // large ones, sent in parts
	OffloadRefused         uint64  // times that the system did not take several packets as one
	Retransmitted          uint64  // sent again on NACK
	RetransmitRefused      uint64  // asked for, but not kept any more or too many
	SenderReports          uint64  // SRs and RRs sent

	RemoteLost   int           // packets that the far end reports lost in all
	RemoteLoss   float64       // fraction lost of its last report, 0..1
	RemoteJitter time.Duration // of its last report
	RTT          time.Duration // 0 = not known yet

	ReceivedPackets, ReceivedBytes uint64
	ReceivedBitrate                float64 // bit/s
	ReceivedPacketRate             float64 // packets/s
	Lost                           uint64  // never arrived so far
	Loss                           float64 // fraction lost in the last second, 0..1
	Jitter                         time.Duration
	Discarded                      Discarded
	ControlMalformed               uint64 // RTCP that was not understood, by packet
	ControlForeign                 uint64 // RTCP from elsewhere than the far end, or about others

	NACKsSent, NACKsReceived                       uint64 // sequence numbers asked for
	KeyFrameRequestsSent, KeyFrameRequestsReceived uint64 // PLI and FIR, merged ones too

	Remote, RemoteControl netip.AddrPort // where RTP and RTCP go now; invalid = nowhere
	RemoteSSRC            uint32         // 0 = nobody yet
}

// Stats returns the counters of this moment.
func (s *Stream) Stats() Stats {
	var st Stats
	now := s.now()
	s.sender.stats(&st, now)
	s.reception.stats(&st, now)
	s.control.stats(&st)
	return st
}

func (s *sender) stats(st *Stats, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter.roll(now)
	st.SentPackets, st.SentBytes = s.packets, s.bytes
	st.SentBitrate, st.SentPacketRate = s.meter.bitRate, s.meter.packetRate
	st.SendErrors, st.Retransmitted, st.RetransmitRefused = s.failed, s.resent, s.denied
	st.SpreadFrames = s.paced
	if s.wire != nil {
		st.OffloadRefused = s.wire.refused()
	}
}

func (r *reception) stats(st *Stats, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.meter.roll(now) && r.current != nil {
		r.current.rollLoss()
	}
	st.ReceivedPackets, st.ReceivedBytes = r.packets, r.bytes
	st.ReceivedBitrate, st.ReceivedPacketRate = r.meter.bitRate, r.meter.packetRate
	st.Lost, st.Discarded = r.lost(), r.discarded
	st.Remote = r.latch.remote()
	if r.current != nil {
		st.Loss, st.Jitter, st.RemoteSSRC = r.current.loss, r.current.jitterTime(), r.current.ssrc
	}
}

func (c *control) stats(st *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.SenderReports = c.reports
	st.RemoteLost, st.RemoteLoss = c.remoteLost, c.remoteLoss
	st.RemoteJitter, st.RTT = c.remoteJitter, c.rtt
	st.ControlMalformed, st.ControlForeign = c.malformed, c.foreign
	st.NACKsSent, st.NACKsReceived = c.nacksSent, c.nacksReceived
	st.KeyFrameRequestsSent, st.KeyFrameRequestsReceived = c.keyFramesAsked, c.keyFramesWanted
	st.RemoteControl = c.destination
}
