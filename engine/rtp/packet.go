package rtp

import "time"

// Packet is one media packet as it arrived.
type Packet struct {
	PayloadType uint8
	Sequence    uint16
	// Extended is the sequence number without its wrap. It rises over changes
	// of SSRC and restarts too: those continue more than 65536 higher.
	Extended  int64
	Timestamp uint32
	Marker    bool
	Payload   []byte // without padding; valid during the call only
	Arrival   time.Time
	// SSRCChanged: the first packet of another SSRC, or of the same one that
	// started its sequence anew. Timestamps start anew too.
	SSRCChanged bool
	AudioLevel  uint8 // 0 (loudest) to 127, -dBov, as the sender tells it (RFC 6464); NoAudioLevel = unknown
	Voice       bool  // the sender takes it for a voice (RFC 6464); false when the level is unknown

	extensions extensions
}

// Discarded counts what was received and not passed on.
type Discarded struct {
	Malformed   uint64 // not RTP
	PayloadType uint64 // a payload type that was not negotiated
	SSRC        uint64 // of a sender that was not accepted, or our own SSRC
	Address     uint64 // from elsewhere than the far end
	Duplicate   uint64 // seen before, or replayed
	Old         uint64 // far from the expected sequence numbers
}

// Total returns the sum.
func (d Discarded) Total() uint64 {
	return d.Malformed + d.PayloadType + d.SSRC + d.Address + d.Duplicate + d.Old
}
