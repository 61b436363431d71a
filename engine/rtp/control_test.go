package rtp

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func (b *bench) rtcp(packets ...rtcp.Packet) {
	b.t.Helper()
	raw, err := rtcp.Marshal(packets)
	if err != nil {
		b.t.Fatal(err)
	}
	b.s.controlPacket(raw, controlOf(declared), b.now)
}

func TestKeyFrameRequests(t *testing.T) {
	b := newBench(t, nil)
	own := b.s.LocalSSRC()
	pli := &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: own}
	fir := func(n uint8) *rtcp.FullIntraRequest {
		return &rtcp.FullIntraRequest{SenderSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: own, SequenceNumber: n}}}
	}
	for step, test := range []struct {
		packets []rtcp.Packet
		after   time.Duration
		want    int
	}{
		{[]rtcp.Packet{pli, pli, pli}, 0, 1},
		{[]rtcp.Packet{pli}, 50 * time.Millisecond, 1}, // merged
		{[]rtcp.Packet{pli}, 100 * time.Millisecond, 2},
		{[]rtcp.Packet{fir(0)}, 0, 3},
		{[]rtcp.Packet{fir(0)}, time.Second, 3}, // the same one repeated
		{[]rtcp.Packet{fir(1)}, 0, 4},
		{[]rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: own + 1}}, time.Second, 4},
	} {
		b.now = b.now.Add(test.after)
		b.rtcp(test.packets...)
		if b.wanted != test.want {
			t.Errorf("step %d: %d requests, want %d", step, b.wanted, test.want)
		}
	}
}

func TestReportsGiveLossAndRoundTrip(t *testing.T) {
	b := newBench(t, nil)
	sent := ntpMiddle(b.now)
	b.now = b.now.Add(150 * time.Millisecond)
	b.rtcp(&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{
		{SSRC: 4711, FractionLost: 255},
		{
			SSRC: b.s.LocalSSRC(), FractionLost: 64, TotalLost: 0xfffffe, Jitter: 900,
			LastSenderReport: sent, Delay: 65536 / 10, // 100 ms
		},
	}})
	if len(b.report) != 1 {
		t.Fatalf("%d reports", len(b.report))
	}
	r := b.report[0]
	if r.FractionLost != 0.25 || r.Jitter != 10*time.Millisecond || (r.RTT-50*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("%+v", r)
	}
	if st := b.s.Stats(); st.RemoteLost != -2 || st.RTT != r.RTT {
		t.Errorf("%+v", st)
	}
}

func TestByeOfTheSender(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(declared, 7, 1)
	b.rtp(declared, 7, 2)
	b.rtcp(&rtcp.Goodbye{Sources: []uint32{8}})
	if b.byes != 0 {
		t.Error("somebody else's BYE")
	}
	b.rtcp(&rtcp.Goodbye{Sources: []uint32{7}})
	if b.byes != 1 {
		t.Error("BYE was not heard")
	}
}

func TestBitrateRequests(t *testing.T) {
	b := newBench(t, nil)
	own := b.s.LocalSSRC()
	b.s.controlPacket(maxBitrateMessage{formatTMMBR, 9, []MaxBitrate{{own, 512000, 0}, {own + 1, 64000, 0}}}.appendTo(nil), controlOf(declared), b.now)
	b.rtcp(&rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 9, Bitrate: 300000, SSRCs: []uint32{own}})
	b.rtcp(&rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 9, Bitrate: 200000, SSRCs: []uint32{own + 1}})
	if len(b.rates) != 2 || b.rates[0] != 512000 || b.rates[1] != 300000 {
		t.Errorf("%v", b.rates)
	}
}

// Our limit is sent again until it is answered, a few times at most; an answer to
// an older one is none, and whoever takes the place of the sender is asked anew.
func TestOurBitrateRequestIsRepeated(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Feedback.TMMBR = true })
	own := b.s.LocalSSRC()
	sent := func() uint64 {
		t.Helper()
		raw := b.s.appendRequest(nil)
		if raw == nil {
			return 0
		}
		m, err := parseMaxBitrate(raw, nil)
		if err != nil || m.format != formatTMMBR || m.sender != own {
			t.Fatalf("%x: %v", raw, err)
		}
		return m.entries[0].Bitrate
	}
	answer := func(owner uint32, rate uint64) {
		b.s.controlPacket(maxBitrateMessage{formatTMMBN, 7, []MaxBitrate{{owner, rate, 40}}}.appendTo(nil), controlOf(declared), b.now)
	}
	if b.s.RequestBitrate(384_000) {
		t.Error("nobody is there to be asked")
	}
	b.rtp(declared, 7, 1)
	b.rtp(declared, 7, 2)
	if !b.s.RequestBitrate(384_000) || sent() != 384_000 {
		t.Error("it is not repeated")
	}
	b.s.RequestBitrate(2_500_001)
	answer(own, 384_000)
	if sent() != rounded(2_500_001) {
		t.Error("an answer to the older request ends the newer one")
	}
	answer(own, rounded(2_500_001))
	if sent() != 0 {
		t.Error("it is repeated after its answer")
	}
	b.s.RequestBitrate(384_000)
	answer(own+1, 128_000) // somebody else's bound is the tighter one
	if sent() != 0 {
		t.Error("it is repeated though another limit holds")
	}
	b.s.RenewBitrate()
	n := 0
	for range 100 {
		if sent() != 0 {
			n++
		}
	}
	if n != askMost {
		t.Errorf("sent %d times without an answer, want %d", n, askMost)
	}
	b.now = b.now.Add(2 * time.Second)
	for i := range 6 {
		b.rtp(declared, 8, uint16(i))
	}
	if sent() != 384_000 {
		t.Error("the new sender is not asked")
	}
}

// The words are laid out as RFC 5104 figure 5 draws them.
func TestMaxBitrateWireForm(t *testing.T) {
	m := maxBitrateMessage{formatTMMBR, 0x01020304, []MaxBitrate{{0x0a0b0c0d, 1 << 20, 40}}}
	got := m.appendTo(nil)
	want := []byte{
		0x83, 205, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d,
		// exponent 4 (6 bits), mantissa 65536 (17 bits), overhead 40 (9 bits)
		4<<2 | 2, 0, 0, 40,
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got %x, want %x", got, want)
	}
	back, err := parseMaxBitrate(got, nil)
	if err != nil || back.sender != m.sender || back.entries[0] != m.entries[0] {
		t.Errorf("%+v %v", back, err)
	}
	// An exponent that overflows means no limit; the last bits are rounded down.
	big, err := parseMaxBitrate(append(bytes.Clone(want[:16]), 0xff, 0xff, 0xff, 0xff), nil)
	if err != nil || big.entries[0].Bitrate != 1<<63 || big.entries[0].Overhead != 511 {
		t.Errorf("%+v %v", big, err)
	}
	odd, _ := parseMaxBitrate(maxBitrateMessage{formatTMMBN, 1, []MaxBitrate{{1, 1234567, 0}}}.appendTo(nil), nil)
	if r := odd.entries[0].Bitrate; r > 1234567 || r < 1234567-16 {
		t.Errorf("rate %d", r)
	}
}
