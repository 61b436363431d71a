package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"parley/codecs"
)

// readWAV reads the sound of a 16-bit PCM or 32-bit float WAV file, mixed to
// mono at codecs.SampleRate. The sizes in its header are not believed: a
// program that still writes has not filled them in.
func readWAV(path string) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return parseWAV(all)
}

var errWAV = errors.New("peer: not a WAV file that can be read")

func parseWAV(b []byte) ([]float32, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, errWAV
	}
	b = b[12:]
	var kind, bits uint16
	var channels, rate int
	for len(b) >= 8 {
		id, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		if id == "data" {
			return samples(b, kind, channels, rate, bits)
		}
		if size > len(b) {
			break
		}
		if id == "fmt " && size >= 16 {
			kind, bits = binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[14:])
			channels, rate = int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint32(b[4:]))
		}
		b = b[size+size&1:]
	}
	return nil, errWAV
}

// samples mixes to mono and repeats or leaves out samples to reach the rate,
// which is good enough to find tones.
func samples(data []byte, kind uint16, channels, rate int, bits uint16) ([]float32, error) {
	pcm, float := kind == 1 && bits == 16, kind == 3 && bits == 32
	if channels < 1 || rate < 1000 || !pcm && !float {
		return nil, fmt.Errorf("%w: format %d, %d bits, %d channels, %d Hz", errWAV, kind, bits, channels, rate)
	}
	width := int(bits) / 8 * channels
	n := len(data) / width
	out := make([]float32, int64(n)*codecs.SampleRate/int64(rate))
	for i := range out {
		at := int(int64(i)*int64(rate)/codecs.SampleRate) * width
		for c := range channels {
			s := data[at+c*int(bits)/8:]
			if pcm {
				out[i] += float32(int16(binary.LittleEndian.Uint16(s))) / 32768
			} else {
				out[i] += math.Float32frombits(binary.LittleEndian.Uint32(s))
			}
		}
		out[i] /= float32(channels)
	}
	return out, nil
}

// writeWAV writes mono 16-bit sound at codecs.SampleRate.
func writeWAV(path string, sound []float32, rate int) error {
	step := codecs.SampleRate / rate
	n := len(sound) / step
	b := make([]byte, 44, 44+2*n)
	copy(b, "RIFF")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*n))
	copy(b[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(b[16:], 16)
	binary.LittleEndian.PutUint16(b[20:], 1)
	binary.LittleEndian.PutUint16(b[22:], 1)
	binary.LittleEndian.PutUint32(b[24:], uint32(rate))
	binary.LittleEndian.PutUint32(b[28:], uint32(2*rate))
	binary.LittleEndian.PutUint16(b[32:], 2)
	binary.LittleEndian.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	binary.LittleEndian.PutUint32(b[40:], uint32(2*n))
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(min(max(sound[i*step], -1), 1)*32767)))
	}
	return os.WriteFile(path, b, 0o644)
}
