package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
)

// maxSources bounds how many peers' addresses the library may remember for one
// datagram socket; it never forgets them by itself, so the socket is taken out
// of its hands and given back.
const maxSources = 4096

// errRotate makes the library's reader return; it treats it as a closed socket.
var errRotate = errRotation{}

type errRotation struct{}

func (errRotation) Error() string        { return "socket rotated" }
func (errRotation) Is(target error) bool { return target == net.ErrClosed }

// datagram stands between a UDP socket and the library. What leaves ReadFrom
// is well formed and in normal form; the rest is answered or dropped here.
type datagram struct {
	net.PacketConn
	server *Server
	closed atomic.Bool

	// only the reading goroutine
	buffer  []byte
	sources map[netip.AddrPort]struct{}
}

func newDatagram(s *Server, c net.PacketConn) *datagram {
	return &datagram{PacketConn: c, server: s, buffer: make([]byte, maxMessage+1),
		sources: make(map[netip.AddrPort]struct{})}
}

// serve gives the socket to the library until it is closed.
func (d *datagram) serve() {
	for !d.closed.Load() {
		clear(d.sources)
		if err := d.server.transports.ServeUDP(d); err != nil {
			return
		}
	}
}

// ReadFrom implements net.PacketConn.
func (d *datagram) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if len(d.sources) >= maxSources {
			return 0, nil, errRotate
		}
		n, addr, err := d.PacketConn.ReadFrom(d.buffer)
		if err != nil {
			if d.closed.Load() || errors.Is(err, net.ErrClosed) {
				d.closed.Store(true)
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
				d.sources[source] = struct{}{}
				return copy(p, out), addr, nil
			}
			f = &fault{code: 513, reason: "Message Too Large", field: "size"}
		}
		d.server.logFault("udp", source, m, f)
		if answer, to := m.rejection(f, source, d.server.seed, d.server.cfg.UserAgent); answer != nil {
			_, _ = d.PacketConn.WriteTo(answer, net.UDPAddrFromAddrPort(to))
		}
	}
}

// Close implements net.PacketConn.
func (d *datagram) Close() error {
	d.closed.Store(true)
	return d.PacketConn.Close()
}

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
