package rtp

import (
	"bytes"
	"iter"
)

// NAL unit types of H.264 (ITU-T H.264 table 7-1) and of its RTP payload
// structures (RFC 6184 table 1).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSEI   = 6
	nalSPS   = 7
	nalPPS   = 8
	nalAUD   = 9
	nalSTAPA = 24
	nalFUA   = 28
)

var startCode = []byte{0, 0, 1}

// NALUnits yields the NAL units of an Annex B byte stream, without start codes
// and trailing zeros; empty ones are left out. The slices point into accessUnit.
func NALUnits(accessUnit []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest := accessUnit
		for {
			var nal []byte
			if nal, rest = nextNAL(rest); nal == nil || !yield(nal) {
				return
			}
		}
	}
}

// nextNAL returns the first NAL unit of a byte stream and what follows it; nil
// when there is none. Bytes before the first start code are left out.
func nextNAL(b []byte) (nal, rest []byte) {
	for {
		i := bytes.Index(b, startCode)
		if i < 0 {
			return nil, nil
		}
		b = b[i+len(startCode):]
		end := bytes.Index(b, startCode)
		if end < 0 {
			end = len(b)
		}
		// trailing_zero_8bits, and the first byte of a four-byte start code
		n := end
		for n > 0 && b[n-1] == 0 {
			n--
		}
		if n > 0 {
			return b[:n], b[end:]
		}
		b = b[end:]
	}
}
