package fake

import (
	"encoding/binary"
	"fmt"

	"parley/codecs"
	"parley/codecs/g711"
)

// opusTOC begins every packet of the stand-in for Opus: CELT only, full band,
// 20 ms, mono, one frame (RFC 6716 section 3.1).
const opusTOC = 31 << 3

// Of the stand-in for Opus: every second sample is kept, in 16 bits.
const (
	keep       = 2
	maxSamples = codecs.SampleRate * 120 / 1000
)

// AudioEncoder is a codecs.AudioEncoder with packets of the same timing as
// Opus, each of 961 bytes.
type AudioEncoder struct{ closed bool }

// AudioDecoder is a codecs.AudioDecoder for what AudioEncoder makes.
type AudioDecoder struct {
	last    float32
	conceal *g711.Concealer
	samples []float32
	closed  bool
}

var (
	_ codecs.AudioEncoder = (*AudioEncoder)(nil)
	_ codecs.AudioDecoder = (*AudioDecoder)(nil)
)

// NewAudioEncoder returns an encoder.
func NewAudioEncoder() *AudioEncoder { return &AudioEncoder{} }

// NewAudioDecoder returns a decoder.
func NewAudioDecoder() *AudioDecoder {
	return &AudioDecoder{conceal: g711.NewConcealer(codecs.SampleRate / keep)}
}

// Encode implements codecs.AudioEncoder.
func (e *AudioEncoder) Encode(dst []byte, frame []float32) ([]byte, error) {
	if e.closed {
		return dst, codecs.ErrClosed
	}
	if len(frame) != codecs.FrameSamples {
		return dst, fmt.Errorf("fake: %w: frame of %d samples", codecs.ErrUnsupported, len(frame))
	}
	dst = append(dst, opusTOC)
	for i := 0; i < len(frame); i += keep {
		v := (frame[i] + frame[i+1]) / 2 * 32767
		dst = binary.BigEndian.AppendUint16(dst, uint16(int16(min(max(v, -32768), 32767))))
	}
	return dst, nil
}

// SetLoss implements codecs.AudioEncoder and changes nothing.
func (e *AudioEncoder) SetLoss(int) {}

// Close implements codecs.AudioEncoder.
func (e *AudioEncoder) Close() { e.closed = true }

// Decode implements codecs.AudioDecoder.
func (d *AudioDecoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	if d.closed {
		return dst, codecs.ErrClosed
	}
	if d.Duration(packet) == 0 {
		return dst, fmt.Errorf("fake: %w: packet of %d bytes", codecs.ErrCorrupt, len(packet))
	}
	d.samples = d.samples[:0]
	for i := 1; i < len(packet); i += 2 {
		d.samples = append(d.samples, float32(int16(binary.BigEndian.Uint16(packet[i:])))/32767)
	}
	d.conceal.Received(d.samples)
	return d.expand(dst, d.samples), nil
}

// Recover implements codecs.AudioDecoder by concealment; next is not used.
func (d *AudioDecoder) Recover(dst []float32, _ []byte, samples int) ([]float32, error) {
	if d.closed {
		return dst, codecs.ErrClosed
	}
	samples = min(max(samples, 0), codecs.SampleRate)
	n := (samples + keep - 1) / keep
	if cap(d.samples) < n {
		d.samples = make([]float32, n)
	}
	d.samples = d.samples[:n]
	d.conceal.Conceal(d.samples)
	before := len(dst)
	return d.expand(dst, d.samples)[:before+samples], nil
}

// Duration implements codecs.AudioDecoder.
func (d *AudioDecoder) Duration(packet []byte) int {
	n := (len(packet) - 1) / 2 * keep
	if len(packet)%2 == 0 || len(packet) < 3 || packet[0] != opusTOC || n > maxSamples {
		return 0
	}
	return n
}

// Close implements codecs.AudioDecoder.
func (d *AudioDecoder) Close() { d.closed = true }

// expand appends two samples for each, on straight lines between them.
func (d *AudioDecoder) expand(dst, samples []float32) []float32 {
	for _, v := range samples {
		dst = append(dst, (d.last+v)/2, v)
		d.last = v
	}
	return dst
}
