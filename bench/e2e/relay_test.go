//go:build e2e

package e2e

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

// What a relay does to the packets that it carries; shares of them.
const (
	relayLoses  = 0.05 // in both directions, RTCP too
	relayDelays = 0.02 // media packets that come later than the next few
	relayPasses = 3    // so many
	relayDooms  = 500  // one media packet in so many is lost however often it is sent again
)

// relay carries RTP with its RTCP between two ends on loopback, badly. What
// becomes of a media packet depends on its number, how often it was sent, and
// the seed only.
type relay struct {
	seed        uint64
	front, back *net.UDPConn // the sender's side, the receiver's
	done        sync.WaitGroup

	carried, lost, doomed, delayed atomic.Int64
}

// newRelay starts a relay; the test's end ends it.
func newRelay(t *testing.T, seed uint64) *relay {
	t.Helper()
	r := &relay{seed: seed}
	for _, c := range []**net.UDPConn{&r.front, &r.back} {
		var err error
		if *c, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(r.close)
	return r
}

func (r *relay) close() {
	r.front.Close()
	r.back.Close()
	r.done.Wait()
}

// addresses are where the sender and the receiver send to.
func (r *relay) addresses() (front, back netip.AddrPort) {
	return r.front.LocalAddr().(*net.UDPAddr).AddrPort(), r.back.LocalAddr().(*net.UDPAddr).AddrPort()
}

// connect begins to carry between the two ends.
func (r *relay) connect(sender, receiver netip.AddrPort) {
	forth := &direction{relay: r, from: r.front, by: r.back, to: receiver, sent: map[uint16]uint64{}, random: rand.New(rand.NewPCG(r.seed, 1))}
	back := &direction{relay: r, from: r.back, by: r.front, to: sender, sent: map[uint16]uint64{}, random: rand.New(rand.NewPCG(r.seed, 2))}
	r.done.Go(forth.run)
	r.done.Go(back.run)
}

// direction is one way through a relay.
type direction struct {
	*relay
	from, by *net.UDPConn
	to       netip.AddrPort
	random   *rand.Rand        // for RTCP
	sent     map[uint16]uint64 // how often each media packet came
	begun    bool
	first    uint16   // sequence number of the first one
	held     [][]byte // delayed packets
	after    []int    // how many more are to overtake each
}

// run carries until the sockets are closed.
func (d *direction) run() {
	b := make([]byte, 1<<16)
	for {
		n, err := d.from.Read(b)
		if err != nil {
			return
		}
		d.carry(b[:n])
	}
}

func (d *direction) carry(b []byte) {
	if len(b) < 12 || b[1] >= 192 && b[1] <= 223 { // RTCP (RFC 5761 section 4)
		if d.random.Float64() < relayLoses {
			d.lost.Add(1)
			return
		}
		d.write(b)
		return
	}
	sequence := uint16(b[2])<<8 | uint16(b[3])
	if !d.begun {
		d.begun, d.first = true, sequence
	}
	number := uint64(sequence - d.first) // sequence numbers begin anywhere
	times := d.sent[sequence]
	d.sent[sequence]++
	random := rand.New(rand.NewPCG(d.seed, number<<8|times))
	switch {
	case number%relayDooms == relayDooms/2:
		if times == 0 {
			d.doomed.Add(1)
		}
	case random.Float64() < relayLoses:
		d.lost.Add(1)
	case random.Float64() < relayDelays:
		d.delayed.Add(1)
		d.held = append(d.held, append([]byte(nil), b...))
		d.after = append(d.after, relayPasses)
	default:
		d.write(b)
	}
	for len(d.held) > 0 && d.after[0] == 0 {
		d.write(d.held[0])
		d.held, d.after = d.held[1:], d.after[1:]
	}
	for i := range d.after {
		d.after[i]--
	}
}

func (d *direction) write(b []byte) {
	d.carried.Add(1)
	_, _ = d.by.WriteToUDPAddrPort(b, d.to) // the other end may have gone
}
