package h264

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter writes the bits of an RBSP. It keeps its memory for the next one.
type bitWriter struct {
	buf     []byte
	pending uint64 // the last n bits, not yet in buf
	n       int    // < 8 between calls
}

func (w *bitWriter) reset() { w.buf, w.pending, w.n = w.buf[:0], 0, 0 }

// u writes the lowest n <= 32 bits of v.
func (w *bitWriter) u(v uint32, n int) {
	w.pending = w.pending<<n | uint64(v)&(1<<n-1)
	for w.n += n; w.n >= 8; {
		w.n -= 8
		w.buf = append(w.buf, byte(w.pending>>w.n))
	}
}

func (w *bitWriter) flag(v bool) {
	if v {
		w.u(1, 1)
	} else {
		w.u(0, 1)
	}
}

// ue writes an unsigned Exp-Golomb code (ITU-T H.264 section 9.1), v < 1<<31.
func (w *bitWriter) ue(v uint32) {
	n := bits.Len32(v + 1)
	w.u(0, n-1)
	w.u(v+1, n)
}

// se writes a signed Exp-Golomb code (section 9.1.1).
func (w *bitWriter) se(v int32) {
	if v > 0 {
		w.ue(uint32(2*v - 1))
	} else {
		w.ue(uint32(-2 * v))
	}
}

// alignOnes fills the byte with ones (cabac_alignment_one_bit).
func (w *bitWriter) alignOnes() {
	if w.n > 0 {
		w.u(0xff, 8-w.n)
	}
}

// alignZeros fills the byte with zeros (rbsp_alignment_zero_bit).
func (w *bitWriter) alignZeros() {
	if w.n > 0 {
		w.u(0, 8-w.n)
	}
}

// trailing writes rbsp_trailing_bits.
func (w *bitWriter) trailing() {
	w.u(1, 1)
	w.alignZeros()
}

// bits copies the bits from at to end of data.
func (w *bitWriter) bits(data []byte, at, end int) {
	if w.n == 0 && at&7 == 0 {
		w.buf = append(w.buf, data[at>>3:end>>3]...)
		at = end &^ 7
	}
	for ; end-at >= 32; at += 32 {
		w.pending = w.pending<<32 | peek(data, at)>>32
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(w.pending>>w.n))
	}
	w.u(uint32(peek(data, at)>>32)>>(32-(end-at)), end-at)
}
