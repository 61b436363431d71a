package rtp

import (
	"bytes"
	"testing"
	"time"
)

func TestExtensions(t *testing.T) {
	for name, test := range map[string]struct {
		profile uint16
		data    []byte
		id      uint8
		want    []byte
	}{
		"one byte":                  {0xbede, []byte{0x10, 0x85, 0, 0}, 1, []byte{0x85}},
		"longest":                   {0xbede, append([]byte{0xef}, make([]byte, 19)...), 14, make([]byte, 16)},
		"second, after padding":     {0xbede, []byte{0x21, 1, 2, 0, 0, 0x30, 9, 0}, 3, []byte{9}},
		"first of two with one id":  {0xbede, []byte{0x10, 1, 0x10, 2}, 1, []byte{1}},
		"not there":                 {0xbede, []byte{0x10, 1, 0, 0}, 2, nil},
		"behind id 15":              {0xbede, []byte{0xf0, 1, 0x20, 2}, 2, nil},
		"id 15 itself":              {0xbede, []byte{0xf0, 1, 0, 0}, 15, nil},
		"id 0 with a length":        {0xbede, []byte{0x03, 1, 0x20, 2}, 2, nil},
		"beyond the end":            {0xbede, []byte{0x1f, 1, 2, 3}, 1, nil},
		"id 0":                      {0xbede, []byte{0x10, 1, 0, 0}, 0, nil},
		"two bytes":                 {0x1000, []byte{1, 1, 0x85, 0}, 1, []byte{0x85}},
		"two bytes, appbits, large": {0x1003, append([]byte{200, 17, 7}, make([]byte, 17)...), 200, append([]byte{7}, make([]byte, 16)...)},
		"two bytes, empty":          {0x1000, []byte{1, 0, 2, 0}, 1, []byte{}},
		"two bytes, cut":            {0x1000, []byte{0, 0, 0, 1}, 1, nil},
		"two bytes, beyond the end": {0x1000, []byte{1, 9, 0, 0}, 1, nil},
		"another profile":           {0x1234, []byte{0x10, 1, 0, 0}, 1, nil},
		"none":                      {0, nil, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (extensions{test.profile, test.data}).get(test.id); !bytes.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// levelled makes an RTP packet with one CSRC and an audio level.
func levelled(sequence uint16, level byte) []byte {
	return []byte{
		0x91, 96, byte(sequence >> 8), byte(sequence), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 77,
		0xbe, 0xde, 0, 1, 0x30, level, 0, 0, 42,
	}
}

// TestAudioLevel: the level comes with each packet, with those that were held
// on probation too.
func TestAudioLevel(t *testing.T) {
	var got []Packet
	var raw [][]byte
	b := newBench(t, func(c *Config) {
		c.AudioLevelID = 3
		c.Hooks.Packet = func(p Packet) {
			got = append(got, p)
			raw = append(raw, bytes.Clone(p.Extension(3)))
		}
	})
	buffer := make([]byte, 25) // as a socket's: used again
	for n, level := range []byte{0x80 | 5, 127, 0} {
		copy(buffer, levelled(uint16(n), level))
		b.s.packet(buffer, declared, b.now)
		b.now = b.now.Add(20 * time.Millisecond)
	}
	b.rtp(declared, 1, 3)
	if len(got) != 4 {
		t.Fatalf("%d packets: %+v", len(got), b.s.Stats())
	}
	for i, want := range []struct {
		level uint8
		voice bool
		raw   []byte
	}{{5, true, []byte{0x85}}, {127, false, []byte{127}}, {0, false, []byte{0}}, {NoAudioLevel, false, nil}} {
		if got[i].AudioLevel != want.level || got[i].Voice != want.voice || !bytes.Equal(raw[i], want.raw) {
			t.Errorf("packet %d: level %d, voice %v, element %v", i, got[i].AudioLevel, got[i].Voice, raw[i])
		}
	}
	got = nil
	b.s.Reconfigure(func(c *Config) { c.AudioLevelID = 0 })
	b.s.packet(levelled(4, 9), declared, b.now)
	if len(got) != 1 || got[0].AudioLevel != NoAudioLevel {
		t.Errorf("without an id: %+v", got)
	}
}

func FuzzExtensions(f *testing.F) {
	f.Add(uint16(0xbede), []byte{0x10, 0x85, 0x21, 1, 2, 0, 0, 0}, uint8(2))
	f.Add(uint16(0x1001), []byte{1, 1, 0x85, 0, 9, 0}, uint8(9))
	f.Fuzz(func(t *testing.T, profile uint16, data []byte, id uint8) {
		e := extensions{profile, data}
		if got := e.get(id); got != nil && !bytes.Contains(data, got) {
			t.Errorf("%v is not in %v", got, data)
		}
		if level, voice := e.audioLevel(id); level > 127 && (level != NoAudioLevel || voice) {
			t.Errorf("level %d, voice %v", level, voice)
		}
	})
}
