//go:build cgo

package opus

import (
	"math"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

// stream is what one listener is sent and what comes out of his decoder.
type stream struct {
	t       *testing.T
	decoder *Decoder
	heard   []float32
}

func newStream(t *testing.T) *stream {
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &stream{t: t, decoder: d}
}

func (s *stream) take(packet []byte) {
	s.t.Helper()
	var err error
	if s.heard, err = s.decoder.Decode(s.heard, packet); err != nil {
		s.t.Fatal(err)
	}
}

func voiceEncoder(t *testing.T) *Encoder {
	t.Helper()
	e, err := NewEncoder(48000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.SetLoss(5)
	return e
}

func packet(t *testing.T, e *Encoder, frame []float32) []byte {
	t.Helper()
	p, err := e.Encode(nil, frame)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// largestStep returns by how many dB the level of 5 ms of got differs most from
// that of want, from a frame on to the end.
func largestStep(got, want []float32, frame int) (most float64) {
	const window = codecs.FrameSamples / 4
	for k := frame * codecs.FrameSamples; k+window <= len(want); k += window {
		most = max(most, math.Abs(20*math.Log10(codectest.Level(got[k:k+window])/codectest.Level(want[k:k+window]))))
	}
	return most
}

// A listener may go from one encoder's packets to another's: where both have
// coded the same sound for half a second it is not heard, and an encoder that
// has not run takes over when it has coded the two frames before.
func TestListenerChangesEncoder(t *testing.T) {
	const frames, change = 70, 50
	var voice codectest.Voice
	other := codectest.Tone{Frequency: 500, Amplitude: 0.2}
	common, own := voiceEncoder(t), voiceEncoder(t)
	idle, primed := voiceEncoder(t), voiceEncoder(t)
	steady, back := newStream(t), newStream(t)
	stale, fresh := newStream(t), newStream(t)
	var before [2][]float32
	for i := range frames {
		mine, all := make([]float32, codecs.FrameSamples), make([]float32, codecs.FrameSamples)
		voice.Next(mine) // what the others say
		other.Next(all)  // what he says himself, until half a second before the change
		if i < 10 {
			packet(t, idle, all)
			packet(t, primed, all)
		}
		for k := range all {
			if i >= change-25 {
				all[k] = 0
			}
			all[k] += mine[k]
		}
		shared, without := packet(t, common, all), packet(t, own, mine)
		steady.take(shared)
		switch {
		case i < change:
			back.take(without)
			stale.take(shared)
			fresh.take(shared)
		default:
			if i == change {
				primed.Reset()
				packet(t, primed, before[0])
				packet(t, primed, before[1])
			}
			back.take(shared)
			stale.take(packet(t, idle, mine))
			fresh.take(packet(t, primed, mine))
		}
		before[0], before[1] = before[1], mine
	}
	if step := largestStep(back.heard, steady.heard, change); step > 0.5 {
		t.Errorf("back to the common encoder: a step of %.1f dB", step)
	}
	if step := largestStep(fresh.heard, steady.heard, change); step > 2 {
		t.Errorf("to an encoder that knows what was before: a step of %.1f dB", step)
	}
	if step := largestStep(stale.heard, steady.heard, change); step < 6 {
		t.Errorf("to one that does not: only %.1f dB, so why care", step)
	}
}

// The packet of lasting silence may be sent again and again in place of new
// ones, and the encoder goes on from there.
func TestPacketOfSilenceRepeats(t *testing.T) {
	for _, loss := range []int{0, 5, 30} {
		for _, bitrate := range []int{0, 6000, 24000, 48000, 128000} {
			e, err := NewEncoder(bitrate)
			if err != nil {
				t.Fatal(err)
			}
			e.SetLoss(loss)
			s, whole := newStream(t), newStream(t)
			var voice codectest.Voice
			frame := make([]float32, codecs.FrameSamples)
			for range 50 {
				voice.Next(frame)
				p := packet(t, e, frame)
				s.take(p)
				whole.take(p)
			}
			clear(frame)
			var last []byte
			for range 25 {
				last = packet(t, e, frame)
				s.take(last)
				whole.take(last)
			}
			s.heard = s.heard[:0]
			for range 250 {
				s.take(last)
			}
			if l := 20 * math.Log10(codectest.Level(s.heard)+1e-9); l > -85 {
				t.Errorf("loss %d, %d bit/s: %.0f dBov after five seconds of the same packet", loss, bitrate, l)
			}
			s.heard, whole.heard = s.heard[:0], whole.heard[:0]
			for range 10 {
				voice.Next(frame)
				p := packet(t, e, frame)
				s.take(p)
				whole.take(p)
			}
			if snr := codectest.SNR(s.heard, whole.heard); snr < 25 {
				t.Errorf("loss %d, %d bit/s: the voice after it differs, SNR %.1f", loss, bitrate, snr)
			}
			e.Close()
		}
	}
}
