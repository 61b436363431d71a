package h264

import (
	"encoding/binary"
	"math/bits"
)

// bitReader reads the bits of an RBSP (ITU-T H.264 section 7.2). Reading
// beyond the end gives zeros and sets bad.
type bitReader struct {
	data []byte
	at   int // next bit
	end  int // of the payload in bits: where the stop bit stands
	bad  bool
}

// newBitReader returns a reader of an RBSP with its trailing bits; an RBSP
// without a stop bit reads as bad.
func newBitReader(rbsp []byte) bitReader {
	n := len(rbsp)
	for n > 0 && rbsp[n-1] == 0 { // cabac_zero_words
		n--
	}
	if n == 0 {
		return bitReader{bad: true}
	}
	return bitReader{data: rbsp[:n], end: 8*n - 1 - bits.TrailingZeros8(rbsp[n-1])}
}

// more is more_rbsp_data.
func (r *bitReader) more() bool { return !r.bad && r.at < r.end }

// u reads n <= 32 bits.
func (r *bitReader) u(n int) uint32 {
	if r.bad || n > r.end-r.at {
		r.bad = true
		return 0
	}
	v := peek(r.data, r.at) >> (64 - n)
	r.at += n
	return uint32(v)
}

func (r *bitReader) flag() bool { return r.u(1) != 0 }

// ue reads an unsigned Exp-Golomb code (section 9.1).
func (r *bitReader) ue() uint32 {
	if r.bad {
		return 0
	}
	zeros := bits.LeadingZeros64(peek(r.data, r.at))
	if zeros > 31 {
		r.bad = true
		return 0
	}
	r.u(zeros)
	return r.u(zeros+1) - 1
}

// se reads a signed Exp-Golomb code (section 9.1.1).
func (r *bitReader) se() int32 {
	k := r.ue()
	if k&1 != 0 {
		return int32(k/2) + 1
	}
	return -int32(k / 2)
}

// peek returns at least 57 bits of data from bit at on, left-aligned, zeros
// after the end.
func peek(data []byte, at int) uint64 {
	i := at >> 3
	if i+8 <= len(data) {
		return binary.BigEndian.Uint64(data[i:]) << (at & 7)
	}
	var last [8]byte
	if i < len(data) {
		copy(last[:], data[i:])
	}
	return binary.BigEndian.Uint64(last[:]) << (at & 7)
}
