package h264

import "bytes"

// Types of NAL units (ITU-T H.264 table 7-1) that a picture of bands has.
const (
	typeSlice = 1
	typeIDR   = 5
	typeSPS   = 7
	typePPS   = 8
)

var startCode = []byte{0, 0, 0, 1}

// nextNAL returns the first NAL unit of a byte stream (annex B) and the stream
// from its end on; an empty unit means that there is none.
func nextNAL(stream []byte) (nal, rest []byte) {
	for {
		i := bytes.Index(stream, startCode[1:])
		if i < 0 {
			return nil, nil
		}
		stream = stream[i+3:]
		nal, rest = stream, nil
		if i = bytes.Index(stream, startCode[1:]); i >= 0 {
			nal, rest = stream[:i], stream[i:]
		}
		for len(nal) > 0 && nal[len(nal)-1] == 0 { // trailing_zero_8bits, or of the next start code
			nal = nal[:len(nal)-1]
		}
		if len(nal) > 0 {
			return nal, rest
		}
		stream = rest
	}
}

// appendRBSP appends the payload of a NAL unit (what follows its first byte)
// without emulation prevention bytes (section 7.3.1).
func appendRBSP(dst, payload []byte) []byte {
	for {
		i := bytes.Index(payload, []byte{0, 0, 3})
		if i < 0 {
			return append(dst, payload...)
		}
		dst = append(dst, payload[:i+2]...)
		payload = payload[i+3:]
	}
}

// appendNAL appends a start code and a NAL unit with its first byte and the
// RBSP, emulation prevented (section 7.4.1). An RBSP ends in its stop bit, so
// that no byte has to follow.
func appendNAL(dst []byte, first byte, rbsp []byte) []byte {
	dst = append(dst, startCode...)
	dst = append(dst, first)
	for at := 0; ; {
		i := bytes.Index(rbsp[at:], []byte{0, 0})
		if i < 0 || at+i+2 >= len(rbsp) {
			return append(dst, rbsp...)
		}
		if at += i + 2; rbsp[at] <= 3 {
			dst = append(append(dst, rbsp[:at]...), 3)
			rbsp, at = rbsp[at:], 0
		}
	}
}
