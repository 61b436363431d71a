package rtp

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inbound collects what arrives at a transport's RTP port.
type inbound struct {
	data [][]byte
	from netip.AddrPort
}

// collect reads n datagrams and ends.
func collect(t *testing.T, tr *Transport, n int, send func()) inbound {
	t.Helper()
	var in inbound
	all := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tr.rtp.read(16, time.Now, func(b []byte, from netip.AddrPort, _ time.Time) {
			in.data = append(in.data, bytes.Clone(b))
			in.from = from
			if len(in.data) == n {
				close(all)
			}
		})
	}()
	send()
	select {
	case <-all:
	case <-time.After(10 * time.Second):
		t.Error("not all arrived")
	}
	_ = tr.Close()
	<-ended
	return in
}

// burst is runs as a frame makes them, and the datagrams in them.
func burst() (runs []run, want [][]byte) {
	fill := byte(0)
	for _, sizes := range [][]int{{30}, {1200, 1200, 1200, 700}, {1000, 1000, 1}, repeated(500, 64), repeated(100, 64)} {
		var data []byte
		for _, size := range sizes {
			fill++
			b := bytes.Repeat([]byte{fill}, size)
			want = append(want, b)
			data = append(data, b...)
		}
		runs = append(runs, run{data, sizes[0]})
	}
	return runs, want
}

func TestRunsOverSockets(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string // addresses
		offload  bool
		refuse   bool // the system refuses runs of the sending socket
	}{
		"one by one":               {"127.0.0.1", "127.0.0.1", false, false},
		"as runs":                  {"127.0.0.1", "127.0.0.1", true, false},
		"runs that are refused":    {"127.0.0.1", "127.0.0.1", true, true},
		"IPv6":                     {"::1", "::1", true, false},
		"IPv6, one by one":         {"::1", "::1", false, false},
		"IPv4 from an IPv6 socket": {"::", "127.0.0.1", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if !test.offload {
				t.Setenv(OffloadVariable, "off")
			}
			open := func(address string) *Transport {
				tr, err := Listen(ListenConfig{Address: netip.MustParseAddr(address), PortMin: 20000, PortMax: 29999})
				if err != nil {
					t.Skipf("no socket on %s: %v", address, err)
				}
				t.Cleanup(func() { _ = tr.Close() })
				return tr
			}
			from, to := open(test.from), open(test.to)
			if from.rtp.offload != test.offload {
				t.Skipf("the system's offload is %v", from.rtp.offload)
			}
			if test.refuse {
				// A socket without checksums may not have its packets cut.
				_ = from.rtp.raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) })
			}
			w := newSocketWriter(&from.rtp)
			w.direct(to.addrPort())
			runs, want := burst()
			in := collect(t, to, len(want), func() {
				if failed, err := w.write(runs); failed != 0 || err != nil {
					t.Errorf("%d failed: %v", failed, err)
				}
			})
			for i, b := range in.data {
				if !bytes.Equal(b, want[i]) {
					t.Fatalf("datagram %d has %d bytes, want %d", i, len(b), len(want[i]))
				}
			}
			if in.from.Port() != uint16(from.port) || !in.from.Addr().IsLoopback() || in.from.Addr().Is4In6() {
				t.Errorf("from %v", in.from)
			}
			if r := w.refused(); r > 1 || (r == 1) != test.refuse {
				t.Errorf("refused %d times", r)
			}
		})
	}
}

// TestRefusedPackets: what the system refuses is counted, the others still go.
func TestRefusedPackets(t *testing.T) {
	for name, offload := range map[string]string{"one by one": "off", "as runs": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(OffloadVariable, offload)
			from, to := listen(t), listen(t)
			w := newSocketWriter(&from.rtp)
			w.direct(to.addrPort())
			large := make([]byte, 65520) // above what UDP takes
			runs := []run{{[]byte{1}, 1}, {large, len(large)}, {[]byte{2, 3, 4}, 1}, {large, len(large)}, {[]byte{5}, 1}}
			in := collect(t, to, 5, func() {
				if failed, err := w.write(runs); failed != 2 || err == nil {
					t.Errorf("%d failed: %v", failed, err)
				}
			})
			if got := bytes.Join(in.data, nil); !bytes.Equal(got, []byte{1, 2, 3, 4, 5}) {
				t.Errorf("got %v", got)
			}
			w.direct(netip.MustParseAddrPort("[::1]:9")) // not from here
			if failed, err := w.write([]run{{make([]byte, 50), 10}, {make([]byte, 9), 9}}); failed != 6 || err == nil {
				t.Errorf("%d failed: %v", failed, err)
			}
			_ = from.Close()
			if _, err := w.write([]run{{[]byte{1}, 1}}); !errors.Is(err, ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		})
	}
}

// TestLongDatagrams count as malformed, and do not harm those around them.
func TestLongDatagrams(t *testing.T) {
	from, to := listen(t), listen(t)
	in := collect(t, to, 4, func() {
		for _, size := range []int{5, datagramMax, datagramMax + 1, 0} {
			if _, err := from.rtp.conn.WriteToUDPAddrPort(make([]byte, size), to.addrPort()); err != nil {
				t.Error(err)
			}
		}
	})
	if len(in.data) != 4 || len(in.data[0]) != 5 || len(in.data[1]) != datagramMax || in.data[2] != nil || in.data[3] == nil {
		t.Errorf("%d datagrams", len(in.data))
	}
}

// TestReadAllocates nothing, whichever way packets come.
func TestReadAllocates(t *testing.T) {
	from, to := listen(t), listen(t)
	w := newSocketWriter(&from.rtp)
	w.direct(to.addrPort())
	came := make(chan struct{}, 1)
	count := 0
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		to.rtp.read(16, time.Now, func(b []byte, _ netip.AddrPort, _ time.Time) {
			if count++; count%5 == 0 {
				came <- struct{}{}
			}
		})
	}()
	data := make([]byte, 5000)
	runs := make([]run, 0, 2)
	exchange := func() {
		runs = append(runs[:0], run{data[:3000], 1000}, run{data[3000:], 1000})
		if _, err := w.write(runs); err != nil {
			t.Error(err)
		}
		<-came
	}
	for range 20 {
		exchange()
	}
	if n := testing.AllocsPerRun(200, exchange); n >= 1 && !raceEnabled {
		t.Errorf("%v allocations for a frame", n)
	}
	_ = to.Close()
	<-ended
}
