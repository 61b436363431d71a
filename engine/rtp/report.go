package rtp

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

// Sender and receiver reports are read and written here, once a second and
// stream each way, without allocating. What is rarer than that and than feedback
// is pion's.

// senderInfo is what a sender report tells of its sender (RFC 3550 section 6.4.1).
type senderInfo struct {
	ssrc            uint32
	ntp             uint64 // when it was sent
	timestamp       uint32 // the same moment on the media's clock
	packets, octets uint32
}

// reportBlock is what a report tells of what one source sent (RFC 3550 section 6.4.1).
type reportBlock struct {
	ssrc     uint32
	fraction uint8  // lost since the report before, in 256ths
	lost     int    // in all; 24 bits, signed, on the wire
	highest  uint32 // extended sequence number
	jitter   uint32 // units of the media's clock
	lastSR   uint32 // middle of the NTP timestamp of its last sender report
	delay    uint32 // since that came, 1/65536 s
}

const (
	senderInfoSize  = 28 // header and SSRC included
	receiverSize    = 8  // the same of a receiver report
	reportBlockSize = 24
)

// appendReport appends a sender report, or, with about nil, a receiver report
// of ssrc, with a block if there is one.
func appendReport(b []byte, ssrc uint32, about *senderInfo, block *reportBlock) []byte {
	start, kind, count := len(b), rtcp.TypeReceiverReport, byte(0)
	if about != nil {
		kind = rtcp.TypeSenderReport
	}
	if block != nil {
		count = 1
	}
	b = append(b, 2<<6|count, byte(kind), 0, 0)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	if about != nil {
		b = binary.BigEndian.AppendUint64(b, about.ntp)
		b = binary.BigEndian.AppendUint32(b, about.timestamp)
		b = binary.BigEndian.AppendUint32(b, about.packets)
		b = binary.BigEndian.AppendUint32(b, about.octets)
	}
	if block != nil {
		lost := max(min(block.lost, 1<<23-1), -1<<23)
		b = binary.BigEndian.AppendUint32(b, block.ssrc)
		b = binary.BigEndian.AppendUint32(b, uint32(block.fraction)<<24|uint32(lost)&0xffffff)
		b = binary.BigEndian.AppendUint32(b, block.highest)
		b = binary.BigEndian.AppendUint32(b, block.jitter)
		b = binary.BigEndian.AppendUint32(b, block.lastSR)
		b = binary.BigEndian.AppendUint32(b, block.delay)
	}
	return closePacket(b, start)
}

// appendCNAME appends a source description of one item (RFC 3550 section 6.5.1).
func appendCNAME(b []byte, ssrc uint32, name string) []byte {
	const itemCNAME = 1
	start := len(b)
	b = append(b, 2<<6|1, byte(rtcp.TypeSourceDescription), 0, 0)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	name = name[:min(len(name), 255)]
	b = append(b, itemCNAME, byte(len(name)))
	b = append(b, name...)
	for b = append(b, 0); (len(b)-start)%4 != 0; b = append(b, 0) { // ends the chunk
	}
	return closePacket(b, start)
}

// appendBye appends a goodbye of one source (RFC 3550 section 6.6).
func appendBye(b []byte, ssrc uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 2<<6|1, byte(rtcp.TypeGoodbye), 0, 1), ssrc)
}

// closePacket writes the length of the packet that begins at start.
func closePacket(b []byte, start int) []byte {
	binary.BigEndian.PutUint16(b[start+2:], uint16((len(b)-start)/4-1))
	return b
}

// parseReport reads a sender or receiver report, whose length is right: who
// sent it, what a sender report tells of him, and where its blocks are. ok is
// false when it is too short for what it says.
func parseReport(p []byte) (about senderInfo, blocks []byte, ok bool) {
	size := receiverSize
	if rtcp.PacketType(p[1]) == rtcp.TypeSenderReport {
		size = senderInfoSize
	}
	end := size + reportBlockSize*int(p[0]&0x1f)
	if len(p) < end {
		return about, nil, false
	}
	about.ssrc = binary.BigEndian.Uint32(p[4:])
	if size == senderInfoSize {
		about.ntp = binary.BigEndian.Uint64(p[8:])
		about.timestamp = binary.BigEndian.Uint32(p[16:])
		about.packets = binary.BigEndian.Uint32(p[20:])
		about.octets = binary.BigEndian.Uint32(p[24:])
	}
	return about, p[size:end], true
}

// parseBlock reads the block that b begins with.
func parseBlock(b []byte) reportBlock {
	word := binary.BigEndian.Uint32(b[4:])
	return reportBlock{
		ssrc: binary.BigEndian.Uint32(b), fraction: uint8(word >> 24), lost: int(int32(word<<8) >> 8),
		highest: binary.BigEndian.Uint32(b[8:]), jitter: binary.BigEndian.Uint32(b[12:]),
		lastSR: binary.BigEndian.Uint32(b[16:]), delay: binary.BigEndian.Uint32(b[20:]),
	}
}
