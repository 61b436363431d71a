package rtp

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley/codecs"
)

// toneDecoder decodes packets of 8 bytes, a start in samples and a count, to a
// 200 Hz tone; concealed samples are zeros.
type toneDecoder struct{ recovered, fec int }

func tone(at int64) float32 {
	return 0.5 * float32(math.Sin(2*math.Pi*200*float64(at)/codecs.SampleRate))
}

func (d *toneDecoder) Decode(dst []float32, packet []byte) ([]float32, error) {
	if len(packet) != 8 {
		return dst, codecs.ErrCorrupt
	}
	start, n := int64(binary.BigEndian.Uint32(packet)), int(binary.BigEndian.Uint32(packet[4:]))
	for i := range n {
		dst = append(dst, tone(start+int64(i)))
	}
	return dst, nil
}

func (d *toneDecoder) Recover(dst []float32, next []byte, samples int) ([]float32, error) {
	d.recovered += samples
	if next != nil {
		d.fec++
	}
	return append(dst, make([]float32, samples)...), nil
}

func (d *toneDecoder) Duration(p []byte) int {
	if len(p) != 8 {
		return 0
	}
	return int(binary.BigEndian.Uint32(p[4:]))
}

func (d *toneDecoder) Close() {}

// call simulates one direction of a call: packets of a length, sent by a clock
// that may drift, over a network with delays and loss, pulled every 20 ms.
type call struct {
	clock   int
	length  time.Duration // of a packet
	drift   float64       // of the sender's clock, such as 500e-6
	seconds int
	delay   func(r *rand.Rand, at time.Duration) time.Duration
	lose    func(r *rand.Rand, n int) bool
	mute    func(at time.Duration) bool // the sender sends nothing
	jump    func(at time.Duration) (timestamp uint32, restart bool)
}

type callResult struct {
	active, silent int // frames
	counters       AudioReceiverCounters
	decoder        toneDecoder
	delay          []time.Duration // excess + target at the end of every second
}

func (c call) run(t *testing.T) callResult {
	t.Helper()
	var result callResult
	r := rand.New(rand.NewPCG(7, 7))
	receiver := NewAudioReceiver(&result.decoder, c.clock)
	start := time.Unix(5000, 0)
	var packets []Packet
	samples := int(c.length * codecs.SampleRate / time.Second)
	extended, base := int64(65530), uint32(math.MaxUint32-50000)
	end := time.Duration(c.seconds) * time.Second
	for n := 0; ; n++ {
		at := time.Duration(float64(n) * float64(c.length) / (1 + c.drift))
		if at > end {
			break
		}
		if c.mute != nil && c.mute(at) {
			continue
		}
		extended++
		p := Packet{Sequence: uint16(extended), Extended: extended, Payload: make([]byte, 8), AudioLevel: NoAudioLevel}
		p.Timestamp = base + uint32(int64(n)*int64(c.length)*int64(c.clock)/int64(time.Second))
		if c.jump != nil {
			offset, restart := c.jump(at)
			p.Timestamp += offset
			p.SSRCChanged = restart
		}
		binary.BigEndian.PutUint32(p.Payload, uint32(n*samples))
		binary.BigEndian.PutUint32(p.Payload[4:], uint32(samples))
		if c.lose != nil && c.lose(r, n) {
			continue
		}
		p.Arrival = start.Add(at + 30*time.Millisecond)
		if c.delay != nil {
			p.Arrival = p.Arrival.Add(c.delay(r, at))
		}
		packets = append(packets, p)
	}
	slices.SortStableFunc(packets, func(a, b Packet) int { return a.Arrival.Compare(b.Arrival) })
	frame := make([]float32, codecs.FrameSamples)
	for at := time.Duration(0); at < end; at += 20 * time.Millisecond {
		now := start.Add(at + 3*time.Millisecond)
		for len(packets) > 0 && !packets[0].Arrival.After(now) {
			receiver.Push(packets[0])
			packets = packets[1:]
		}
		if receiver.Pull(frame, now) == Sound {
			result.active++
		} else {
			result.silent++
		}
		for i, s := range frame {
			if s < -1 || s > 1 || s != s {
				t.Fatalf("sample %d at %v is %v", i, at, s)
			}
		}
		if at%time.Second == 0 {
			k := receiver.Counters()
			result.delay = append(result.delay, k.Excess+k.Target)
		}
	}
	result.counters = receiver.Counters()
	return result
}

func uniform(most time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(r *rand.Rand, _ time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
}

func TestAudioReceiver(t *testing.T) {
	const frame = 20 * time.Millisecond
	for name, test := range map[string]struct {
		call      call
		silent    int     // most frames without sound
		concealed float64 // most share of concealed samples
		changed   float64 // most share of samples taken out or put in
		delay     time.Duration
	}{
		"clean":            {call{clock: 48000, length: frame, seconds: 20}, 5, 0, 0.01, 35 * time.Millisecond},
		"clean G.711":      {call{clock: 8000, length: frame, seconds: 20}, 5, 0, 0.01, 35 * time.Millisecond},
		"packets of 10 ms": {call{clock: 8000, length: frame / 2, seconds: 20}, 5, 0, 0.01, 35 * time.Millisecond},
		"packets of 60 ms": {call{clock: 48000, length: 3 * frame, seconds: 20}, 8, 0, 0.01, 45 * time.Millisecond},
		"packets of 30 ms": {call{clock: 8000, length: 3 * frame / 2, seconds: 20}, 6, 0, 0.01, 45 * time.Millisecond},
		"jitter 15 ms":     {call{clock: 48000, length: frame, seconds: 30, delay: uniform(15 * time.Millisecond)}, 5, 0.005, 0.02, 50 * time.Millisecond},
		"jitter 80 ms":     {call{clock: 48000, length: frame, seconds: 30, delay: uniform(80 * time.Millisecond)}, 10, 0.02, 0.02, 130 * time.Millisecond},
		"sender fast":      {call{clock: 48000, length: frame, seconds: 120, drift: 500e-6}, 5, 0.002, 0.004, 45 * time.Millisecond},
		"sender slow":      {call{clock: 48000, length: frame, seconds: 120, drift: -500e-6}, 5, 0.002, 0.004, 45 * time.Millisecond},
		"loss 5 %":         {call{clock: 48000, length: frame, seconds: 30, lose: lossy(0.05)}, 5, 0.065, 0.05, 80 * time.Millisecond},
		"loss 20 %":        {call{clock: 48000, length: frame, seconds: 30, lose: lossy(0.20)}, 15, 0.25, 0.15, 80 * time.Millisecond},
		"bursts": {call{clock: 48000, length: frame, seconds: 30, delay: func(_ *rand.Rand, at time.Duration) time.Duration {
			// stalled for 120 ms every second, then all at once
			if in := at % time.Second; in < 120*time.Millisecond {
				return 120*time.Millisecond - in
			}
			return 0
		}}, 10, 0.03, 0.08, 200 * time.Millisecond},
		"pauses": {call{clock: 48000, length: frame, seconds: 30, mute: func(at time.Duration) bool {
			return at%(2*time.Second) > time.Second
		}}, 800, 0.1, 0.02, 50 * time.Millisecond},
		"timestamps jump": {call{clock: 48000, length: frame, seconds: 20, jump: func(at time.Duration) (uint32, bool) {
			return uint32(at/(5*time.Second)) * 123456789, false
		}}, 30, 0.02, 0.02, 60 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			r := test.call.run(t)
			total := float64((r.active + r.silent) * codecs.FrameSamples)
			k := r.counters
			t.Logf("silent %d, concealed %.3f, removed %d, inserted %d, fec %d, %+v", r.silent, float64(k.Concealed)/total, k.Removed, k.Inserted, r.decoder.fec, k)
			if r.silent > test.silent {
				t.Errorf("%d frames silent, want at most %d", r.silent, test.silent)
			}
			if share := float64(k.Concealed) / total; share > test.concealed {
				t.Errorf("%.4f concealed, want at most %.4f", share, test.concealed)
			}
			if share := float64(k.Removed+k.Inserted) / total; share > test.changed {
				t.Errorf("%.4f changed, want at most %.4f", share, test.changed)
			}
			if d := r.delay[len(r.delay)-1]; d > test.delay || d < 10*time.Millisecond {
				t.Errorf("delay %v at the end, want at most %v", d, test.delay)
			}
		})
	}
}

func lossy(share float64) func(*rand.Rand, int) bool {
	return func(r *rand.Rand, _ int) bool { return r.Float64() < share }
}
