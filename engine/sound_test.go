package engine

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/codectest"
	"parley/codecs/fake"
	"parley/codecs/native"
	"parley/engine/rtp"
)

// hall is a conference of sound alone, without sockets, whose parties say what
// they are given packet by packet.
type hall struct {
	conference *Conference
	parties    []*party
	start      time.Time
	tick       int
}

// party is one participant of a hall.
type party struct {
	leg     *Leg
	codec   string
	packets []recorded // said in turn, again and again
	levels  bool       // he tells the level of each packet
	silent  bool       // he sends nothing
}

// recorded is one packet.
type recorded struct {
	payload []byte
	level   uint8 // -dBov
}

// record encodes the sound that next makes, frame by frame.
func record(t testing.TB, set codecs.Set, codec string, frames int, next func([]float32)) []recorded {
	t.Helper()
	enc, err := set.NewAudioEncoder(codec, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	var made []recorded
	frame := make([]float32, codecs.FrameSamples)
	for range frames {
		next(frame)
		packet, err := enc.Encode(nil, frame)
		if err != nil {
			t.Fatal(err)
		}
		dBov := 20 * math.Log10(codectest.Level(frame)+1e-9)
		made = append(made, recorded{packet, uint8(min(max(-dBov, 0), 127))})
	}
	return made
}

// murmur is the noise of a room, at a level in dBov.
func murmur(dBov float64) func([]float32) {
	rng := rand.New(rand.NewPCG(1, 1))
	amplitude := math.Pow(10, dBov/20) * math.Sqrt(3)
	return func(frame []float32) {
		for i := range frame {
			frame[i] = float32(amplitude * (2*rng.Float64() - 1))
		}
	}
}

func newHall(t testing.TB, set codecs.Set) *hall {
	t.Helper()
	e := New(Config{Codecs: set, Manual: true, Workers: 1, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(e.Close)
	h := &hall{start: time.Unix(7000, 0)}
	h.conference = newConference(e, testConfig("hall", OwnShown))
	return h
}

var rtpClocks = map[string]int{codecs.Opus: 48000, codecs.PCMU: 8000, codecs.PCMA: 8000, codecs.G722: 8000}

// enter adds a party who says packets.
func (h *hall) enter(t testing.TB, codec string, levels bool, packets []recorded) *party {
	t.Helper()
	clock := rtpClocks[codec]
	p := &party{codec: codec, packets: packets, levels: levels}
	leg, err := h.conference.join(LegConfig{
		ID: fmt.Sprint(len(h.parties)),
		Audio: &AudioConfig{
			RTP: rtp.Config{
				SendPayloadType: 96, SendClock: clock, Receive: map[uint8]int{96: clock},
				Remote: netip.MustParseAddrPort("192.0.2.1:4000"),
			},
			Send: true, Receive: true, Codec: codec, Formats: map[uint8]string{96: codec},
		},
	}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leg.Close)
	p.leg = leg
	h.parties = append(h.parties, p)
	return p
}

// now is when the next mix comes.
func (h *hall) now() time.Time { return h.start.Add(time.Duration(h.tick) * 20 * time.Millisecond) }

// next brings one packet of each party and mixes.
func (h *hall) next() {
	now := h.now()
	for i, p := range h.parties {
		if p.silent || len(p.packets) == 0 {
			continue
		}
		r := p.packets[(h.tick+7*i)%len(p.packets)]
		packet := rtp.Packet{
			PayloadType: 96, Sequence: uint16(h.tick), Extended: int64(h.tick),
			Timestamp: uint32(h.tick * rtpClocks[p.codec] / 50), Payload: r.payload,
			Arrival: now.Add(-5 * time.Millisecond), AudioLevel: rtp.NoAudioLevel,
		}
		if p.levels {
			packet.AudioLevel = r.level
		}
		p.leg.audio.Load().receive(packet)
	}
	h.conference.sound.mix(now)
	h.tick++
}

func (h *hall) run(ticks int) {
	for range ticks {
		h.next()
	}
}

// crowd fills a hall: three who talk, the others with the noise of their rooms.
func (h *hall) crowd(t testing.TB, set codecs.Set, parties int, codec string, levels bool) {
	var voice codectest.Voice
	talk, noise := record(t, set, codec, 50, voice.Next), record(t, set, codec, 50, murmur(-62))
	for i := range parties {
		if i < 3 {
			h.enter(t, codec, levels, talk)
		} else {
			h.enter(t, codec, levels, noise)
		}
	}
	h.run(100)
}

func TestSoundAllocatesNothing(t *testing.T) {
	for _, codec := range []string{codecs.Opus, codecs.PCMU} {
		for _, levels := range []bool{false, true} {
			h := newHall(t, fake.Codecs())
			h.crowd(t, fake.Codecs(), 30, codec, levels)
			// The streams' own reports, some each second, do allocate.
			const ticks = 60
			allocating := 0
			for range ticks {
				if testing.AllocsPerRun(1, h.next) != 0 {
					allocating++
				}
			}
			if allocating > ticks/6 && !raceEnabled {
				t.Errorf("%s, levels %v: %d of %d mixes allocate", codec, levels, allocating, ticks)
			}
		}
	}
}

// BenchmarkSound is one tick of 20 ms: a packet in from each, the mix, a packet
// out to each.
func BenchmarkSound(b *testing.B) {
	set := native.Codecs()
	for _, c := range []struct {
		name, codec string
		levels      bool
	}{{"opus", codecs.Opus, false}, {"opus with levels", codecs.Opus, true}, {"PCMU", codecs.PCMU, false}} {
		for _, n := range []int{8, 30, 100} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				h := newHall(b, set)
				h.crowd(b, set, n, c.codec, c.levels)
				b.ReportAllocs()
				for b.Loop() {
					h.next()
				}
			})
		}
	}
}
