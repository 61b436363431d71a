package rtp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"parley/codecs"
)

// records cuts fuzz input into pieces: a length octet, then so many octets.
func records(data []byte, each func([]byte)) {
	for len(data) > 0 {
		n := min(int(data[0]), len(data)-1)
		each(data[1 : 1+n])
		data = data[1+n:]
	}
}

func record(pieces ...[]byte) []byte {
	var b []byte
	for _, p := range pieces {
		b = append(append(b, byte(len(p))), p...)
	}
	return b
}

func FuzzStreamPackets(f *testing.F) {
	var seed [][]byte
	for n := range uint16(4) {
		p, _ := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: n, SSRC: 5}, Payload: []byte{0x41, 1}}).Marshal()
		seed = append(seed, p)
	}
	f.Add(record(seed...))
	f.Add(record([]byte{0xb0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0xbe, 0xde, 0, 1, 0x10, 9, 0, 0, 2, 2}))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Unix(1, 0)
		var last int64
		v := NewVideoReceiver()
		s := newStream(Config{Receive: map[uint8]int{96: 90000}, Now: func() time.Time { return now }, Hooks: Hooks{
			Packet: func(p Packet) {
				if p.SSRCChanged && p.Extended <= last+1<<15 {
					t.Errorf("extended number %d after %d", p.Extended, last)
				}
				last = max(last, p.Extended)
				v.Push(p)
			},
		}})
		pieces := uint64(0)
		records(data, func(b []byte) {
			pieces++
			s.packet(bytes.Clone(b), declared, now)
			now = now.Add(10 * time.Millisecond)
			v.Missing(now)
			v.Pop(now)
		})
		if st := s.Stats(); st.ReceivedPackets+st.Discarded.Total() > pieces {
			t.Errorf("%+v of %d packets", st, pieces)
		}
	})
}

func FuzzControl(f *testing.F) {
	for _, packets := range [][]rtcp.Packet{
		{&rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 1}}}, rtcp.NewCNAMESourceDescription(1, "a")},
		{&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 2}, {SSRC: 3}}}, &rtcp.Goodbye{Sources: []uint32{1}}},
		{&rtcp.TransportLayerNack{Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}}},
		{&rtcp.PictureLossIndication{}},
		{&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{}}}},
		{&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{1}}},
	} {
		b, err := rtcp.Marshal(packets)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(maxBitrateMessage{formatTMMBR, 1, []MaxBitrate{{1, 1e6, 40}}}.appendTo(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Unix(1, 0)
		s := newStream(Config{Video: true, Feedback: Feedback{NACK: true}, Remote: declared, Now: func() time.Time { return now }})
		_ = s.SendFrame([][]byte{{1}, {2}}, 0)
		s.sender.ssrc = 1
		s.controlPacket(bytes.Clone(data), controlOf(declared), now)
		// and with our SSRC wherever the sender or media SSRC may be
		for _, at := range []int{4, 8, 12, 28} { // 28: the first block of a sender report
			b := bytes.Clone(data)
			if len(b) >= at+4 {
				binary.BigEndian.PutUint32(b[at:], s.LocalSSRC())
				s.controlPacket(b, controlOf(declared), now)
			}
		}
		s.Stats()
	})
}

// FuzzControlLikePion reads a packet with our code and with pion's.
func FuzzControlLikePion(f *testing.F) {
	about, block := senderInfo{ssrc: 1, ntp: 2, timestamp: 3, packets: 4, octets: 5}, reportBlock{ssrc: 6, fraction: 7, lost: -8}
	for _, b := range [][]byte{
		appendReport(nil, 1, &about, &block), appendReport(nil, 1, nil, &block), appendReport(nil, 1, nil, nil),
		appendNACK(nil, 1, 2, []uint16{65530, 3, 100}), appendFIR(nil, 1, 2, 3), appendPLI(nil, 1, 2),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		// As handle passes packets on: whole words, no padding, the length right.
		p = bytes.Clone(p[:min(len(p), 1<<16)&^3])
		if len(p) < 4 {
			return
		}
		p[0] = p[0]&0x1f | 2<<6
		closePacket(p, 0)
		media, err := compareWithPion(t, p)
		if len(p) < 8 || media < 0 {
			return
		}
		s := newStream(Config{Remote: declared})
		s.sender.ssrc = uint32(media)
		s.controlPacket(p, controlOf(declared), time.Unix(1, 0))
		if malformed := s.Stats().ControlMalformed; (malformed > 0) != (err != nil) {
			t.Errorf("malformed %d, pion says %v", malformed, err)
		}
	})
}

// compareWithPion reads a packet of those kinds that are read here both ways. It
// returns pion's error, and the SSRC that the packet is about, -1 for other kinds.
func compareWithPion(t *testing.T, p []byte) (media int64, err error) {
	switch kind := rtcp.PacketType(p[1]); {
	case kind == rtcp.TypeSenderReport || kind == rtcp.TypeReceiverReport:
		return 0, compareReport(t, p)
	case kind == rtcp.TypeTransportSpecificFeedback && p[0]&0x1f == rtcp.FormatTLN:
		var want rtcp.TransportLayerNack
		err := want.Unmarshal(p)
		_, media, pairs, ok := parseFeedback(p, nackPairSize)
		if ok != (err == nil) {
			t.Fatalf("NACK %v, pion says %v", ok, err)
		}
		var numbers []uint16
		for _, pair := range want.Nacks {
			numbers = append(numbers, pair.PacketList()...)
		}
		if got := appendMissing(nil, pairs, len(numbers)+1); media != want.MediaSSRC || !slices.Equal(got, numbers) {
			t.Errorf("NACK of %d %v, pion reads %d %v", media, got, want.MediaSSRC, numbers)
		}
		return int64(media), err
	case kind == rtcp.TypePayloadSpecificFeedback && p[0]&0x1f == rtcp.FormatPLI:
		var want rtcp.PictureLossIndication
		err := want.Unmarshal(p)
		_, media, _, ok := parseFeedback(p, 0)
		if ok != (err == nil) || media != want.MediaSSRC {
			t.Errorf("PLI %v of %d, pion reads %d, %v", ok, media, want.MediaSSRC, err)
		}
		return int64(media), err
	case kind == rtcp.TypePayloadSpecificFeedback && p[0]&0x1f == rtcp.FormatFIR:
		var want rtcp.FullIntraRequest
		err := want.Unmarshal(p)
		sender, _, entries, ok := parseFeedback(p, firEntrySize)
		if ok != (err == nil) || sender != want.SenderSSRC || len(entries) != firEntrySize*len(want.FIR) {
			t.Fatalf("FIR %v of %d, %d bytes, pion reads %+v, %v", ok, sender, len(entries), want, err)
		}
		for i, e := range want.FIR {
			if b := entries[firEntrySize*i:]; binary.BigEndian.Uint32(b) != e.SSRC || b[4] != e.SequenceNumber {
				t.Errorf("FIR entry %x, pion reads %+v", b[:firEntrySize], e)
			}
		}
		return 0, err
	}
	return -1, nil
}

// compareReport reads a report both ways and returns pion's error.
func compareReport(t *testing.T, p []byte) error {
	var sr rtcp.SenderReport
	var rr rtcp.ReceiverReport
	var err error
	if rtcp.PacketType(p[1]) == rtcp.TypeSenderReport {
		err = sr.Unmarshal(p)
	} else if err = rr.Unmarshal(p); err == nil {
		sr.SSRC, sr.Reports = rr.SSRC, rr.Reports
	}
	about, blocks, ok := parseReport(p)
	if ok != (err == nil) {
		t.Fatalf("report %v, pion says %v", ok, err)
	}
	if !ok {
		return err
	}
	if want := (senderInfo{sr.SSRC, sr.NTPTime, sr.RTPTime, sr.PacketCount, sr.OctetCount}); about != want || len(blocks) != reportBlockSize*len(sr.Reports) {
		t.Fatalf("report %+v and %d bytes, pion reads %+v", about, len(blocks), sr)
	}
	for i, r := range sr.Reports {
		want := reportBlock{r.SSRC, r.FractionLost, int(int32(r.TotalLost<<8) >> 8), r.LastSequenceNumber, r.Jitter, r.LastSenderReport, r.Delay}
		if got := parseBlock(blocks[reportBlockSize*i:]); got != want {
			t.Errorf("block %+v, pion reads %+v", got, want)
		}
	}
	return nil
}

func FuzzMaxBitrate(f *testing.F) {
	f.Add(maxBitrateMessage{formatTMMBR, 1, []MaxBitrate{{1, 1e6, 40}, {2, 1, 511}}}.appendTo(nil))
	f.Add(maxBitrateMessage{formatTMMBN, 1, nil}.appendTo(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMaxBitrate(data, nil)
		if err != nil {
			return
		}
		again, err := parseMaxBitrate(m.appendTo(nil), nil)
		if err != nil || len(again.entries) != len(m.entries) {
			t.Fatalf("%+v: %v", m, err)
		}
		for i, e := range again.entries {
			if e != m.entries[i] && m.entries[i].Bitrate != 0 {
				t.Errorf("%+v became %+v", m.entries[i], e)
			}
		}
	})
}

func FuzzDepacketizer(f *testing.F) {
	p := Packetizer{Mode: 1, MTU: 60}
	f.Add(record(p.Split(annexB(unit(nalSPS, 9, 1), unit(nalPPS, 3, 2), unit(nalIDR, 200, 3)))...))
	f.Add(record([]byte{28, 0x85, 1}, []byte{24, 0, 1, 5}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Depacketizer
		size := 0
		records(data, func(b []byte) {
			_ = d.Push(b)
			size += len(b) + 4
		})
		out, key, _ := d.Finish()
		if len(out) > size+4*len(data) {
			t.Errorf("%d bytes of %d", len(out), size)
		}
		if len(out) > 0 && !bytes.HasPrefix(out, []byte{0, 0, 0, 1}) {
			t.Errorf("no start code: %x", out)
		}
		if key && len(out) == 0 {
			t.Error("an empty key frame")
		}
	})
}

func FuzzPacketizer(f *testing.F) {
	f.Add(annexB(unit(nalSPS, 9, 1), unit(nalPPS, 3, 2), unit(nalIDR, 2000, 3)), 1200, true)
	f.Add([]byte{0, 0, 1, 0, 0, 1, 5}, 20, false)
	f.Fuzz(func(t *testing.T, data []byte, mtu int, cut bool) {
		p := Packetizer{MTU: mtu}
		if cut {
			p.Mode = 1
		}
		var d Depacketizer
		usable := true
		for nal := range NALUnits(data) {
			kind := nal[0] & 0x1f
			usable = usable && kind > 0 && kind < 24 && nal[0]&0x80 == 0
		}
		for _, payload := range p.Split(data) {
			if cut && mtu >= 16 && len(payload) > mtu {
				t.Errorf("%d bytes with an MTU of %d", len(payload), mtu)
			}
			_ = d.Push(payload)
		}
		if !usable {
			return
		}
		var want []byte
		for nal := range NALUnits(data) {
			want = append(append(want, 0, 0, 0, 1), nal...)
		}
		got, _, damaged := d.Finish()
		if (damaged || !bytes.Equal(got, want)) && len(data) < 60000 {
			t.Errorf("got %x damaged %v, want %x", got, damaged, want)
		}
	})
}

// FuzzVideoReceiver pushes packets in any order and pops at any time: the
// bounds hold and memory is not lost.
func FuzzVideoReceiver(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 250, 251, 252, 1, 1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		v := NewVideoReceiver()
		now := time.Unix(1, 0)
		at := int64(1 << 20)
		for i := 0; i+3 <= len(data); i += 3 {
			move, flags := int64(int8(data[i])), data[i+1]
			if flags&0x40 != 0 {
				move *= 100
			}
			at += move
			v.Push(Packet{
				Sequence: uint16(at), Extended: at, Timestamp: uint32(data[i+2] >> 4), Marker: flags&1 != 0,
				SSRCChanged: flags&0x3e == 0x3e, Payload: []byte{0x41 | data[i+2]&1, 1, 2}, Arrival: now,
			})
			if flags&0x80 != 0 {
				now = now.Add(time.Duration(flags&0x7f) * time.Millisecond)
				for range 2000 {
					if _, ok := v.Pop(now); !ok {
						break
					}
				}
			}
			v.Missing(now)
			if held := v.highest - v.next + 1; held > videoSlots || held < 0 {
				t.Fatalf("%d places held", held)
			}
			absent := 0
			for i := v.next; i <= v.highest; i++ {
				if v.slot(i).state == slotMissing {
					absent++
				}
			}
			if absent != v.absent {
				t.Fatalf("%d places are missing, %d counted", absent, v.absent)
			}
		}
		now = now.Add(time.Hour)
		for {
			if _, ok := v.Pop(now); !ok {
				break
			}
		}
		if v.next <= v.highest {
			t.Errorf("%d places left after all", v.highest-v.next+1)
		}
	})
}

// FuzzAudioReceiver pushes anything at any time and pulls: the sound stays
// finite and the memory bounded.
func FuzzAudioReceiver(f *testing.F) {
	f.Add([]byte{1, 20, 20, 1, 20, 20, 1, 20, 20, 5, 20, 20, 250, 20, 20, 1, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewAudioReceiver(&toneDecoder{}, 8000)
		now := time.Unix(1, 0)
		at, timestamp := int64(1<<20), uint32(0)
		frame := make([]float32, codecs.FrameSamples)
		for i := 0; i+3 <= len(data); i += 3 {
			at += int64(int8(data[i]))
			timestamp += uint32(int32(int8(data[i+1]))) * 8
			payload := make([]byte, 8)
			binary.BigEndian.PutUint32(payload[4:], uint32(data[i+1])*24)
			p := Packet{Sequence: uint16(at), Extended: at, Timestamp: timestamp, Payload: payload[:data[i+2]&8], Arrival: now}
			p.AudioLevel = data[i+1] ^ data[i+2]
			r.Want(-128 + float64(data[i]))
			if data[i+2]&3 == 3 {
				r.Skip(p)
			} else {
				r.Push(p)
			}
			now = now.Add(time.Duration(data[i+2]) * time.Millisecond / 4)
			if heard := r.Pull(frame, now); heard == Passed && slices.IndexFunc(frame, func(v float32) bool { return v != 0 }) >= 0 {
				t.Fatal("sound in what was passed over")
			}
			for _, v := range frame {
				if v < -1 || v > 1 || v != v {
					t.Fatalf("sample %v", v)
				}
			}
			if r.decoded > len(r.sound) {
				t.Fatalf("%d of %d samples decoded", r.decoded, len(r.sound))
			}
			if held := r.buffer.highest - r.buffer.next + 1; held > audioSlots || held < 0 {
				t.Fatalf("%d places held", held)
			}
			if len(r.sound) > 2*codecs.SampleRate {
				t.Fatalf("%d samples wait", len(r.sound))
			}
		}
	})
}

func FuzzDTMF(f *testing.F) {
	f.Add([]byte{1, 10, 0, 160, 1, 0x8a, 0, 200}, uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, timestamp uint32) {
		var d DTMFReceiver
		for len(data) > 0 {
			n := min(4, len(data))
			if digit, ok := d.Push(data[:n], timestamp); ok && !bytes.ContainsRune([]byte(dtmfDigits), rune(digit)) {
				t.Errorf("digit %q", digit)
			}
			timestamp += uint32(data[0])
			data = data[n:]
		}
	})
}
