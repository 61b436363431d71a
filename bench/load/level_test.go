package load

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	wire "github.com/pion/rtp"

	"parley/bench/clip"
	"parley/signaling/sdp"
)

// Each packet of sound tells the level of what is in it, where that was agreed,
// and tells it again when it is asked for again.
func TestLevelsAreTold(t *testing.T) {
	voice := &clip.Sound{Packets: [][]byte{{1}, {2}, {3}}, Levels: []uint8{30, 127, 0}}
	quiet := &clip.Sound{Packets: [][]byte{{9}}, Levels: []uint8{127}}
	for _, id := range []uint8{1, 14, 16, 255, 0} {
		c := &Caller{conference: &conference{reels: &reels{voices: []*clip.Sound{voice}, quiet: quiet, onset: []float64{0}}, turn: time.Second, begun: epoch}}
		c.conference.members.Store(&[]int{0, 7})
		s := &stream{sending: newSending(rand.New(rand.NewPCG(1, 2))), out: newPath(Network{}, 1, 2)}
		s.sending.on, s.sending.levelID, s.sending.clock = true, id, 48000
		c.streams[audio] = s
		c.start = epoch
		for i, want := range []struct{ payload, level uint8 }{{1, 0x80 | 30}, {2, 127}, {3, 0x80}, {9, 127}} {
			now := ms(float64(20 * i))
			if i == 3 {
				now = ms(1500) // another talks
			}
			c.nextSound = now
			c.say(&pump{}, now)
			s.resend(&pump{}, s.sending.sequence-1, now)
			for range 2 {
				sent, ok := s.out.pop(now)
				var packet wire.Packet
				if !ok || packet.Unmarshal(sent.data) != nil || len(packet.Payload) != 1 || packet.Payload[0] != want.payload {
					t.Fatalf("id %d, packet %d: %x, %v", id, i, sent.data, packet)
				}
				told := packet.GetExtension(id)
				if id == 0 && packet.Extension || id != 0 && (len(told) != 1 || told[0] != want.level) {
					t.Errorf("id %d, packet %d: level %x, want %x", id, i, told, want.level)
				}
			}
		}
	}
}

func TestLevelsAreOffered(t *testing.T) {
	for _, none := range []bool{false, true} {
		caller := sdp.New(Plan{NoLevels: none, Address: netip.MustParseAddr("127.0.0.1")}.local(4000, 4002))
		taker := Plan{Address: netip.MustParseAddr("127.0.0.1")}.local(5000, 5002)
		taker.Audio.SendAudioLevel = false // as a node
		offer, err := caller.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := sdp.New(taker).Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := caller.Accept(answer); err != nil {
			t.Fatal(err)
		}
		if id := caller.Media().Audio.SendAudioLevelID; (id == 0) != none {
			t.Errorf("without levels %v: agreed as %d", none, id)
		}
	}
}
