// Package g711 codes telephone sound by ITU-T G.711 in plain Go: PCMU and PCMA
// at 8 kHz (RFC 3551 sections 4.5.14), resampled from and to 48 kHz. Its Concealer,
// Decimator and Interpolator serve other narrow codecs too.
package g711

import "math/bits"

// Law is one of the two companding laws of G.711.
type Law uint8

// The laws.
const (
	MuLaw Law = iota // PCMU
	ALaw             // PCMA
)

// muBias moves the first segment of the mu-law off zero; muClip is the largest
// magnitude that it codes.
const (
	muBias = 132
	muClip = 32767 - muBias
)

// encode codes one 16-bit sample.
func (l Law) encode(sample int16) byte {
	v := int(sample)
	if l == MuLaw {
		sign := byte(0)
		if v < 0 {
			sign, v = 0x80, -v
		}
		v = min(v, muClip) + muBias
		segment := bits.Len(uint(v)) - 8
		return ^(sign | byte(segment<<4) | byte(v>>(segment+3)&15))
	}
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, ^v
	}
	segment := max(bits.Len(uint(v))-8, 0)
	return (sign | byte(segment<<4) | byte(v>>(max(segment, 1)+3)&15)) ^ 0x55
}

// decode returns the 16-bit sample of a code.
func (l Law) decode(code byte) int16 {
	if l == MuLaw {
		code = ^code
		v := (int(code&15)<<3+muBias)<<(code>>4&7) - muBias
		if code&0x80 != 0 {
			v = -v
		}
		return int16(v)
	}
	code ^= 0x55
	v := int(code&15)<<4 + 8
	if segment := code >> 4 & 7; segment > 0 {
		v = (v + 256) << (segment - 1)
	}
	if code&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// decoded holds the samples of all codes in [-1, 1], for each law.
var decoded = func() (t [2][256]float32) {
	for law := range t {
		for code := range t[law] {
			t[law][code] = float32(Law(law).decode(byte(code))) / 32768
		}
	}
	return t
}()

// quantise returns a sample in [-1, 1] as 16 bits, clipped.
func quantise(v float32) int16 {
	v *= 32768
	switch {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v >= 0:
		return int16(v + 0.5)
	case v < 0:
		return int16(v - 0.5)
	}
	return 0 // not a number
}
