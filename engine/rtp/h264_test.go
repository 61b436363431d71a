package rtp

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// unit makes a NAL unit of a type with n bytes after its header, without start codes in it.
func unit(kind byte, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(kind)))
	b := make([]byte, n+1)
	b[0] = 0x60 | kind
	for i := range n {
		b[i+1] = byte(1 + r.IntN(255))
	}
	return b
}

// annexB joins NAL units with four-byte start codes.
func annexB(units ...[]byte) []byte {
	var b []byte
	for _, u := range units {
		b = append(append(b, 0, 0, 0, 1), u...)
	}
	return b
}

func TestNALUnits(t *testing.T) {
	for name, test := range map[string]struct {
		in   []byte
		want [][]byte
	}{
		"empty":                 {nil, nil},
		"no start code":         {[]byte{1, 2, 3}, nil},
		"only a start code":     {[]byte{0, 0, 1}, nil},
		"three bytes":           {[]byte{0, 0, 1, 9, 8}, [][]byte{{9, 8}}},
		"four bytes":            {[]byte{0, 0, 0, 1, 9, 8, 0, 0, 0, 1, 7}, [][]byte{{9, 8}, {7}}},
		"trailing zeros":        {[]byte{0, 0, 1, 9, 0, 0, 0, 0, 0, 1, 7, 0, 0}, [][]byte{{9}, {7}}},
		"empty unit in between": {[]byte{0, 0, 1, 0, 0, 1, 5}, [][]byte{{5}}},
		"rubbish in front":      {[]byte{4, 4, 0, 0, 1, 5}, [][]byte{{5}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got [][]byte
			for nal := range NALUnits(test.in) {
				got = append(got, nal)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %v, want %v", got, test.want)
			}
			for i := range got {
				if !bytes.Equal(got[i], test.want[i]) {
					t.Fatalf("unit %d: got %v, want %v", i, got[i], test.want[i])
				}
			}
		})
	}
}

func TestPacketizerShapes(t *testing.T) {
	sps, pps := unit(nalSPS, 20, 1), unit(nalPPS, 4, 2)
	p := Packetizer{Mode: 1}
	got := p.Split(annexB(sps, pps, unit(nalIDR, 3000, 3)))
	if len(got) != 4 {
		t.Fatalf("%d payloads, want STAP-A and three FU-A", len(got))
	}
	if got[0][0]&0x1f != nalSTAPA || got[0][0]&0x60 != 0x60 {
		t.Errorf("first octet %#x, want STAP-A with NRI 3", got[0][0])
	}
	if len(got[1]) != len(got[2]) || len(got[3]) > len(got[2]) || len(got[1])-len(got[3]) > 2 {
		t.Errorf("fragments of %d, %d and %d bytes, want equal ones", len(got[1]), len(got[2]), len(got[3]))
	}
	for i, want := range []byte{0x80 | nalIDR, nalIDR, 0x40 | nalIDR} {
		if got[i+1][1] != want {
			t.Errorf("FU header %d is %#x, want %#x", i, got[i+1][1], want)
		}
	}

	// Slices that fit go together, but not with what precedes them.
	got = p.Split(annexB(sps, pps, unit(1, 500, 3), unit(1, 600, 4), unit(1, 90, 5), unit(1, 1300, 6), unit(1, 50, 7)))
	var kinds []byte
	for _, payload := range got {
		kinds = append(kinds, payload[0]&0x1f)
	}
	if !bytes.Equal(kinds, []byte{nalSTAPA, nalSTAPA, nalFUA, nalFUA, 1}) || len(got[1]) != 1+3*3+500+600+90 || got[1][0]&0x60 != 0x60 {
		t.Errorf("packets of types %v, the second one of %d bytes", kinds, len(got[1]))
	}

	p = Packetizer{Mode: 0}
	got = p.Split(annexB(sps, pps, unit(nalIDR, 3000, 3)))
	if len(got) != 3 || p.Oversize != 1 {
		t.Errorf("mode 0: %d payloads and %d oversize, want 3 and 1", len(got), p.Oversize)
	}
	for _, payload := range got {
		if kind := payload[0] & 0x1f; kind > 23 {
			t.Errorf("mode 0 made a payload of type %d", kind)
		}
	}
}

// network carries payloads to a VideoReceiver as packets.
type network struct {
	v        *VideoReceiver
	sequence int64
	now      time.Time
	noMarker bool
	lose     func(sequence int64) bool
	queue    []Packet
}

func newNetwork() *network {
	return &network{v: NewVideoReceiver(), sequence: 65500, now: time.Unix(1000, 0)}
}

func (n *network) frame(payloads [][]byte, timestamp uint32) {
	for i, payload := range payloads {
		n.sequence++
		p := Packet{
			Sequence: uint16(n.sequence), Extended: n.sequence, Timestamp: timestamp,
			Marker: i == len(payloads)-1 && !n.noMarker, Payload: bytes.Clone(payload), Arrival: n.now,
		}
		if n.lose == nil || !n.lose(n.sequence) {
			n.queue = append(n.queue, p)
		}
	}
}

func (n *network) deliver() {
	for _, p := range n.queue {
		p.Arrival = n.now
		n.v.Push(p)
	}
	n.queue = nil
}

func (n *network) pop(t *testing.T) []AccessUnit {
	t.Helper()
	var all []AccessUnit
	for {
		au, ok := n.v.Pop(n.now)
		if !ok {
			return all
		}
		au.Data = bytes.Clone(au.Data)
		all = append(all, au)
	}
}

func TestVideoRoundTrip(t *testing.T) {
	frames := [][]byte{
		annexB(unit(nalSPS, 20, 1), unit(nalPPS, 4, 2), unit(nalSEI, 30, 3), unit(nalIDR, 20000, 4)),
		annexB(unit(1, 1, 5)),
		annexB(unit(1, 1198, 6)), annexB(unit(1, 1199, 7)), annexB(unit(1, 1200, 8)), annexB(unit(1, 1201, 9)),
		annexB(unit(nalAUD, 1, 10), unit(1, 500, 11), unit(1, 700, 12), unit(1, 2500, 13)),
	}
	for n := range 40 {
		frames = append(frames, annexB(unit(1, n*n*7+1, uint64(n))))
	}
	for _, mode := range []int{0, 1} {
		for _, mtu := range []int{64, 100, 1200, 1400} {
			for _, noMarker := range []bool{false, true} {
				p := Packetizer{Mode: mode, MTU: mtu}
				n := newNetwork()
				n.noMarker = noMarker
				r := rand.New(rand.NewPCG(1, 2))
				var got []AccessUnit
				for i, frame := range frames {
					payloads := p.Split(frame)
					if mode == 0 && slicesOver(payloads, videoPayloadMax) {
						payloads = p.Split(annexB(unit(nalIDR, 900, 1)))
						frames[i] = annexB(unit(nalIDR, 900, 1))
					}
					n.frame(payloads, uint32(i)*3000)
					// Reorder and duplicate, but not the very first packet.
					if i > 0 {
						r.Shuffle(len(n.queue), func(a, b int) { n.queue[a], n.queue[b] = n.queue[b], n.queue[a] })
						n.queue = append(n.queue, n.queue[r.IntN(len(n.queue))])
					}
					if len(n.queue) > videoSlots/2 {
						t.Fatalf("test frame of %d packets", len(n.queue))
					}
					n.deliver()
					got = append(got, n.pop(t)...)
				}
				n.now = n.now.Add(time.Second)
				got = append(got, n.pop(t)...)
				if len(got) != len(frames) {
					t.Fatalf("mode %d MTU %d no marker %v: %d access units, want %d", mode, mtu, noMarker, len(got), len(frames))
				}
				for i, au := range got {
					if !bytes.Equal(au.Data, frames[i]) || au.Damaged || au.Gap || au.Timestamp != uint32(i)*3000 {
						t.Fatalf("mode %d MTU %d no marker %v: access unit %d differs (damaged %v gap %v, %d bytes of %d)",
							mode, mtu, noMarker, i, au.Damaged, au.Gap, len(au.Data), len(frames[i]))
					}
				}
			}
		}
	}
}

func slicesOver(payloads [][]byte, size int) bool {
	for _, p := range payloads {
		if len(p) > size {
			return true
		}
	}
	return false
}

func TestVideoLoss(t *testing.T) {
	p := Packetizer{Mode: 1}
	key, big, small := annexB(unit(nalIDR, 100, 1)), annexB(unit(1, 3000, 2)), annexB(unit(1, 100, 3))
	t.Run("in the middle", func(t *testing.T) {
		n := newNetwork()
		n.frame(p.Split(key), 0)
		lost := n.sequence + 2
		n.lose = func(s int64) bool { return s == lost }
		n.frame(p.Split(big), 1)
		n.frame(p.Split(small), 2)
		n.deliver()
		if got := n.pop(t); len(got) != 1 || !got[0].Key {
			t.Fatalf("before the wait: %d access units, want the key frame", len(got))
		}
		n.now = n.now.Add(10 * time.Millisecond)
		if m := n.v.Missing(n.now); len(m) != 1 || m[0] != uint16(lost) {
			t.Fatalf("missing %v, want %d", m, uint16(lost))
		}
		if m := n.v.Missing(n.now); len(m) != 0 {
			t.Fatalf("missing again at once: %v", m)
		}
		n.now = n.now.Add(DefaultVideoWait)
		// the damaged one has nothing usable, so the next one follows a gap
		if got := n.pop(t); len(got) != 1 || !got[0].Gap || got[0].Damaged || !bytes.Equal(got[0].Data, small) {
			t.Fatalf("after the wait: %+v", got)
		}
	})
	t.Run("after a look before the first packet", func(t *testing.T) {
		n := newNetwork()
		n.pop(t)
		n.frame(p.Split(key), 0)
		lost := n.sequence + 2
		n.lose = func(s int64) bool { return s == lost }
		n.frame(p.Split(big), 1)
		n.deliver()
		n.now = n.now.Add(10 * time.Millisecond)
		if m := n.v.Missing(n.now); len(m) != 1 || m[0] != uint16(lost) {
			t.Fatalf("missing %v, want %d", m, uint16(lost))
		}
	})
	t.Run("repaired", func(t *testing.T) {
		n := newNetwork()
		n.frame(p.Split(key), 0)
		lost := n.sequence + 2
		payload := bytes.Clone(p.Split(big)[1])
		n.lose = func(s int64) bool { return s == lost }
		n.frame(p.Split(big), 1)
		n.frame(p.Split(small), 2)
		n.deliver()
		n.pop(t)
		n.v.Push(Packet{Sequence: uint16(lost), Extended: lost, Timestamp: 1, Payload: payload, Arrival: n.now})
		if got := n.pop(t); len(got) != 2 || got[0].Gap || got[0].Damaged || !bytes.Equal(got[0].Data, big) {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("whole frame", func(t *testing.T) {
		n := newNetwork()
		n.frame(p.Split(key), 0)
		n.lose = func(int64) bool { return true }
		n.frame(p.Split(small), 1)
		n.lose = nil
		n.frame(p.Split(small), 2)
		n.deliver()
		n.pop(t)
		n.now = n.now.Add(DefaultVideoWait)
		if got := n.pop(t); len(got) != 1 || !got[0].Gap || got[0].Damaged {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("marker", func(t *testing.T) {
		n := newNetwork()
		n.frame(p.Split(annexB(unit(1, 700, 1), unit(1, 800, 2))), 0)
		n.lose = func(int64) bool { return true }
		n.frame(p.Split(key), 1)
		n.lose = nil
		n.queue[1].Marker = false
		n.frame(p.Split(small), 2)
		n.deliver()
		n.now = n.now.Add(DefaultVideoWait)
		got := n.pop(t)
		if len(got) != 2 || !got[0].Damaged || !got[1].Gap {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("another sender", func(t *testing.T) {
		n := newNetwork()
		n.frame(p.Split(key), 0)
		n.deliver()
		n.pop(t)
		n.sequence += 1 << 17
		n.frame(p.Split(key), 77)
		n.queue[0].SSRCChanged = true
		n.deliver()
		if got := n.pop(t); len(got) != 1 || !got[0].Gap || got[0].Timestamp != 77 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestDepacketizerRejects(t *testing.T) {
	for name, test := range map[string]struct {
		payloads [][]byte
		want     func(d *Depacketizer) bool
		units    int
	}{
		"STAP-B":              {[][]byte{{25, 0, 0, 0, 1, 5}}, func(d *Depacketizer) bool { return d.Unsupported == 1 }, 0},
		"MTAP16":              {[][]byte{{26, 0, 0}}, func(d *Depacketizer) bool { return d.Unsupported == 1 }, 0},
		"FU-B":                {[][]byte{{29, 0x81, 0, 0}}, func(d *Depacketizer) bool { return d.Unsupported == 1 }, 0},
		"reserved":            {[][]byte{{31}}, func(d *Depacketizer) bool { return d.Unsupported == 1 }, 0},
		"forbidden bit":       {[][]byte{{0x85, 1}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 0},
		"STAP-A beyond end":   {[][]byte{{24, 0, 1, 1, 0, 9, 5}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 1},
		"STAP-A in STAP-A":    {[][]byte{{24, 0, 1, 24}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 0},
		"FU-A start and end":  {[][]byte{{28, 0xc5, 1}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 0},
		"FU-A of one octet":   {[][]byte{{28}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 0},
		"FU-A without start":  {[][]byte{{28, 0x45, 1}}, func(d *Depacketizer) bool { return d.Fragments == 1 }, 0},
		"FU-A without end":    {[][]byte{{28, 0x85, 1}, {5, 1}}, func(d *Depacketizer) bool { return d.Fragments == 1 }, 1},
		"FU-A changes type":   {[][]byte{{28, 0x85, 1}, {28, 0x41, 1}}, func(d *Depacketizer) bool { return d.Malformed == 1 }, 0},
		"FU-A started twice":  {[][]byte{{28, 0x85, 1}, {28, 0x85, 2}, {28, 0x45, 3}}, func(d *Depacketizer) bool { return d.Fragments == 1 }, 1},
		"empty payload is ok": {[][]byte{{}, {5, 1}}, func(d *Depacketizer) bool { return !d.damaged }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var d Depacketizer
			for _, p := range test.payloads {
				_ = d.Push(p)
			}
			data, _, damaged := d.Finish()
			units := 0
			for range NALUnits(data) {
				units++
			}
			if !test.want(&d) || units != test.units {
				t.Errorf("%+v with %d units", d, units)
			}
			if damaged == (name == "empty payload is ok") {
				t.Errorf("damaged = %v", damaged)
			}
		})
	}
}
