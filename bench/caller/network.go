package caller

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Network is what the packets of a caller suffer on their way. Equal seeds
// lose the same packets of equal streams.
type Network struct {
	LossIn, LossOut float64 // share of packets dropped towards him and from him, 0..1
	Burst           int     // packets lost together, 0 or 1 = each on its own
	Spoilt          float64 // share of packets from him whose content is damaged: bits, length, or sent twice
	Seed            uint64
}

// link stands between a caller's sockets and the network: a pair of ports that
// he gives as his own, and behind which every packet may be lost.
type link struct {
	network Network
	lossIn  atomic.Uint64 // share in millionths; may change while it runs
	lossOut atomic.Uint64
	lanes   [2]*lane
	wg      sync.WaitGroup
	dropped atomic.Uint64
	spoilt  atomic.Uint64
	closing sync.Once
}

// lane is one of the two ports: outside is seen by the far end, inside is what
// the caller sends to.
type lane struct {
	outside, inside *net.UDPConn
	caller          netip.AddrPort // his socket
	far             atomic.Pointer[netip.AddrPort]
}

// newLink opens a link in front of the caller's port pair.
func newLink(n Network, address netip.Addr, port int) (*link, error) {
	l := &link{network: n}
	l.set(n.LossIn, n.LossOut)
	pair, err := listenPair(address)
	if err != nil {
		return nil, err
	}
	for i := range l.lanes {
		inside, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
		if err != nil {
			pair[0].Close()
			pair[1].Close()
			if i == 1 {
				l.lanes[0].inside.Close()
			}
			return nil, err
		}
		l.lanes[i] = &lane{outside: pair[i], inside: inside, caller: netip.AddrPortFrom(address, uint16(port+i))}
	}
	for i, x := range l.lanes {
		l.wg.Go(func() { l.carry(x, true, rand.New(rand.NewPCG(n.Seed, uint64(2*i)))) })
		l.wg.Go(func() { l.carry(x, false, rand.New(rand.NewPCG(n.Seed, uint64(2*i+1)))) })
	}
	return l, nil
}

// listenPair opens an even port and the next odd one.
func listenPair(address netip.Addr) (pair [2]*net.UDPConn, err error) {
	for range 100 {
		a, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
		if err != nil {
			return pair, err
		}
		port := udpPort(a)
		if port&1 == 0 {
			if b, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, uint16(port+1)))); err == nil {
				return [2]*net.UDPConn{a, b}, nil
			}
		}
		a.Close()
	}
	return pair, errors.New("caller: no free pair of ports")
}

func udpPort(c *net.UDPConn) int { return c.LocalAddr().(*net.UDPAddr).Port }

// port returns the port to give in the session description.
func (l *link) port() int { return udpPort(l.lanes[0].outside) }

// lead makes the link carry what the caller sends to the far end's addresses,
// and returns the addresses that he is to send to.
func (l *link) lead(rtp, rtcp netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	if !rtcp.IsValid() && rtp.IsValid() {
		rtcp = netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
	}
	to := [2]netip.AddrPort{rtp, rtcp}
	var own [2]netip.AddrPort
	for i, x := range l.lanes {
		x.far.Store(&to[i])
		own[i] = netip.AddrPortFrom(x.caller.Addr(), uint16(udpPort(x.inside)))
	}
	if rtp.IsValid() && rtp.Addr().IsUnspecified() { // on hold
		return rtp, rtcp
	}
	if rtp == rtcp { // a=rtcp-mux
		return own[0], own[0]
	}
	return own[0], own[1]
}

// set changes the losses.
func (l *link) set(in, out float64) {
	l.lossIn.Store(uint64(in * 1e6))
	l.lossOut.Store(uint64(out * 1e6))
}

// carry moves packets in one direction until the link is closed.
func (l *link) carry(x *lane, in bool, r *rand.Rand) {
	from, to, loss := x.inside, x.outside, &l.lossOut
	if in {
		from, to, loss = x.outside, x.inside, &l.lossIn
	}
	buf := make([]byte, 2048)
	burst := 0
	for {
		n, _, err := from.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // a port unreachable from earlier
			continue
		}
		if burst == 0 && r.Float64()*1e6*float64(max(l.network.Burst, 1)) < float64(loss.Load()) {
			burst = max(l.network.Burst, 1)
		}
		if burst > 0 {
			burst--
			l.dropped.Add(1)
			continue
		}
		dst := x.caller
		if !in {
			if far := x.far.Load(); far != nil {
				dst = *far
			}
		}
		packet := buf[:n]
		if !in && r.Float64() < l.network.Spoilt {
			packet = l.spoil(packet, to, dst, r)
		}
		if dst.IsValid() && dst.Port() != 0 {
			_, _ = to.WriteToUDPAddrPort(packet, dst) // lost if it fails, as packets are
		}
	}
}

// spoil damages a packet: some bits of its content, its length, all of it, or
// it sends it once more.
func (l *link) spoil(p []byte, to *net.UDPConn, dst netip.AddrPort, r *rand.Rand) []byte {
	const header = 12 // of RTP: what is damaged behind it still counts as his
	l.spoilt.Add(1)
	switch r.IntN(4) {
	case 0:
		for range 1 + r.IntN(8) {
			if len(p) > header {
				p[header+r.IntN(len(p)-header)] ^= 1 << r.IntN(8)
			}
		}
	case 1:
		return p[:r.IntN(len(p)+1)]
	case 2:
		for i := range p {
			p[i] = byte(r.Uint32())
		}
	default:
		if dst.IsValid() && dst.Port() != 0 {
			_, _ = to.WriteToUDPAddrPort(p, dst)
		}
	}
	return p
}

// close closes all sockets and waits.
func (l *link) close() {
	l.closing.Do(func() {
		for _, x := range l.lanes {
			x.outside.Close()
			x.inside.Close()
		}
	})
	l.wg.Wait()
}

// String tells what it does, for logs.
func (n Network) String() string {
	return fmt.Sprintf("loss in %.1f%%, out %.1f%%", n.LossIn*100, n.LossOut*100)
}

// sinceOr returns the time since t, or 0 for no time.
func sinceOr(t, now time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return now.Sub(t)
}
