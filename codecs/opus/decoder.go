//go:build cgo

package opus

/*
#cgo noescape po_decode
#cgo nocallback po_decode
#cgo noescape po_duration
#cgo nocallback po_duration
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"parley/codecs"
)

// Lengths in samples at 48 kHz (RFC 6716 section 2).
const (
	shortest    = codecs.SampleRate / 400        // 2.5 ms
	longest     = codecs.SampleRate * 120 / 1000 // of a packet
	concealMost = codecs.SampleRate              // all beyond is silent

	// longestPacket is 48 frames of 1275 bytes with their lengths, in bytes
	// (RFC 6716 section 3.2).
	longestPacket = 48*(1275+2) + 2
)

// Decoder is a codecs.AudioDecoder for Opus; stereo is mixed down by the library.
type Decoder struct {
	handle *C.po_decoder // nil when closed
}

var _ codecs.AudioDecoder = (*Decoder)(nil)

// NewDecoder opens a decoder.
func NewDecoder() (*Decoder, error) {
	d := &Decoder{}
	if code := C.po_decoder_open(&d.handle, codecs.SampleRate); code < 0 {
		return nil, fmt.Errorf("opus: open decoder: %s", errorText(code))
	}
	live.Add(1)
	return d, nil
}

// Decode implements codecs.AudioDecoder.
func (d *Decoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	if d.handle == nil {
		return dst, codecs.ErrClosed
	}
	samples := d.Duration(packet)
	if samples == 0 {
		return dst, fmt.Errorf("opus: %w: packet of %d bytes", codecs.ErrCorrupt, len(packet))
	}
	return d.decode(dst, packet, samples, 0)
}

// Recover implements codecs.AudioDecoder. The last frame before next comes from
// the redundancy in next where it has some (RFC 6716 section 2.1.7).
func (d *Decoder) Recover(dst []float32, next []byte, samples int) ([]float32, error) {
	if d.handle == nil {
		return dst, codecs.ErrClosed
	}
	samples = min(max(samples, 0), concealMost)
	end := len(dst) + samples
	redundant := 0
	if n := d.Duration(next); n > 0 && n <= samples {
		redundant = n
	}
	var err error
	for end-len(dst) > redundant {
		// The library knows only whole steps of 2.5 ms, and fades from one
		// call to the next.
		n := min(end-len(dst)-redundant, codecs.FrameSamples)
		whole := (n + shortest - 1) / shortest * shortest
		before := len(dst)
		if dst, err = d.decode(dst, nil, whole, 0); err != nil {
			return dst, err
		}
		dst = dst[:before+n]
	}
	if redundant > 0 {
		dst, err = d.decode(dst, next, redundant, 1)
	}
	return dst, err
}

// Duration implements codecs.AudioDecoder.
func (d *Decoder) Duration(packet []byte) int {
	if len(packet) == 0 || len(packet) > longestPacket {
		return 0
	}
	n := int(C.po_duration((*C.uint8_t)(unsafe.Pointer(&packet[0])), C.int(len(packet)), codecs.SampleRate))
	if n < 0 || n > longest {
		return 0
	}
	return n
}

// Close implements codecs.AudioDecoder.
func (d *Decoder) Close() {
	if d.handle == nil {
		return
	}
	C.po_decoder_close(d.handle)
	d.handle = nil
	live.Add(-1)
}

// decode appends count samples to dst.
func (d *Decoder) decode(dst []float32, packet []byte, count int, fec C.int) ([]float32, error) {
	n := len(dst)
	dst = slices.Grow(dst, count)[:n+count]
	var data *C.uint8_t
	if len(packet) > 0 {
		data = (*C.uint8_t)(unsafe.Pointer(&packet[0]))
	}
	got := C.po_decode(d.handle, data, C.int(len(packet)), (*C.float)(unsafe.Pointer(&dst[n])), C.int(count), fec)
	if got < 0 {
		return dst[:n], fmt.Errorf("opus: %w: %s", codecs.ErrCorrupt, errorText(got))
	}
	return dst[:n+int(got)], nil
}
