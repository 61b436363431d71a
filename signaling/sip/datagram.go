package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	gosip "github.com/emiago/sipgo/sip"
)

// sourceField carries the sender's address from the socket to the handler. It
// is written here and never believed from outside.
const sourceField = "X-Parley-Source"

// datagram stands between a UDP socket and the library. What leaves ReadFrom
// is well formed and in normal form; the rest is answered or dropped here.
//
// The library files every sender's address for ever, so it is told that all
// datagrams come from one address, and WriteTo finds the way of a response by
// its top Via (section 18.2.2), where ReadFrom has marked it.
type datagram struct {
	net.PacketConn
	server *Server
	closed atomic.Bool
	ready  chan struct{} // closed when the library reads
	once   sync.Once
	buffer []byte // only the reading goroutine
}

func newDatagram(s *Server, c net.PacketConn) *datagram {
	return &datagram{PacketConn: c, server: s, buffer: make([]byte, maxMessage+1), ready: make(chan struct{})}
}

// ReadFrom implements net.PacketConn.
func (d *datagram) ReadFrom(p []byte) (int, net.Addr, error) {
	d.once.Do(func() { close(d.ready) })
	for {
		n, addr, err := d.PacketConn.ReadFrom(d.buffer)
		if err != nil {
			if d.closed.Load() || errors.Is(err, net.ErrClosed) {
				return 0, nil, net.ErrClosed
			}
			continue // an ICMP error of an earlier datagram
		}
		data := d.buffer[:n]
		if len(bytes.Trim(data, "\r\n\x00 ")) == 0 {
			continue // keep-alive
		}
		source := addrPort(addr)
		m, f := scan(data, false)
		if f == nil {
			f = m.check()
		}
		if f == nil {
			if out := m.normal(source); len(out) <= len(p) {
				return copy(p, out), d.LocalAddr(), nil
			}
			f = &fault{code: 513, reason: "Message Too Large", field: "size"}
		}
		d.server.logFault("udp", source, m, f)
		if answer, to := m.rejection(f, source, d.server.seed, d.server.cfg.UserAgent); answer != nil {
			_, _ = d.PacketConn.WriteTo(answer, net.UDPAddrFromAddrPort(to))
		}
	}
}

// WriteTo implements net.PacketConn.
func (d *datagram) WriteTo(p []byte, to net.Addr) (int, error) {
	if bytes.HasPrefix(p, []byte("SIP/2.0 ")) {
		at, ok := wayBack(p)
		if !ok {
			return len(p), nil // nobody to send it to
		}
		to = net.UDPAddrFromAddrPort(at)
	}
	return d.PacketConn.WriteTo(p, to)
}

// wayBack reads from a response of ours where it goes.
func wayBack(p []byte) (netip.AddrPort, bool) {
	_, rest, ok := strings.Cut(string(p[:min(len(p), maxHeader)]), "\r\nVia: ")
	line, _, _ := strings.Cut(rest, "\r\n")
	v, err := parseVia(line)
	if !ok || err != nil {
		return netip.AddrPort{}, false
	}
	received, _ := v.params.get("received")
	ip, err := netip.ParseAddr(received)
	if err != nil {
		return netip.AddrPort{}, false
	}
	port := v.port
	if port == 0 {
		port = 5060
	}
	if rport, _ := v.params.get("rport"); rport != "" {
		n, ok := parseUint(rport, 65535)
		if !ok {
			return netip.AddrPort{}, false
		}
		port = int(n)
	}
	return netip.AddrPortFrom(ip, uint16(port)), true
}

// Close implements net.PacketConn.
func (d *datagram) Close() error {
	d.closed.Store(true)
	d.bury()
	return d.PacketConn.Close()
}

// bury leaves a dead connection where the library looks for this socket:
// finding none it would open a socket of its own for a late request.
func (d *datagram) bury() {
	d.server.transports.Pool("udp").Add(d.LocalAddr().String(), &grave{at: d.LocalAddr()})
}

// grave is a connection that takes nothing.
type grave struct{ at net.Addr }

func (g *grave) LocalAddr() net.Addr          { return g.at }
func (g *grave) WriteMsg(gosip.Message) error { return net.ErrClosed }
func (g *grave) Ref(int) int                  { return 1 }
func (g *grave) TryClose() (int, error)       { return 1, nil }
func (g *grave) Close() error                 { return nil }

// addrPort reads an IP socket address, IPv4 in its short form.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	case nil:
		return ap
	default:
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
