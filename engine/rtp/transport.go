package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
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
	if t.rtp, err = openSocket(address, port); err != nil {
		return nil, err
	}
	if t.rtcp, err = openSocket(address, port+1); err != nil {
		_ = t.rtp.conn.Close()
		return nil, err
	}
	return t, nil
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
