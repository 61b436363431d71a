package rtp

import (
	"bytes"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// What is written here is byte for byte what pion writes.
func TestFeedbackIsThatOfPion(t *testing.T) {
	missing := map[string][]uint16{
		"one":      {7},
		"a pair":   {7, 8, 23},
		"two":      {7, 24},
		"wraps":    {65530, 65535, 0, 3, 10},
		"far away": {1, 100, 101, 40000},
	}
	for name, list := range missing {
		want, err := rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 2, Nacks: rtcp.NackPairsFromSequenceNumbers(list)}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got := appendNACK(nil, 1, 2, list); !bytes.Equal(got, want) {
			t.Errorf("NACK, %s: %x, want %x", name, got, want)
		}
		if back := appendMissing(nil, want[feedbackSize:], nacksMax); !slices.Equal(back, list) {
			t.Errorf("NACK, %s: read as %v, want %v", name, back, list)
		}
	}
	for _, test := range []struct {
		got  []byte
		want rtcp.Packet
	}{
		{appendPLI(nil, 1, 2), &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2}},
		{appendFIR(nil, 1, 2, 3), &rtcp.FullIntraRequest{SenderSSRC: 1, MediaSSRC: 2, FIR: []rtcp.FIREntry{{SSRC: 2, SequenceNumber: 3}}}},
		{appendBye(nil, 1), &rtcp.Goodbye{Sources: []uint32{1}}},
	} {
		if want, err := test.want.Marshal(); err != nil || !bytes.Equal(test.got, want) {
			t.Errorf("%x, want %x, %v", test.got, want, err)
		}
	}
}

// What is too much is left out, when it is written and when it is read.
func TestNACKBounds(t *testing.T) {
	var scattered, all []uint16
	for n := range uint16(1000) {
		scattered, all = append(scattered, 40*n), append(all, n)
	}
	if b := appendNACK(nil, 1, 2, scattered); len(b) != feedbackSize+nackPairsMax*nackPairSize {
		t.Errorf("%d bytes", len(b))
	}
	b := newBench(t, nil)
	message := appendNACK(nil, 1, b.s.LocalSSRC(), all)
	b.s.controlPacket(append(message, message...), controlOf(declared), b.now)
	if n := b.s.Stats().NACKsReceived; n != nacksMax {
		t.Errorf("%d packets are asked for", n)
	}
}

// conversation is two streams with sockets that know each other.
type conversation struct {
	t     testing.TB
	a, b  *Stream
	clock atomic.Int64
	heard chan bool // a report about what one of them sends
	limit <-chan time.Time
}

func newConversation(t testing.TB) *conversation {
	c := &conversation{t: t, heard: make(chan bool, 1), limit: time.After(time.Minute)}
	c.clock.Store(int64(1000 * time.Second))
	ours, theirs := listen(t), listen(t)
	started := make(chan bool, 4)
	config := Config{
		Transport: ours, Video: true, CNAME: "somebody", SendPayloadType: 96, SendClock: 90000, Receive: map[uint8]int{96: 90000},
		Remote: theirs.addrPort(), RemoteRTCP: controlOf(theirs.addrPort()), Now: func() time.Time { return time.Unix(0, c.clock.Load()) },
		Feedback: Feedback{NACK: true, PLI: true, TMMBR: true},
		Hooks:    Hooks{Packet: func(Packet) { offer(started, true) }, Report: func(Report) { offer(c.heard, true) }},
	}
	c.a = NewStream(config)
	t.Cleanup(c.a.Close)
	config.Transport, config.Remote, config.RemoteRTCP = theirs, ours.addrPort(), controlOf(ours.addrPort())
	c.b = NewStream(config)
	t.Cleanup(c.b.Close)
	for _, s := range []*Stream{c.a, c.b} {
		if err := s.SendFrame([][]byte{{1}, {2}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		c.wait(started)
	}
	return c
}

// heardAfter has something said and waits until the other has heard a report.
func (c *conversation) heardAfter(say func()) {
	select {
	case <-c.heard: // of the streams' own
	default:
	}
	c.clock.Add(int64(time.Second))
	say()
	c.wait(c.heard)
}

func (c *conversation) wait(event <-chan bool) {
	select {
	case <-event:
	case <-c.limit:
		c.t.Fatal("nothing was heard")
	}
}

// said is what streams tell each other by RTCP.
var said = []struct {
	name     string
	feedback Feedback
	say      func(s *Stream)
}{
	{"report", Feedback{}, func(s *Stream) {
		_ = s.Send(96, nil, 0, true) // so that it is a sender's; heard or not
		s.sendReport()
	}},
	{"NACK", Feedback{NACK: true}, func(s *Stream) { s.Nack([]uint16{1, 5, 6, 100}) }},
	{"PLI", Feedback{PLI: true}, func(s *Stream) { s.RequestKeyFrame() }},
	{"FIR", Feedback{FIR: true}, func(s *Stream) { s.RequestKeyFrame() }},
	{"TMMBR", Feedback{TMMBR: true}, func(s *Stream) { s.RequestBitrate(500_000) }},
}

// From the one who says it, through the sockets, to the one who acts on it.
func TestControlAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := newConversation(t)
	for _, test := range said {
		c.a.Reconfigure(func(k *Config) { k.Feedback = test.feedback })
		before := c.b.Stats()
		once := func() { c.heardAfter(func() { test.say(c.a) }) }
		once()
		if n := testing.AllocsPerRun(100, once); n >= 1 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
		after := c.b.Stats()
		if test.feedback.NACK != (after.NACKsReceived > before.NACKsReceived) ||
			(test.feedback.PLI || test.feedback.FIR) != (after.KeyFrameRequestsReceived > before.KeyFrameRequestsReceived) {
			t.Errorf("%s was not understood: %+v", test.name, after)
		}
	}
}

func BenchmarkControl(b *testing.B) {
	for _, test := range said {
		b.Run(test.name, func(b *testing.B) {
			c := newConversation(b)
			c.a.Reconfigure(func(k *Config) { k.Feedback = test.feedback })
			once := func() { c.heardAfter(func() { test.say(c.a) }) }
			once()
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
}
