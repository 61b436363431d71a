package rtp

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

// Feedback messages are read and written here, where loss makes many of them,
// without allocating.

// feedbackSize is what every feedback message begins with (RFC 4585 section
// 6.1): header, SSRC of who sends it, SSRC of the media that it is about.
const feedbackSize = 12

// Sizes of what follows.
const (
	nackPairSize = 4
	firEntrySize = 8
)

// nackPairsMax bounds one NACK message.
const nackPairsMax = 100

// appendFeedback appends the beginning of a feedback message.
func appendFeedback(b []byte, kind rtcp.PacketType, format uint8, sender, media uint32) []byte {
	b = append(b, 2<<6|format, byte(kind), 0, feedbackSize/4-1)
	b = binary.BigEndian.AppendUint32(b, sender)
	return binary.BigEndian.AppendUint32(b, media)
}

// appendPLI appends a picture loss indication (RFC 4585 section 6.3.1).
func appendPLI(b []byte, sender, media uint32) []byte {
	return appendFeedback(b, rtcp.TypePayloadSpecificFeedback, rtcp.FormatPLI, sender, media)
}

// appendFIR appends a full intra request of one entry (RFC 5104 section 4.3.1).
func appendFIR(b []byte, sender, media uint32, sequence uint8) []byte {
	start := len(b)
	b = appendFeedback(b, rtcp.TypePayloadSpecificFeedback, rtcp.FormatFIR, sender, media)
	b = binary.BigEndian.AppendUint32(b, media)
	b = append(b, sequence, 0, 0, 0)
	return closePacket(b, start)
}

// appendNACK appends a generic NACK (RFC 4585 section 6.2.1) for these sequence
// numbers, the oldest first; those that nackPairsMax has no room for are left out.
func appendNACK(b []byte, sender, media uint32, missing []uint16) []byte {
	start := len(b)
	b = appendFeedback(b, rtcp.TypeTransportSpecificFeedback, rtcp.FormatTLN, sender, media)
	for pairs := 0; len(missing) > 0 && pairs < nackPairsMax; pairs++ {
		first, following := missing[0], uint16(0)
		for missing = missing[1:]; len(missing) > 0 && missing[0]-first <= 16; missing = missing[1:] {
			following |= 1 << (missing[0] - first - 1)
		}
		b = binary.BigEndian.AppendUint16(b, first)
		b = binary.BigEndian.AppendUint16(b, following)
	}
	return closePacket(b, start)
}

// parseFeedback reads the beginning of a feedback message whose length is right,
// and returns its entries, of size bytes each. ok is false when it is too short,
// has none, or a part of one; with size 0 there need be none.
func parseFeedback(p []byte, size int) (sender, media uint32, entries []byte, ok bool) {
	if len(p) < feedbackSize+size || size > 0 && (len(p)-feedbackSize)%size != 0 {
		return 0, 0, nil, false
	}
	return binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:]), p[feedbackSize:], true
}

// appendMissing appends the sequence numbers that the pairs of a NACK ask for,
// until there are most of them.
func appendMissing(numbers []uint16, pairs []byte, most int) []uint16 {
	for ; len(pairs) > 0; pairs = pairs[nackPairSize:] {
		number := binary.BigEndian.Uint16(pairs)
		for set := uint32(binary.BigEndian.Uint16(pairs[2:]))<<1 | 1; set != 0 && len(numbers) < most; set >>= 1 {
			if set&1 != 0 {
				numbers = append(numbers, number)
			}
			number++
		}
	}
	return numbers
}
