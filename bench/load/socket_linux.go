package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sockets here are not those of package net: the Go runtime would wake for
// every packet that comes, and a load of a hundred callers is mostly waking.
// They are drained when their pump wakes.

const (
	datagramMax  = 2048
	receiveBatch = 32
	sendBatch    = 128
	bufferBytes  = 1 << 20 // of the kernel for each socket; it may grant less
)

// sockaddr is an address as the kernel takes it.
type sockaddr struct {
	raw  [unix.SizeofSockaddrInet6]byte
	size uint32 // 0 = none
}

func sockaddrOf(a netip.AddrPort) (s sockaddr) {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if !a.IsValid() || a.Port() == 0 || a.Addr().IsUnspecified() {
		return s
	}
	binary.BigEndian.PutUint16(s.raw[2:], a.Port()) // sin_port and sin6_port
	if a.Addr().Is4() {
		ip := a.Addr().As4()
		binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET)
		copy(s.raw[4:], ip[:])
		s.size = unix.SizeofSockaddrInet4
	} else {
		ip := a.Addr().As16()
		binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET6)
		copy(s.raw[8:], ip[:])
		s.size = unix.SizeofSockaddrInet6
	}
	return s
}

// listenUDP opens a socket at a port that notes when packets came.
func listenUDP(a netip.AddrPort) (fd int, err error) {
	family, ip := unix.AF_INET, a.Addr().Unmap()
	var to unix.Sockaddr
	if ip.Is4() {
		to = &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	} else {
		family, to = unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16()}
	}
	fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("load: socket: %w", err)
	}
	// Smaller buffers than asked for show as loss.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bufferBytes)
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err == nil {
		err = unix.Bind(fd, to)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("load: %v: %w", a, err)
	}
	return fd, nil
}

// listenPair opens an even port and the next odd one, for RTP and RTCP, from
// the given port up.
func listenPair(a netip.Addr, from int) (fds [2]int, port int, err error) {
	for port = from &^ 1; port < 65534; port += 2 {
		if fds[0], err = listenUDP(netip.AddrPortFrom(a, uint16(port))); err == nil {
			if fds[1], err = listenUDP(netip.AddrPortFrom(a, uint16(port+1))); err == nil {
				return fds, port, nil
			}
			_ = unix.Close(fds[0])
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			break
		}
	}
	return fds, 0, err
}

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// outbox sends packets of a header and a payload, many in one system call.
type outbox struct {
	messages [sendBatch]message
	vectors  [sendBatch][2]unix.Iovec
	headers  [sendBatch]header
	n        int
	failed   uint64 // packets that the kernel refused
}

// add takes a packet: a copy of its header, and its payload, which is read at
// flush.
func (o *outbox) add(h *header, payload []byte) {
	i := o.n
	o.n++
	o.headers[i] = *h
	v := &o.vectors[i]
	v[0].Base = &o.headers[i].bytes[0]
	v[0].SetLen(h.size)
	v[1] = unix.Iovec{}
	if len(payload) > 0 {
		v[1].Base = &payload[0]
		v[1].SetLen(len(payload))
	}
}

func (o *outbox) full() bool { return o.n == sendBatch }

// flush sends what is there to one address.
func (o *outbox) flush(fd int, to *sockaddr) {
	n := o.n
	o.n = 0
	if to.size == 0 {
		return
	}
	for i := range n {
		h := &o.messages[i].header
		h.Name, h.Namelen = &to.raw[0], to.size
		h.Iov = &o.vectors[i][0]
		h.SetIovlen(2)
	}
	for done := 0; done < n; {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&o.messages[done])), uintptr(n-done), 0, 0, 0)
		if errno != 0 { // of the first of them
			o.failed++
			sent = 1
		}
		done += int(sent)
	}
}

// sendTo sends one datagram.
func sendTo(fd int, b []byte, to *sockaddr) error {
	if to.size == 0 || len(b) == 0 {
		return nil
	}
	_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0,
		uintptr(unsafe.Pointer(&to.raw[0])), uintptr(to.size))
	if errno != 0 {
		return errno
	}
	return nil
}

// inbox receives packets, many in one system call.
type inbox struct {
	messages [receiveBatch]message
	vectors  [receiveBatch]unix.Iovec
	buffers  [receiveBatch][datagramMax]byte
	control  [receiveBatch][64]byte
}

// drain hands every datagram that waits at a socket to take, with the time at
// which it came.
func (in *inbox) drain(fd int, take func(b []byte, arrival time.Time)) {
	for {
		for i := range in.messages {
			in.vectors[i].Base = &in.buffers[i][0]
			in.vectors[i].SetLen(datagramMax)
			h := &in.messages[i].header
			*h = unix.Msghdr{Iov: &in.vectors[i], Control: &in.control[i][0]}
			h.SetIovlen(1)
			h.SetControllen(len(in.control[i]))
		}
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&in.messages[0])), receiveBatch,
			unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.ECONNREFUSED || errno == unix.EINTR {
			continue // an ICMP error of something sent before
		}
		if errno != 0 {
			return
		}
		for i := range in.messages[:n] {
			m := &in.messages[i]
			if m.header.Flags&unix.MSG_TRUNC == 0 {
				take(in.buffers[i][:m.length], arrivalOf(in.control[i][:m.header.Controllen]))
			}
		}
		if n < receiveBatch {
			return
		}
	}
}

// arrivalOf reads the kernel's time of arrival, now where there is none.
func arrivalOf(control []byte) time.Time {
	list, err := unix.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range list {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			}
		}
	}
	return time.Now().Round(0)
}
