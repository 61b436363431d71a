package sip

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// memoryNet carries datagrams between sockets without an operating system, so
// that time may be faked. A datagram to an address that nobody holds goes to
// the tap, if there is one.
type memoryNet struct {
	mu      sync.Mutex
	sockets map[netip.AddrPort]*memorySocket
	tap     func(from, to netip.AddrPort, data []byte)
	tapping sync.Mutex // held while tap runs
	drop    func(from, to netip.AddrPort, data []byte) bool
}

type memorySocket struct {
	net    *memoryNet
	at     netip.AddrPort
	in     chan memoryDatagram
	done   chan struct{}
	closed sync.Once
}

type memoryDatagram struct {
	from netip.AddrPort
	data []byte
}

func newMemoryNet() *memoryNet { return &memoryNet{sockets: map[netip.AddrPort]*memorySocket{}} }

func (n *memoryNet) socket(at string) *memorySocket {
	s := &memorySocket{net: n, at: netip.MustParseAddrPort(at), in: make(chan memoryDatagram, 1024), done: make(chan struct{})}
	n.mu.Lock()
	n.sockets[s.at] = s
	n.mu.Unlock()
	return s
}

func (n *memoryNet) deliver(from, to netip.AddrPort, data []byte) {
	n.mu.Lock()
	s, tap, drop := n.sockets[to], n.tap, n.drop
	n.mu.Unlock()
	data = append([]byte(nil), data...)
	if drop != nil && drop(from, to, data) {
		return
	}
	if tap != nil {
		n.tapping.Lock()
		tap(from, to, data)
		n.tapping.Unlock()
	}
	if s != nil {
		select {
		case s.in <- memoryDatagram{from, data}:
		default:
		}
	}
}

func (s *memorySocket) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case d := <-s.in:
		return copy(p, d.data), net.UDPAddrFromAddrPort(d.from), nil
	case <-s.done:
		return 0, nil, net.ErrClosed
	}
}

func (s *memorySocket) WriteTo(p []byte, to net.Addr) (int, error) {
	select {
	case <-s.done:
		return 0, net.ErrClosed
	default:
	}
	s.net.deliver(s.at, addrPort(to), p)
	return len(p), nil
}

func (s *memorySocket) Close() error {
	s.closed.Do(func() {
		s.net.mu.Lock()
		delete(s.net.sockets, s.at)
		s.net.mu.Unlock()
		close(s.done)
	})
	return nil
}

func (s *memorySocket) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(s.at) }
func (s *memorySocket) SetDeadline(time.Time) error      { return nil }
func (s *memorySocket) SetReadDeadline(time.Time) error  { return nil }
func (s *memorySocket) SetWriteDeadline(time.Time) error { return nil }

// noNames is a DNS without records.
type noNames struct{}

func (noNames) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host"}
}

func (noNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host"}
}
