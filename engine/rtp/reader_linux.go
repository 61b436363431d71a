package rtp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inboxMessages is the most messages that one system call reads.
const inboxMessages = 16

// inbox is what recvmmsg(2) fills. Readers have one only while they read, so
// that streams that wait for packets need no memory for them.
type inbox struct {
	messages [inboxMessages]mmsghdr
	vectors  [inboxMessages]unix.Iovec
	names    [inboxMessages]sockaddr
	controls [inboxMessages]sizeControl
	data     [inboxMessages][messageMax]byte
}

// messageMax is the largest message: an IP packet. The rest keeps the
// beginnings of messages from sharing lines of the cache.
const messageMax = 1<<16 + 1088

var inboxes = sync.Pool{New: func() any {
	b := new(inbox)
	for i := range b.messages {
		b.vectors[i].Base = &b.data[i][0]
		b.vectors[i].SetLen(messageMax)
		m := &b.messages[i].header
		m.Name = (*byte)(unsafe.Pointer(&b.names[i].raw))
		m.Iov = &b.vectors[i]
		m.SetIovlen(1)
		m.Control = (*byte)(unsafe.Pointer(&b.controls[i]))
		b.arm(i)
	}
	return b
}}

// arm makes a message ready to be filled.
func (b *inbox) arm(i int) {
	m := &b.messages[i].header
	m.Namelen = uint32(unsafe.Sizeof(b.names[i].raw))
	m.SetControllen(int(unsafe.Sizeof(b.controls[i])))
}

// runSize returns the size of the packets of a run, 0 = it is one packet.
func (b *inbox) runSize(i int) int {
	m, c := &b.messages[i].header, &b.controls[i]
	if int(m.Controllen) < unix.CmsgLen(4) || c.header.Level != unix.SOL_UDP || c.header.Type != unix.UDP_GRO {
		return 0
	}
	return int(max(int32(binary.NativeEndian.Uint32(c.size[:])), 0))
}

// socketReader hands over what arrives at one socket.
type socketReader struct {
	batch    int
	now      func() time.Time
	handle   received
	zones    zoneCache
	failures int
}

// read hands every datagram to handle until the socket is closed. batch bounds
// the messages of one system call.
func (s *socket) read(batch int, now func() time.Time, handle received) {
	r := &socketReader{batch: min(batch, inboxMessages), now: now, handle: handle}
	for r.failures < readFailuresMax {
		if err := s.raw.Read(r.drain); errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			r.failures++
		}
	}
}

// drain reads until nothing is left. It returns false to be called again when
// there is more: the poller remembers what arrives in between, so that a read
// that got less than it could take needs no other one to see the socket empty.
func (r *socketReader) drain(fd uintptr) bool {
	b := inboxes.Get().(*inbox)
	defer inboxes.Put(b)
	for r.failures < readFailuresMax {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
			uintptr(unsafe.Pointer(&b.messages[0])), uintptr(r.batch), 0, 0, 0)
		switch errno {
		case 0:
		case unix.EAGAIN:
			return false
		case unix.EINTR:
			continue
		default:
			r.failures++ // an ICMP error of something sent before
			continue
		}
		r.failures = 0
		now := r.now()
		for i := range int(n) {
			r.take(b, i, now)
			b.arm(i)
		}
		if int(n) < r.batch {
			return false
		}
	}
	return true
}

// take hands over what one message holds.
func (r *socketReader) take(b *inbox, i int, now time.Time) {
	var from netip.AddrPort
	if b.messages[i].header.Namelen > 0 {
		from = b.names[i].get(&r.zones)
	}
	if b.messages[i].header.Flags&unix.MSG_TRUNC != 0 {
		r.handle(nil, from, now)
		return
	}
	r.handle.split(b.data[i][:b.messages[i].bytes], b.runSize(i), from, now)
}
