package caller

import (
	"time"

	"parley/engine/rtp"
)

// Stats is what a caller measured so far.
type Stats struct {
	Joined time.Duration // INVITE to the 200
	Length time.Duration // since the INVITE, until the end of the call
	// Transport is what SIP travels over: udp, tcp or tls; "" before the answer.
	// A request too large for UDP goes over TCP (RFC 3261 section 18.1.1).
	Transport string
	Video     VideoStats
	Audio     AudioStats
	// Events that did not come by media.
	InfoKeyFrames uint64 // key frames asked of him by SIP INFO
	Dropped       uint64 // packets that his Network lost
}

// VideoStats is about the pictures that a caller is sent and sends.
type VideoStats struct {
	Codec         string        // that he sends, "" = no video
	Width, Height int           // of the newest decoded picture
	FPS           float64       // access units in the last second
	AccessUnits   uint64        // received
	KeyFrames     uint64        // of these
	Damaged       uint64        // of these: parts missing
	Gaps          uint64        // places where something was missing
	Decoded       uint64        // pictures
	DecodeErrors  uint64        // access units that the decoder refused
	Bytes         uint64        // of access units
	FirstPicture  time.Duration // INVITE to the first picture (decoded, unless DecodeNone); 0 = none yet
	LongestFreeze time.Duration // longest time between two pictures shown
	SinceLast     time.Duration // since the newest picture; a freeze that goes on
	Sent          uint64        // access units
	SentKeyFrames uint64        // of these
	BitrateAsked  int           // bit/s of the far end's last TMMBR, 0 = none
	Receiver      rtp.VideoCounters
	RTP           rtp.Stats
}

// AudioStats is about the sound that a caller is sent and sends.
type AudioStats struct {
	Codec           string // of the last packet received
	SendCodec       string
	Packets         uint64 // decoded
	Concealed       uint64 // missing ones
	Late            uint64 // came after their place was concealed
	DecodeErrors    uint64
	TelephoneEvents uint64        // packets of RFC 4733
	FirstSound      time.Duration // INVITE to the first packet; 0 = none yet
	Level           float64       // dBov of the last second
	Sent            uint64        // packets
	RTP             rtp.Stats
}

// meter counts events of the last second. The zero value is ready.
type meter struct {
	times [256]time.Time
	next  int
}

func (m *meter) add(t time.Time) {
	m.times[m.next%len(m.times)] = t
	m.next++
}

func (m *meter) rate(now time.Time) float64 {
	n := 0
	for i := range min(m.next, len(m.times)) {
		if now.Sub(m.times[i]) < time.Second {
			n++
		}
	}
	return float64(n)
}
