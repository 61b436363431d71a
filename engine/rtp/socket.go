package rtp

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// OffloadVariable names the environment variable that, when "off", keeps
// streams from handing the system several packets as one (UDP segmentation and
// receive offload). Captures taken on this host show each packet only then.
const OffloadVariable = "PARLEY_UDP_OFFLOAD"

// Bounds of a run, what one message of UDP segmentation offload may carry: 64
// packets have been allowed since Linux 4.18, and an IP packet of 64 KiB.
const (
	runPackets   = 64
	runBytes     = 60000
	runPacketMax = 1472 // bytes: larger packets go in IP fragments, which runs do not allow
)

// run is packets that lie one behind the other: all of size bytes but the last,
// which may be shorter.
type run struct {
	data []byte
	size int
}

// wire is where a sender's packets go.
type wire interface {
	// direct sets the address that packets go to.
	direct(to netip.AddrPort)
	// write sends the packets in their order, with as few system calls as the
	// system allows, and uses up runs. What is refused is skipped; failed counts
	// it and err is of the last one. ErrClosed means that the socket is closed.
	write(runs []run) (failed int, err error)
	// refused returns how often the system did not take a run after all.
	refused() uint64
}

// socket is one UDP socket.
type socket struct {
	conn    *net.UDPConn
	raw     syscall.RawConn
	six     bool // of IPv6; IPv4 passes in mapped addresses
	offload bool // the system takes and gives runs
}

func openSocket(address netip.Addr, port int) (socket, error) {
	s := socket{six: address.Is6()}
	network := "udp4"
	if s.six {
		network = "udp"
	}
	var err error
	if s.conn, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, uint16(port)))); err != nil {
		return socket{}, err
	}
	// A smaller buffer than asked for is not an error: it shows as loss.
	_ = s.conn.SetReadBuffer(readBuffer)
	_ = s.conn.SetWriteBuffer(writeBuffer)
	if s.raw, err = s.conn.SyscallConn(); err != nil {
		_ = s.conn.Close()
		return socket{}, err
	}
	if os.Getenv(OffloadVariable) != "off" {
		s.offload = s.enableOffload()
	}
	return s, nil
}

// datagramMax is the largest datagram that is taken; longer ones count as malformed.
const datagramMax = 2048

// readFailuresMax is how many errors in a row end the reading of a socket.
const readFailuresMax = 1000

// received takes one datagram; nil stands for one that was too long. b is valid
// during the call only.
type received func(b []byte, from netip.AddrPort, now time.Time)

// split hands over the packets of one message of the system.
func (handle received) split(b []byte, size int, from netip.AddrPort, now time.Time) {
	for {
		n := len(b)
		if size > 0 {
			n = min(n, size)
		}
		if n > datagramMax {
			handle(nil, from, now)
		} else {
			handle(b[:n:n], from, now)
		}
		if b = b[n:]; len(b) == 0 {
			return
		}
	}
}
