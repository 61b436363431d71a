//go:build cgo

package opus

/*
#cgo noescape po_encode
#cgo nocallback po_encode
#cgo nocallback po_encoder_set
#cgo nocallback po_encoder_reset
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"parley/codecs"
)

// DefaultBitrate is the rate of an encoder that names none, in bit/s.
const DefaultBitrate = 32000

// complexity is the encoder's effort, 0 to 10.
const complexity = 5

// maxPacket is the longest packet of one frame (RFC 6716 section 3.2.1).
const maxPacket = 1276

// Encoder is a codecs.AudioEncoder for Opus: mono voice with in-band FEC, which
// takes effect once SetLoss tells of loss.
type Encoder struct {
	handle    *C.po_encoder // nil when closed
	loss, dtx C.int
}

var _ codecs.AudioEncoder = (*Encoder)(nil)

// NewEncoder opens an encoder; bitrate is in bit/s, 0 for DefaultBitrate.
func NewEncoder(bitrate int) (*Encoder, error) {
	if bitrate == 0 {
		bitrate = DefaultBitrate
	}
	if bitrate < 6000 || bitrate > 510000 { // RFC 7587 section 3.1.1
		return nil, fmt.Errorf("opus: %w: %d bit/s", codecs.ErrUnsupported, bitrate)
	}
	e := &Encoder{}
	if code := C.po_encoder_open(&e.handle, codecs.SampleRate, C.int(bitrate), complexity); code < 0 {
		return nil, fmt.Errorf("opus: open encoder: %s", errorText(code))
	}
	live.Add(1)
	return e, nil
}

// Encode implements codecs.AudioEncoder.
func (e *Encoder) Encode(dst []byte, frame []float32) ([]byte, error) {
	if e.handle == nil {
		return dst, codecs.ErrClosed
	}
	if len(frame) != codecs.FrameSamples {
		return dst, fmt.Errorf("opus: %w: frame of %d samples", codecs.ErrUnsupported, len(frame))
	}
	n := len(dst)
	dst = slices.Grow(dst, maxPacket)
	size := C.po_encode(e.handle, (*C.float)(unsafe.Pointer(&frame[0])), C.int(len(frame)),
		(*C.uint8_t)(unsafe.Pointer(&dst[:n+1][n])), maxPacket)
	switch {
	case size < 0:
		return dst[:n], fmt.Errorf("opus: encode: %s", errorText(size))
	case size <= 2 && e.dtx != 0:
		return dst[:n], nil // so short a packet need not be sent
	}
	return dst[:n+int(size)], nil
}

// SetLoss implements codecs.AudioEncoder.
func (e *Encoder) SetLoss(percent int) {
	e.loss = C.int(min(max(percent, 0), 100))
	e.set()
}

// SetDTX says whether silence may go unsent; at first it may not.
func (e *Encoder) SetDTX(on bool) {
	e.dtx = 0
	if on {
		e.dtx = 1
	}
	e.set()
}

// Reset makes the encoder forget what it has coded: the next packet builds on
// nothing.
func (e *Encoder) Reset() {
	if e.handle != nil {
		C.po_encoder_reset(e.handle) // never fails
	}
}

func (e *Encoder) set() {
	if e.handle != nil {
		C.po_encoder_set(e.handle, e.loss, e.dtx) // fails only on values out of range
	}
}

// Close implements codecs.AudioEncoder.
func (e *Encoder) Close() {
	if e.handle == nil {
		return
	}
	C.po_encoder_close(e.handle)
	e.handle = nil
	live.Add(-1)
}
