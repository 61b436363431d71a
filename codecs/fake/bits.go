package fake

import "math/bits"

// bitWriter writes RBSP syntax elements (ITU-T H.264 section 7.2).
type bitWriter struct {
	data []byte
	free int // unwritten bits of the last byte
}

func (w *bitWriter) u(n int, v uint32) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		w.free--
		w.data[len(w.data)-1] |= byte(v>>n&1) << w.free
	}
}

// ue writes an Exp-Golomb code (section 9.1).
func (w *bitWriter) ue(v uint32) {
	n := bits.Len32(v + 1)
	w.u(n-1, 0)
	w.u(n, v+1)
}

// trailing writes rbsp_trailing_bits.
func (w *bitWriter) trailing() {
	w.u(1, 1)
	w.free = 0
}

// bitReader reads what bitWriter wrote; past the end it sets bad and reads zeros.
type bitReader struct {
	data []byte
	at   int
	bad  bool
}

func (r *bitReader) u(n int) (v uint32) {
	for ; n > 0; n-- {
		v <<= 1
		if r.at >= 8*len(r.data) {
			r.bad = true
			continue
		}
		v |= uint32(r.data[r.at/8]>>(7-r.at%8)) & 1
		r.at++
	}
	return v
}

func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.u(1) == 0 {
		if zeros++; r.bad || zeros > 31 {
			r.bad = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// appendNAL appends a NAL unit with start code, header and emulation prevention
// (section 7.4.1).
func appendNAL(dst []byte, header byte, rbsp []byte) []byte {
	dst = append(dst, 0, 0, 0, 1, header)
	zeros := 0
	for _, b := range rbsp {
		if zeros == 2 && b <= 3 {
			dst = append(dst, 3)
			zeros = 0
		}
		dst = append(dst, b)
		if zeros++; b != 0 {
			zeros = 0
		}
	}
	return dst
}

// nextNAL splits the first NAL unit off an Annex B stream (annex B.1); the unit
// is without start code and nil at the end.
func nextNAL(stream []byte) (nal, rest []byte) {
	start := startCode(stream)
	if start < 0 {
		return nil, nil
	}
	stream = stream[start+3:]
	end := startCode(stream)
	if end < 0 {
		return stream, nil
	}
	nal, rest = stream[:end], stream[end:]
	for len(nal) > 0 && nal[len(nal)-1] == 0 { // trailing_zero_8bits, or the code's fourth byte
		nal = nal[:len(nal)-1]
	}
	return nal, rest
}

// startCode returns where the next 00 00 01 is, or -1.
func startCode(b []byte) int {
	for i := 0; i+2 < len(b); i++ {
		if b[i] == 0 && b[i+1] == 0 && b[i+2] == 1 {
			return i
		}
	}
	return -1
}

// appendRBSP appends a NAL unit's content without emulation prevention.
func appendRBSP(dst, nal []byte) []byte {
	zeros := 0
	for _, b := range nal {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		dst = append(dst, b)
		if zeros++; b != 0 {
			zeros = 0
		}
	}
	return dst
}
