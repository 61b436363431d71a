//go:build cgo

package opus

import (
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

// onsets loses the packet in which a voice begins, after each pause of 300 ms,
// with the one before it for count 2, and returns the level of what Recover
// made of the last lost packet, as a share of what it was.
func onsets(t *testing.T, count int, fec bool) float64 {
	t.Helper()
	e, err := NewEncoder(0)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.SetLoss(20)
	lossy, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer lossy.Close()
	whole, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	const cycle, onset, lost = 30, 15, 17 // packets
	voice := codectest.Voice{}
	frame := make([]float32, codecs.FrameSamples)
	var packets [][]byte
	for i := range 10 * cycle {
		voice.Next(frame)
		if i%cycle < onset {
			clear(frame)
		}
		p, err := e.Encode(nil, frame)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	var got, want []float32
	for i, p := range packets[:len(packets)-1] {
		sound, err := whole.Decode(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		switch at := i % cycle; {
		case at > lost-count && at < lost:
		case at == lost:
			var next []byte
			if fec {
				next = packets[i+1]
			}
			made, err := lossy.Recover(nil, next, count*codecs.FrameSamples)
			if err != nil || len(made) != count*codecs.FrameSamples {
				t.Fatal(len(made), err)
			}
			got = append(got, made[(count-1)*codecs.FrameSamples:]...)
			want = append(want, sound...)
		default:
			if _, err := lossy.Decode(nil, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	return codectest.Level(got) / codectest.Level(want)
}

// The voice sets in with packet 15 of a cycle: without packets 16 and 17 the
// decoder knows hardly more of it than silence.
func TestRecoverUsesFEC(t *testing.T) {
	with, without := onsets(t, 2, true), onsets(t, 2, false)
	if with < 0.7 || without > 0.5 {
		t.Errorf("level %.2f with the next packet, %.2f without", with, without)
	}
}

func TestDTX(t *testing.T) {
	e, err := NewEncoder(24000)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	frame := make([]float32, codecs.FrameSamples)
	sent := func() (n int) {
		for range 100 {
			p, err := e.Encode(nil, frame)
			if err != nil {
				t.Fatal(err)
			}
			if len(p) > 0 {
				n++
			}
		}
		return n
	}
	if n := sent(); n != 100 {
		t.Errorf("%d of 100 packets of silence sent without DTX", n)
	}
	e.SetDTX(true)
	if n := sent(); n > 40 {
		t.Errorf("%d of 100 packets of silence sent with DTX", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	e, err := NewEncoder(0)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var voice codectest.Voice
	frame := make([]float32, codecs.FrameSamples)
	voice.Next(frame)
	var packet []byte
	for b.Loop() {
		if packet, err = e.Encode(packet[:0], frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	e, err := NewEncoder(0)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	d, err := NewDecoder()
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var voice codectest.Voice
	frame := make([]float32, codecs.FrameSamples)
	var packets [][]byte
	for range 50 {
		voice.Next(frame)
		p, err := e.Encode(nil, frame)
		if err != nil {
			b.Fatal(err)
		}
		packets = append(packets, p)
	}
	sound := make([]float32, 0, codecs.FrameSamples)
	for i := 0; b.Loop(); i++ {
		if _, err = d.Decode(sound, packets[i%len(packets)]); err != nil {
			b.Fatal(err)
		}
	}
}
