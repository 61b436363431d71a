package sdp

import (
	"net/netip"

	"parley/codecs"
)

// Media is what a negotiation has put in force. It is not written any more
// after it was returned and must not be written by its reader.
type Media struct {
	Audio, Video *Stream // nil = absent or refused
}

// Stream is one agreed RTP session.
type Stream struct {
	Remote     netip.AddrPort // where the far end receives RTP; its address may be 0.0.0.0 or :: (OnHold)
	RemoteRTCP netip.AddrPort // where it receives RTCP; equals Remote with Mux; invalid when it takes none
	Mux        bool           // RTP and RTCP share a port both ways (RFC 5761)
	Send       bool           // we may send media
	Receive    bool           // media may arrive
	OnHold     bool           // the far end has stopped what we would send (sendonly, inactive, address 0.0.0.0)

	Codec           string // encoding name of what we send
	SendPayloadType uint8  // its payload type
	ClockRate       int    // its RTP clock in Hz (G722: 8000, opus: 48000)

	Formats map[uint8]Format // every payload type that may arrive, telephone-event too

	TelephoneEvent    uint8 // payload type for DTMF that we send
	HasTelephoneEvent bool
	TelephoneClock    int // clock rate in Hz of TelephoneEvent

	AudioLevelID     uint8 // identifier of the header extension with the sender's level (RFC 6464) in what arrives, 0 = none
	SendAudioLevelID uint8 // the same in what we send

	Feedback Feedback // RTCP feedback that both sides know (RFC 4585, RFC 5104)
	AVPF     bool     // profile RTP/AVPF: early feedback is allowed

	MaxBitrate int // bit/s without headers that the far end takes at most, 0 = unsaid
	PTime      int // ms of audio a packet that the far end wants, 0 = unsaid
	MaxPTime   int // ms that it takes at most, 0 = unsaid

	H264 H264 // for Codec H264
	Opus Opus // for Codec opus

	Content string // a=content (RFC 4796)
	Label   string // a=label (RFC 4574)
}

// Format is one payload type that may arrive.
type Format struct {
	Name      string // encoding name as spelt in package codecs
	ClockRate int    // RTP clock, Hz
	Channels  int    // of audio as SDP counts them (opus: 2)

	Profile           codecs.Profile // for H264
	PacketizationMode int            // for H264: 0 or 1
	ParameterSets     [][]byte       // for H264: sprop-parameter-sets, NAL units without start codes
}

// Feedback is a set of RTCP feedback messages.
type Feedback struct {
	NACK  bool // generic NACK (RFC 4585 section 6.2.1)
	PLI   bool // picture loss indication (RFC 4585 section 6.3.1)
	FIR   bool // full intra request (RFC 5104 section 4.3.1)
	TMMBR bool // temporary maximum bitrate request (RFC 5104 section 4.2.1)
}

// and returns what both sets hold.
func (f Feedback) and(g Feedback) Feedback {
	return Feedback{f.NACK && g.NACK, f.PLI && g.PLI, f.FIR && g.FIR, f.TMMBR && g.TMMBR}
}

// or returns what either set holds.
func (f Feedback) or(g Feedback) Feedback {
	return Feedback{f.NACK || g.NACK, f.PLI || g.PLI, f.FIR || g.FIR, f.TMMBR || g.TMMBR}
}

// H264 is what we may send: the level's limits (ITU-T H.264 table A-1) raised
// by the far end's max-fs, max-mbps and max-br (RFC 6184 section 8.1).
type H264 struct {
	Profile           codecs.Profile
	Level             int // level_idc, 9 = level 1b
	MaxFS             int // macroblocks a picture
	MaxMBPS           int // macroblocks a second
	MaxBR             int // bit/s
	PacketizationMode int // 0: one NAL unit a packet, 1: STAP-A and FU-A too
}

// Opus is what the far end wants to be sent (RFC 7587 section 6.1).
type Opus struct {
	Stereo          bool // it plays two channels
	InBandFEC       bool // it can use in-band FEC
	DTX             bool // it wants DTX
	CBR             bool // it wants constant bitrate
	MaxPlaybackRate int  // Hz that it can play, 0 = unsaid (48000)
}
