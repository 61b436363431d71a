package rtp

import (
	"bytes"
	"testing"
	"time"
)

// put adds a packet of size bytes that begins with its number.
func put(t testing.TB, o *outbox, sequence uint16, size int, now time.Time) bool {
	t.Helper()
	b := o.add(sequence, size, now)
	if b == nil {
		return false
	}
	if len(b) != size {
		t.Fatalf("%d bytes for %d", len(b), size)
	}
	for i := range b {
		b[i] = byte(int(sequence) + i)
	}
	return true
}

func TestOutboxIsBounded(t *testing.T) {
	o := outbox{keep: outboxSpan}
	now := time.Unix(1, 0)
	for n := range uint16(outboxPackets + 10) {
		put(t, &o, n, headerSize+1, now)
		o.next(nil, 1)
	}
	if o.take(9, now, 0) != nil {
		t.Error("a packet that was overwritten")
	}
	if got := o.take(10, now, 0); len(got) != headerSize+1 || got[0] != 10 {
		t.Errorf("%v", got)
	}
	if o.take(outboxPackets+10, now, 0) != nil {
		t.Error("a packet that was never sent")
	}
	if o.take(10, now, 0) != nil {
		t.Error("twice at once")
	}
	for range 10 {
		now = now.Add(time.Second)
		o.take(10, now, 0)
	}
	if n := o.slot(10).resent; n != resendMax {
		t.Errorf("sent again %d times", n)
	}
	for n := range uint16(outboxPackets) {
		put(t, &o, outboxPackets+10+n, 1200, now)
		o.next(nil, 1)
	}
	sent := 0
	for n := range uint16(outboxPackets) {
		sent += len(o.take(outboxPackets+10+n, now, 1e6))
	}
	if sent > resendBurst || sent < resendBurst/2 {
		t.Errorf("%d bytes at once", sent)
	}
	for n := range uint16(3 * outboxPackets) {
		put(t, &o, 2*outboxPackets+10+n, 60000, now)
		o.next(nil, 1)
	}
	if len(o.data) > outboxBytes || len(o.slots) > outboxPackets {
		t.Errorf("%d bytes, %d places", len(o.data), len(o.slots))
	}
}

// TestOutboxFollowsTheRate: memory is what a second needs, and without
// retransmission what a frame needs.
func TestOutboxFollowsTheRate(t *testing.T) {
	for name, test := range map[string]struct {
		keep            time.Duration
		size, packets   int // of a frame
		min, max        int // bytes
		placesMax, back int // packets that can be had back
	}{
		"1.5 Mbit/s":       {outboxSpan, 1054, 6, 128 << 10, 512 << 10, 256, 150},
		"not kept":         {0, 1054, 6, 6 << 10, 16 << 10, 16, 0},
		"sound, not kept":  {0, 92, 1, 92, 1 << 10, 4, 0},
		"4 Mbit/s":         {outboxSpan, 1100, 15, 512 << 10, outboxBytes, 512, 400},
		"a frame of 300":   {0, 1212, 300, 300 * 1212, outboxBytes, 512, 0},
		"more than it has": {outboxSpan, 1212, 60, 256 << 10, outboxBytes, 512, 400},
	} {
		t.Run(name, func(t *testing.T) {
			o := outbox{keep: test.keep}
			now := time.Unix(1, 0)
			sequence := uint16(65000)
			for range 120 {
				for range test.packets {
					if !put(t, &o, sequence, test.size, now) {
						t.Fatalf("no room: %d bytes, %d packets", len(o.data), o.count)
					}
					sequence++
				}
				o.next(nil, test.packets)
				now = now.Add(time.Second / 30)
			}
			if len(o.data) < test.min || len(o.data) > test.max || len(o.slots) > test.placesMax {
				t.Errorf("%d bytes, %d places", len(o.data), len(o.slots))
			}
			for i := range test.back {
				want := sequence - uint16(i) - 1
				o.budget, o.at = resendBurst, now
				if b := o.take(want, now, 0); len(b) != test.size || b[0] != byte(want) || b[9] != byte(want+9) {
					t.Fatalf("packet %d back is %v", i+1, b)
				}
			}
		})
	}
}

func TestRuns(t *testing.T) {
	for name, test := range map[string]struct {
		sizes []int
		want  [][2]int // bytes of the run and size of its packets
	}{
		"one":                        {[]int{50}, [][2]int{{50, 50}}},
		"equal":                      {[]int{50, 50, 50}, [][2]int{{150, 50}}},
		"short last":                 {[]int{50, 50, 7}, [][2]int{{107, 50}}},
		"nothing behind the short":   {[]int{50, 7, 7, 7}, [][2]int{{57, 50}, {14, 7}}},
		"longer":                     {[]int{50, 51, 51}, [][2]int{{50, 50}, {102, 51}}},
		"sets, then two slices":      {[]int{40, 1000, 1000, 998, 700, 700, 699}, [][2]int{{40, 40}, {2998, 1000}, {2099, 700}}},
		"as many as may be":          {repeated(10, 65), [][2]int{{640, 10}, {10, 10}}},
		"as long as may be":          {repeated(1400, 43), [][2]int{{42 * 1400, 1400}, {1400, 1400}}},
		"fragments of IP stay alone": {[]int{1473, 1473, 100}, [][2]int{{1473, 1473}, {1473, 1473}, {100, 100}}},
	} {
		t.Run(name, func(t *testing.T) {
			var o outbox
			for n, size := range test.sizes {
				if !put(t, &o, uint16(n), size, time.Unix(1, 0)) {
					t.Fatal("no room")
				}
			}
			runs := o.next(nil, len(test.sizes))
			if len(runs) != len(test.want) {
				t.Fatalf("%d runs, want %d", len(runs), len(test.want))
			}
			for i, r := range runs {
				if len(r.data) != test.want[i][0] || r.size != test.want[i][1] {
					t.Errorf("run %d: %d bytes of packets of %d, want %v", i, len(r.data), r.size, test.want[i])
				}
			}
		})
	}
}

func repeated(size, n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

// FuzzOutbox adds, sends and asks for packets in any order: they come out in
// order and whole, what is asked for is what was sent, and the bounds hold.
func FuzzOutbox(f *testing.F) {
	f.Add([]byte{10, 10, 10, 200, 3, 10, 255, 10, 220, 9, 9, 9, 9, 210, 1}, true)
	f.Add(bytes.Repeat([]byte{100, 101, 102, 203}, 300), false)
	f.Fuzz(func(t *testing.T, data []byte, keep bool) {
		var o outbox
		if keep {
			o.keep = outboxSpan
		}
		now := time.Unix(1, 0)
		sequence := uint16(65500)
		sizes := map[uint16]int{}
		next := sequence // to be sent
		send := func(n int) {
			for _, r := range o.next(nil, n) {
				for packets := 0; len(r.data) > 0; packets++ {
					size := min(r.size, len(r.data))
					if size != sizes[next] || r.data[0] != byte(next) || r.data[size-1] != byte(int(next)+size-1) || packets == runPackets {
						t.Fatalf("packet %d of %d bytes begins with %d", next, size, r.data[0])
					}
					r.data = r.data[size:]
					next++
				}
			}
		}
		for _, d := range data {
			switch {
			case d < 200:
				size := 1 + int(d)*int(d)/16
				if d >= 190 {
					size *= 20
				}
				if !put(t, &o, sequence, size, now) {
					send(o.wait)
					if !put(t, &o, sequence, size, now) {
						t.Fatalf("no room for %d bytes in an outbox with nothing to send", size)
					}
				}
				sizes[sequence] = size
				sequence++
			case d < 220:
				send(int(d-200) * 3)
			case d < 240:
				want := next - uint16(d-219)*3
				if b := o.take(want, now, 1e6); b != nil && (len(b) != sizes[want] || b[0] != byte(want) || !keep) {
					t.Fatalf("asked for %d, got %d bytes that begin with %d", want, len(b), b[0])
				}
			default:
				now = now.Add(time.Duration(d-239) * 50 * time.Millisecond)
			}
			if len(o.data) > outboxBytes || len(o.slots) > outboxPackets || o.wait != int(sequence-next) || o.count < o.wait {
				t.Fatalf("%d bytes, %d places, %d packets, %d wait, %d should", len(o.data), len(o.slots), o.count, o.wait, sequence-next)
			}
		}
		send(o.wait)
		if next != sequence {
			t.Errorf("%d packets never came out", sequence-next)
		}
	})
}

// TestRunsEndWithTheRing: packets on both sides of the ring's end are two runs.
func TestRunsEndWithTheRing(t *testing.T) {
	var o outbox
	var all []byte
	for n := range uint16(100) {
		if !put(t, &o, n, 128, time.Unix(1, 0)) {
			t.Fatal("no room")
		}
		if n%3 == 2 { // three of four places: each beginning in turn
			for _, r := range o.next(nil, 3) {
				all = append(all, r.data...)
			}
		}
	}
	if len(o.data) != 512 {
		t.Fatalf("a ring of %d bytes", len(o.data))
	}
	for n := range 99 {
		if all[n*128] != byte(n) {
			t.Fatalf("packet %d begins with %d", n, all[n*128])
		}
	}
}
