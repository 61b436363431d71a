package rtp

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// What is written here is read the same by pion, and the other way round.
func TestReportsAreThoseOfPion(t *testing.T) {
	about := senderInfo{ssrc: 7, ntp: 0x0102030405060708, timestamp: 9, packets: 10, octets: 11}
	for _, lost := range []int{0, 5, -3, 1 << 23, -1 << 24} {
		block := reportBlock{ssrc: 3, fraction: 200, lost: lost, highest: 70000, jitter: 12, lastSR: 13, delay: 14}
		b := appendReport(nil, 7, &about, &block)
		b = appendCNAME(b, 7, "somebody")
		b = appendReport(b, 8, nil, &block)
		list, err := rtcp.Unmarshal(b)
		if err != nil || len(list) != 3 {
			t.Fatalf("%x: %v", b, err)
		}
		want := rtcp.ReceptionReport{
			SSRC: 3, FractionLost: 200, TotalLost: uint32(max(min(lost, 1<<23-1), -1<<23)) & 0xffffff,
			LastSequenceNumber: 70000, Jitter: 12, LastSenderReport: 13, Delay: 14,
		}
		sr, rr := list[0].(*rtcp.SenderReport), list[2].(*rtcp.ReceiverReport)
		if sr.SSRC != 7 || sr.NTPTime != about.ntp || sr.RTPTime != 9 || sr.PacketCount != 10 || sr.OctetCount != 11 || len(sr.Reports) != 1 || sr.Reports[0] != want {
			t.Errorf("SR %+v", sr)
		}
		if rr.SSRC != 8 || len(rr.Reports) != 1 || rr.Reports[0] != want {
			t.Errorf("RR %+v", rr)
		}
		if cname := list[1].(*rtcp.SourceDescription).Chunks[0]; cname.Source != 7 || cname.Items[0].Text != "somebody" {
			t.Errorf("SDES %+v", cname)
		}
		raw, err := sr.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		gotAbout, blocks, ok := parseReport(raw)
		block.lost = max(min(lost, 1<<23-1), -1<<23)
		if !ok || gotAbout != about || len(blocks) != reportBlockSize || parseBlock(blocks) != block {
			t.Errorf("read as %+v and %+v, %v", gotAbout, parseBlock(blocks), ok)
		}
	}
}

// Names of every length are padded to whole words, and cut where they do not fit.
func TestCNAMELengths(t *testing.T) {
	for n := range 300 {
		b := appendCNAME(nil, 1, strings.Repeat("x", n))
		var d rtcp.SourceDescription
		if err := d.Unmarshal(b); err != nil || len(d.Chunks) != 1 || len(d.Chunks[0].Items) != 1 || len(d.Chunks[0].Items[0].Text) != min(n, 255) {
			t.Fatalf("%d bytes: %+v, %v", n, d, err)
		}
	}
}

// A report out and a report in, as every stream has them all the time.
func TestReportsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	now := time.Unix(1000, 0)
	a, b := listen(t), listen(t)
	s := NewStream(Config{
		Transport: a, CNAME: "a", SendPayloadType: 97, SendClock: 90000, Receive: map[uint8]int{97: 90000}, Now: func() time.Time { return now },
		Remote:     b.addrPort(),
		RemoteRTCP: controlOf(b.addrPort()),
		Hooks:      Hooks{Report: func(Report) {}, Packet: func(Packet) {}},
	})
	defer s.Close()
	if err := s.SendFrame([][]byte{{1}}, 0); err != nil {
		t.Fatal(err)
	}
	from := controlOf(b.addrPort())
	in := appendCNAME(appendReport(nil, 9, &senderInfo{ssrc: 9}, &reportBlock{ssrc: s.LocalSSRC(), lastSR: ntpMiddle(now) - 100}), 9, "b")
	s.sendReport()
	if n := testing.AllocsPerRun(50, s.sendReport); n != 0 {
		t.Errorf("a report out allocates %v times", n)
	}
	if n := testing.AllocsPerRun(50, func() { s.controlPacket(in, from, now) }); n != 0 {
		t.Errorf("a report in allocates %v times", n)
	}
	if st := s.Stats(); st.RTT == 0 {
		t.Error("the report was not taken")
	}
}
