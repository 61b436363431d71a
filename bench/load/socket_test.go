package load

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Packets go out in batches and come in with the time at which they came.
func TestSockets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		address := netip.MustParseAddr(host)
		from, _, err := listenPair(address, 23000)
		if err != nil {
			t.Logf("%s: %v", host, err)
			continue
		}
		to, port, err := listenPair(address, 23000)
		if err != nil || port%2 != 0 {
			t.Fatal(port, err)
		}
		remote := sockaddrOf(netip.AddrPortFrom(address, uint16(port)))
		before := time.Now().Add(-time.Second)
		var out outbox
		payloads := [][]byte{[]byte("first"), nil, bytes.Repeat([]byte("x"), 1200)}
		for i, payload := range payloads {
			out.add(&header{bytes: [headerMax]byte{byte(i)}, size: headerSize}, payload)
		}
		out.flush(from[0], &remote)
		if out.failed != 0 || out.n != 0 {
			t.Errorf("%s: %d failed, %d left", host, out.failed, out.n)
		}
		var in inbox
		got := 0
		settled(t, "the packets come", func() bool {
			in.drain(to[0], func(b []byte, arrival time.Time) {
				if int(b[0]) != got || !bytes.Equal(b[headerSize:], payloads[got]) {
					t.Errorf("%s: packet %d is %d of %d bytes", host, got, b[0], len(b))
				}
				if arrival.Before(before) || arrival.After(time.Now().Add(time.Second)) {
					t.Errorf("%s: it came at %v", host, arrival)
				}
				got++
			})
			return got == len(payloads)
		})
		nowhere := sockaddrOf(netip.AddrPortFrom(netip.IPv4Unspecified(), 9))
		out.add(&header{size: headerSize}, []byte("on hold"))
		out.flush(from[0], &nowhere)
		if nowhere.size != 0 || out.n != 0 || sendTo(from[0], []byte("x"), &nowhere) != nil {
			t.Errorf("%s: sent to nowhere", host)
		}
		for _, fd := range append(from[:], to[:]...) {
			_ = unix.Close(fd)
		}
	}
}

func settled(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}
