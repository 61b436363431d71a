package rtp

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/pion/rtcp"
)

// Feedback message types of RFC 5104 section 4.2 that pion/rtcp does not know.
const (
	formatTMMBR = 3
	formatTMMBN = 4
)

// MaxBitrate is one entry of a TMMBR or TMMBN message (RFC 5104 section 4.2.1.1).
type MaxBitrate struct {
	SSRC     uint32
	Bitrate  uint64 // bit/s, with Overhead bytes for each packet; sent rounded down to 17 significant bits
	Overhead uint16 // bytes of each packet that are not media, 0..511
}

// maxBitrateMessage is a TMMBR (request) or TMMBN (notification).
type maxBitrateMessage struct {
	format  uint8 // formatTMMBR or formatTMMBN
	sender  uint32
	entries []MaxBitrate
}

// maxBitrateEntries bounds what one message may carry here: a point-to-point
// session has one or two.
const maxBitrateEntries = 16

// parseMaxBitrate reads one RTCP packet of either kind. Its entries are appended
// to those given; beyond maxBitrateEntries they are left out.
func parseMaxBitrate(b []byte, entries []MaxBitrate) (maxBitrateMessage, error) {
	m := maxBitrateMessage{entries: entries}
	if len(b) < 12 || b[0]>>6 != 2 || b[1] != byte(rtcp.TypeTransportSpecificFeedback) {
		return m, fmt.Errorf("%w: TMMBR header", ErrMalformed)
	}
	m.format = b[0] & 0x1f
	size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
	if m.format != formatTMMBR && m.format != formatTMMBN || size > len(b) || size < 12 || (size-12)%8 != 0 {
		return m, fmt.Errorf("%w: TMMBR of %d bytes", ErrMalformed, size)
	}
	m.sender = binary.BigEndian.Uint32(b[4:])
	for e := b[12:size]; len(e) >= 8 && len(m.entries) < maxBitrateEntries; e = e[8:] {
		word := binary.BigEndian.Uint32(e[4:])
		exponent, mantissa := word>>26, uint64(word>>9&0x1ffff)
		rate := uint64(1) << 63 // an overflow means no limit
		if int(exponent)+bits.Len64(mantissa) < 64 {
			rate = mantissa << exponent
		}
		m.entries = append(m.entries, MaxBitrate{
			SSRC: binary.BigEndian.Uint32(e), Bitrate: rate, Overhead: uint16(word & 0x1ff),
		})
	}
	return m, nil
}

// appendTo appends the RTCP packet. The media source is 0 as section 4.2.1.2 wants.
func (m maxBitrateMessage) appendTo(b []byte) []byte {
	start := len(b)
	b = appendFeedback(b, rtcp.TypeTransportSpecificFeedback, m.format, m.sender, 0)
	for _, e := range m.entries {
		mantissa, exponent := mantissaOf(e.Bitrate)
		b = binary.BigEndian.AppendUint32(b, e.SSRC)
		b = binary.BigEndian.AppendUint32(b, exponent<<26|uint32(mantissa)<<9|uint32(min(e.Overhead, 0x1ff)))
	}
	return closePacket(b, start)
}

// mantissaOf returns the 17 bits of a rate, and how far they are shifted.
func mantissaOf(rate uint64) (mantissa uint64, exponent uint32) {
	if n := bits.Len64(rate); n > 17 {
		exponent = uint32(n - 17)
	}
	return rate >> exponent, exponent
}

// rounded is a rate as it is sent.
func rounded(rate uint64) uint64 {
	mantissa, exponent := mantissaOf(rate)
	return mantissa << exponent
}
