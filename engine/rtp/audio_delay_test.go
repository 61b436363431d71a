package rtp

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parley/codecs"
)

// What a node adds between a packet's arrival and the mix that its sound is in,
// on a network without much jitter, from the first packet on and whatever lies
// between the sender's clock and the mixer's.
func TestDelayOnACleanNetwork(t *testing.T) {
	const most = 31 * time.Millisecond // with the 6.5 ms that Opus looks ahead far below 45 ms
	for _, jitter := range []time.Duration{0, 2 * time.Millisecond, 5 * time.Millisecond} {
		worst, least, sum, count := time.Duration(0), time.Hour, time.Duration(0), time.Duration(0)
		for phase := range 20 {
			t.Run(fmt.Sprintf("jitter %v, phase %d ms", jitter, phase), func(t *testing.T) {
				r := NewAudioReceiver(&loudness{}, 48000)
				rng := rand.New(rand.NewPCG(uint64(phase), 5))
				start := time.Unix(900, 0)
				frame := make([]float32, codecs.FrameSamples)
				late := func() time.Duration { // of a packet, and of our own clock
					return time.Duration(rng.Int64N(int64(jitter) + 1))
				}
				arrival := func(i int) time.Time {
					return start.Add(time.Duration(i)*20*time.Millisecond + late())
				}
				sent, next := 0, arrival(0)
				for tick := range 500 {
					now := start.Add(time.Duration(tick)*20*time.Millisecond + time.Duration(phase)*time.Millisecond + late())
					for ; !next.After(now); next = arrival(sent) {
						r.Push(Packet{
							Sequence: uint16(sent), Extended: int64(sent), Timestamp: uint32(960 * sent),
							Payload: []byte{30, 0, 0}, Arrival: next, AudioLevel: NoAudioLevel,
						})
						sent++
					}
					if r.Pull(frame, now) != Sound {
						if tick > 2 {
							t.Fatalf("tick %d: nothing to hear", tick)
						}
						continue
					}
					// The frame begins before what is held and what it took itself.
					held := time.Duration(len(r.sound)+codecs.FrameSamples) * time.Second / codecs.SampleRate
					media := r.buffer.time(r.buffer.position) - held
					d := now.Sub(start) - media // a packet leaves its sender without delay
					worst, least = max(worst, d), min(least, d)
					sum, count = sum+d, count+1
				}
				if c := r.Counters(); c.Concealed != 0 || c.Removed+c.Inserted > 960 {
					t.Errorf("%+v", c)
				}
			})
		}
		t.Logf("jitter %v: %v to %v, mean %v", jitter, least, worst, sum/count)
		if worst > most+jitter {
			t.Errorf("jitter %v: up to %v", jitter, worst)
		}
	}
}
