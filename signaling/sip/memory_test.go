package sip

import (
	"context"
	"net"
	"net/netip"
	"strings"
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
	tapping sync.Mutex       // held while tap runs
	hold    map[string]*held // by the first octets
}

type memorySocket struct {
	net    *memoryNet
	at     netip.AddrPort
	in     chan memoryDatagram
	done   chan struct{}
	closed sync.Once

	everywhere bool // it says that it is bound to all addresses
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
	s, tap := n.sockets[to], n.tap
	data = append([]byte(nil), data...)
	for prefix, h := range n.hold {
		if strings.HasPrefix(string(data), prefix) {
			if h.waiting = append(h.waiting, func() { n.deliver(from, to, data) }); len(h.waiting) == h.until {
				delete(n.hold, prefix)
				defer func() {
					for _, release := range h.waiting {
						release()
					}
				}()
			}
			n.mu.Unlock()
			return
		}
	}
	n.mu.Unlock()
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

type held struct {
	until   int
	waiting []func()
}

// together holds the datagrams that begin so until there are so many.
func (n *memoryNet) together(prefix string, until int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hold == nil {
		n.hold = map[string]*held{}
	}
	n.hold[prefix] = &held{until: until}
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

func (s *memorySocket) LocalAddr() net.Addr {
	if s.everywhere {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv4Unspecified(), s.at.Port()))
	}
	return net.UDPAddrFromAddrPort(s.at)
}

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
