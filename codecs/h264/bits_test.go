package h264

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func TestExpGolomb(t *testing.T) {
	// ITU-T H.264 tables 9-2 and 9-3.
	for _, c := range []struct {
		bits string
		ue   uint32
		se   int32
	}{
		{"1", 0, 0},
		{"010", 1, 1},
		{"011", 2, -1},
		{"00100", 3, 2},
		{"00101", 4, -2},
		{"00111", 6, -3},
		{"0001000", 7, 4},
		{"000010001", 16, -8},
	} {
		var unsigned, signed, raw bitWriter
		unsigned.ue(c.ue)
		signed.se(c.se)
		for _, b := range c.bits {
			raw.u(uint32(b-'0'), 1)
		}
		for _, w := range []*bitWriter{&raw, &unsigned, &signed} {
			w.trailing()
			if !bytes.Equal(w.buf, raw.buf) {
				t.Errorf("%s: written %x", c.bits, w.buf)
			}
		}
		r := newBitReader(raw.buf)
		if got := r.ue(); got != c.ue {
			t.Errorf("%s: ue %d, want %d", c.bits, got, c.ue)
		}
		if r.more() || r.bad {
			t.Errorf("%s: more %v, bad %v", c.bits, r.more(), r.bad)
		}
		r = newBitReader(raw.buf)
		if got := r.se(); got != c.se {
			t.Errorf("%s: se %d, want %d", c.bits, got, c.se)
		}
	}
}

func TestBitsRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	type field struct {
		kind int
		v    uint32
		n    int
	}
	for range 200 {
		var w bitWriter
		var fields []field
		for range 100 {
			f := field{kind: random.IntN(3), v: random.Uint32() >> random.IntN(32), n: 1 + random.IntN(32)}
			switch f.kind {
			case 0:
				f.v = uint32(uint64(f.v) & (1<<f.n - 1))
				w.u(f.v, f.n)
			case 1:
				f.v &= math.MaxInt32
				w.ue(f.v)
			case 2:
				f.v >>= 2
				w.se(-int32(f.v))
			}
			fields = append(fields, f)
		}
		w.trailing()
		// the same bits behind others
		var moved bitWriter
		lead := random.IntN(20)
		moved.u(0, lead)
		source := newBitReader(w.buf)
		moved.bits(w.buf, 0, source.end+1)
		moved.alignZeros()
		r := newBitReader(moved.buf)
		r.u(lead)
		for i, f := range fields {
			var got uint32
			switch f.kind {
			case 0:
				got = r.u(f.n)
			case 1:
				got = r.ue()
			case 2:
				got = uint32(-r.se())
			}
			if got != f.v {
				t.Fatalf("field %d %+v: %d", i, f, got)
			}
		}
		if r.bad || r.more() {
			t.Fatalf("bad %v, more %v", r.bad, r.more())
		}
	}
}

func TestReadBeyondTheEnd(t *testing.T) {
	for _, data := range [][]byte{nil, {0}, {0x80}, {0, 0, 0, 0, 0, 0x80}, {0x01}} {
		r := newBitReader(data)
		for range 3 {
			r.ue()
			r.se()
			r.u(32)
		}
		if !r.bad || r.more() {
			t.Errorf("%x: bad %v", data, r.bad)
		}
	}
}

func TestEmulationPrevention(t *testing.T) {
	for _, c := range []struct{ rbsp, nal string }{
		{"\x00\x00\x01", "\x00\x00\x03\x01"},
		{"\x00\x00\x00\x00\x00\x80", "\x00\x00\x03\x00\x00\x03\x00\x80"},
		{"\x00\x00\x03\x80", "\x00\x00\x03\x03\x80"},
		{"\x00\x00\x04\x00\x00\x02", "\x00\x00\x04\x00\x00\x03\x02"},
		{"\x01\x00\x00\x00\x00\x03\x00\x00\x80", "\x01\x00\x00\x03\x00\x00\x03\x03\x00\x00\x80"},
		{"\x80", "\x80"},
	} {
		got := appendNAL(nil, 0x41, []byte(c.rbsp))
		if want := "\x00\x00\x00\x01\x41" + c.nal; string(got) != want {
			t.Errorf("%x: %x, want %x", c.rbsp, got, want)
		}
		if back := appendRBSP(nil, []byte(c.nal)); string(back) != c.rbsp {
			t.Errorf("%x: back %x, want %x", c.nal, back, c.rbsp)
		}
	}
}

func TestNextNAL(t *testing.T) {
	stream := []byte("\x00\x00\x00\x01AB\x00\x00\x01C\x00\x00\x00\x00\x01\x00\x00\x01D\x00\x00")
	var got []string
	for nal, rest := nextNAL(stream); len(nal) > 0; nal, rest = nextNAL(rest) {
		got = append(got, string(nal))
	}
	if len(got) != 3 || got[0] != "AB" || got[1] != "C" || got[2] != "D" {
		t.Errorf("%q", got)
	}
	if nal, _ := nextNAL([]byte{1, 2, 3}); nal != nil {
		t.Errorf("%x without start code", nal)
	}
}
