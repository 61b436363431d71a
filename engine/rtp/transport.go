package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ListenConfig says where a Transport may lie.
type ListenConfig struct {
	Address          netip.Addr // local address; invalid = all IPv4 addresses
	PortMin, PortMax int        // range of ports, both ends included
}

// Transport is the sockets of one media stream: RTP on an even port, RTCP on
// the next odd one (RFC 3550 section 11).
type Transport struct {
	address   netip.Addr
	port      int
	rtp, rtcp socket
	closed    sync.Once
}

// socket is one UDP socket that reads and writes several datagrams in one
// system call.
type socket struct {
	conn  *net.UDPConn
	batch batchConn
}

// batchConn is what ipv4.PacketConn and ipv6.PacketConn have in common.
type batchConn interface {
	ReadBatch(ms []ipv4.Message, flags int) (int, error)
	WriteBatch(ms []ipv4.Message, flags int) (int, error)
}

// Kernel buffers: half a second of a 4 Mbit/s stream in each direction, with
// room for a key frame sent at once. The kernel may grant less.
const (
	readBuffer  = 1 << 20
	writeBuffer = 1 << 19
)

var transportsOpen atomic.Int64

// TransportsOpen returns how many transports are open, for leak checks.
func TransportsOpen() int64 { return transportsOpen.Load() }

// Listen opens a free even/odd pair of ports, searched from a random start so
// that ports of a call that has just ended are not taken again at once. It
// returns ErrNoPort when the range has none.
func Listen(c ListenConfig) (*Transport, error) {
	address := c.Address.Unmap()
	if !address.IsValid() {
		address = netip.IPv4Unspecified()
	}
	first := (c.PortMin + 1) &^ 1
	pairs := (c.PortMax + 1 - first) / 2
	if first <= 0 || c.PortMax > 65535 || pairs <= 0 {
		return nil, fmt.Errorf("%w: range %d to %d", ErrNoPort, c.PortMin, c.PortMax)
	}
	start := rand.IntN(pairs)
	var failure error
	for i := range pairs {
		port := first + 2*((start+i)%pairs)
		t, err := listenPair(address, port)
		if err == nil {
			transportsOpen.Add(1)
			return t, nil
		}
		failure = err
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			return nil, fmt.Errorf("rtp: listen on %s: %w", address, err)
		}
	}
	return nil, fmt.Errorf("%w: %s, range %d to %d: %w", ErrNoPort, address, c.PortMin, c.PortMax, failure)
}

func listenPair(address netip.Addr, port int) (*Transport, error) {
	t := &Transport{address: address, port: port}
	var err error
	if t.rtp, err = listenUDP(address, port); err != nil {
		return nil, err
	}
	if t.rtcp, err = listenUDP(address, port+1); err != nil {
		_ = t.rtp.conn.Close()
		return nil, err
	}
	return t, nil
}

func listenUDP(address netip.Addr, port int) (socket, error) {
	network := "udp4"
	if address.Is6() {
		network = "udp"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, uint16(port))))
	if err != nil {
		return socket{}, err
	}
	// A smaller buffer than asked for is not an error: it shows as loss.
	_ = conn.SetReadBuffer(readBuffer)
	_ = conn.SetWriteBuffer(writeBuffer)
	s := socket{conn: conn}
	if address.Is6() {
		s.batch = ipv6.NewPacketConn(conn)
	} else {
		s.batch = ipv4.NewPacketConn(conn)
	}
	return s, nil
}

// Port returns the RTP port; RTCP has the next one.
func (t *Transport) Port() int { return t.port }

// LocalAddr returns the address that the transport was opened on.
func (t *Transport) LocalAddr() netip.Addr { return t.address }

// Close closes both sockets. A second Close does nothing.
func (t *Transport) Close() error {
	var err error
	t.closed.Do(func() {
		err = errors.Join(t.rtp.conn.Close(), t.rtcp.conn.Close())
		transportsOpen.Add(-1)
	})
	return err
}
