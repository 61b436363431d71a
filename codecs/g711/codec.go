package g711

import (
	"fmt"
	"math"

	"parley/codecs"
)

// Rate is the sampling rate of G.711.
const Rate = 8000

// factor is how many samples of the engine one of G.711 stands for.
const factor = codecs.SampleRate / Rate

// passBand is where the resampling filters are at half, in Hz.
const passBand = 3750

// maxPacket is 120 ms of sound, the longest packet.
const maxPacket = Rate * 120 / 1000

// Encoder is a codecs.AudioEncoder for PCMU or PCMA, 64 kbit/s.
type Encoder struct {
	law    Law
	filter *Decimator
	narrow []float32
	closed bool
}

// Decoder is a codecs.AudioDecoder for PCMU or PCMA.
type Decoder struct {
	law     Law
	filter  *Interpolator
	conceal *Concealer
	narrow  []float32
	closed  bool
}

var (
	_ codecs.AudioEncoder = (*Encoder)(nil)
	_ codecs.AudioDecoder = (*Decoder)(nil)
)

// NewEncoder returns an encoder of the law.
func NewEncoder(law Law) *Encoder {
	return &Encoder{law: law, filter: NewDecimator(factor, passBand)}
}

// NewDecoder returns a decoder of the law.
func NewDecoder(law Law) *Decoder {
	return &Decoder{law: law, filter: NewInterpolator(factor, passBand), conceal: NewConcealer(Rate)}
}

// Encode implements codecs.AudioEncoder.
func (e *Encoder) Encode(dst []byte, frame []float32) ([]byte, error) {
	if e.closed {
		return dst, codecs.ErrClosed
	}
	if len(frame) != codecs.FrameSamples {
		return dst, fmt.Errorf("g711: %w: frame of %d samples", codecs.ErrUnsupported, len(frame))
	}
	e.narrow = e.filter.Append(e.narrow[:0], frame)
	for _, v := range e.narrow {
		dst = append(dst, e.law.encode(quantise(v)))
	}
	return dst, nil
}

// SetLoss implements codecs.AudioEncoder; G.711 has nothing to set.
func (e *Encoder) SetLoss(int) {}

// Close implements codecs.AudioEncoder.
func (e *Encoder) Close() { e.closed = true }

// Decode implements codecs.AudioDecoder.
func (d *Decoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	if d.closed {
		return dst, codecs.ErrClosed
	}
	if len(packet) == 0 || len(packet) > maxPacket {
		return dst, fmt.Errorf("g711: %w: packet of %d bytes", codecs.ErrCorrupt, len(packet))
	}
	d.narrow = d.narrow[:0]
	table := &decoded[d.law]
	for _, code := range packet {
		d.narrow = append(d.narrow, table[code])
	}
	d.conceal.Received(d.narrow)
	return d.filter.Append(dst, d.narrow), nil
}

// Recover implements codecs.AudioDecoder by concealment; next is not used.
func (d *Decoder) Recover(dst []float32, _ []byte, samples int) ([]float32, error) {
	if d.closed {
		return dst, codecs.ErrClosed
	}
	return RecoverNarrow(dst, samples, factor, d.conceal, d.filter), nil
}

// Duration implements codecs.AudioDecoder.
func (d *Decoder) Duration(packet []byte) int {
	if len(packet) > maxPacket {
		return 0
	}
	return len(packet) * factor
}

// Close implements codecs.AudioDecoder.
func (d *Decoder) Close() { d.closed = true }

// Level returns the level of a packet in dBov, -127 to 0, in the sense of RFC
// 6464 and without what stands still in it: the least step of the A-law is not
// zero. It takes a small part of the time to decode it.
func (d *Decoder) Level(packet []byte) float64 {
	table := &decoded[d.law]
	var sum, squares float32
	for _, code := range packet {
		v := table[code]
		sum += v
		squares += v * v
	}
	n := float64(max(len(packet), 1))
	mean := float64(sum) / n
	power := float64(squares)/n - mean*mean
	if power < 1e-12 {
		return -127
	}
	return min(10*math.Log10(power), 0)
}
