//go:build cgo

package ffmpeg

/*
#cgo noescape pg_encode
#cgo nocallback pg_encode
#cgo noescape pg_decode
#cgo nocallback pg_decode
#include "g722.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"parley/codecs"
	"parley/codecs/g711"
)

// Of G.722 at 64 kbit/s: sampled at 16 kHz, a byte for every two samples. Its
// RTP clock of 8 kHz (RFC 3551 section 4.5.2) does not matter here.
const (
	g722Rate     = 16000
	g722Factor   = codecs.SampleRate / g722Rate
	g722PassBand = 7300                    // where the resampling filters are at half, in Hz
	g722Longest  = g722Rate / 2 * 12 / 100 // bytes of 120 ms
)

// G722Encoder is a codecs.AudioEncoder for G.722 at 64 kbit/s.
type G722Encoder struct {
	handle  *C.pg_codec // nil when closed
	filter  *g711.Decimator
	wide    []float32
	samples []int16
}

// G722Decoder is a codecs.AudioDecoder for G.722 at 64 kbit/s.
type G722Decoder struct {
	handle  *C.pg_codec // nil when closed
	filter  *g711.Interpolator
	conceal *g711.Concealer
	wide    []float32
	samples [2 * g722Longest]int16
}

var (
	_ codecs.AudioEncoder = (*G722Encoder)(nil)
	_ codecs.AudioDecoder = (*G722Decoder)(nil)
)

func openG722(encoder C.int) (handle *C.pg_codec, err error) {
	if code := C.pg_open(&handle, encoder); code < 0 {
		return nil, fmt.Errorf("ffmpeg: open g722: %s", errorText(int(code)))
	}
	live.Add(1)
	return handle, nil
}

// NewG722Encoder opens an encoder.
func NewG722Encoder() (*G722Encoder, error) {
	handle, err := openG722(1)
	if err != nil {
		return nil, err
	}
	return &G722Encoder{handle: handle, filter: g711.NewDecimator(g722Factor, g722PassBand)}, nil
}

// NewG722Decoder opens a decoder.
func NewG722Decoder() (*G722Decoder, error) {
	handle, err := openG722(0)
	if err != nil {
		return nil, err
	}
	return &G722Decoder{
		handle: handle, filter: g711.NewInterpolator(g722Factor, g722PassBand), conceal: g711.NewConcealer(g722Rate),
	}, nil
}

// Encode implements codecs.AudioEncoder.
func (e *G722Encoder) Encode(dst []byte, frame []float32) ([]byte, error) {
	if e.handle == nil {
		return dst, codecs.ErrClosed
	}
	if len(frame) != codecs.FrameSamples {
		return dst, fmt.Errorf("ffmpeg: %w: frame of %d samples", codecs.ErrUnsupported, len(frame))
	}
	e.wide = e.filter.Append(e.wide[:0], frame)
	e.samples = e.samples[:0]
	for _, v := range e.wide {
		e.samples = append(e.samples, int16(min(max(v*32768, -32768), 32767)))
	}
	n, size := len(dst), len(e.samples)/2
	dst = slices.Grow(dst, size)[:n+size]
	got := C.pg_encode(e.handle, (*C.int16_t)(unsafe.Pointer(&e.samples[0])), C.int(len(e.samples)),
		(*C.uint8_t)(unsafe.Pointer(&dst[n])), C.int(size))
	if got < 0 {
		return dst[:n], fmt.Errorf("ffmpeg: encode g722: %s", errorText(int(got)))
	}
	return dst[:n+int(got)], nil
}

// SetLoss implements codecs.AudioEncoder; G.722 has nothing to set.
func (e *G722Encoder) SetLoss(int) {}

// Close implements codecs.AudioEncoder.
func (e *G722Encoder) Close() {
	if e.handle != nil {
		C.pg_close(e.handle)
		e.handle = nil
		live.Add(-1)
	}
}

// Decode implements codecs.AudioDecoder.
func (d *G722Decoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	if d.handle == nil {
		return dst, codecs.ErrClosed
	}
	if len(packet) == 0 || len(packet) > g722Longest {
		return dst, fmt.Errorf("ffmpeg: %w: g722 packet of %d bytes", codecs.ErrCorrupt, len(packet))
	}
	n := C.pg_decode(d.handle, (*C.uint8_t)(unsafe.Pointer(&packet[0])), C.int(len(packet)),
		(*C.int16_t)(unsafe.Pointer(&d.samples[0])), C.int(len(d.samples)))
	if n < 0 {
		return dst, fmt.Errorf("ffmpeg: %w: g722: %s", codecs.ErrCorrupt, errorText(int(n)))
	}
	d.wide = d.wide[:0]
	for _, v := range d.samples[:n] {
		d.wide = append(d.wide, float32(v)/32768)
	}
	d.conceal.Received(d.wide)
	return d.filter.Append(dst, d.wide), nil
}

// Recover implements codecs.AudioDecoder by concealment; next is not used.
func (d *G722Decoder) Recover(dst []float32, _ []byte, samples int) ([]float32, error) {
	if d.handle == nil {
		return dst, codecs.ErrClosed
	}
	return g711.RecoverNarrow(dst, samples, g722Factor, d.conceal, d.filter), nil
}

// Duration implements codecs.AudioDecoder.
func (d *G722Decoder) Duration(packet []byte) int {
	if len(packet) > g722Longest {
		return 0
	}
	return 2 * len(packet) * g722Factor
}

// Close implements codecs.AudioDecoder.
func (d *G722Decoder) Close() {
	if d.handle != nil {
		C.pg_close(d.handle)
		d.handle = nil
		live.Add(-1)
	}
}
