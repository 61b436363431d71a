package rtp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeMessages bounds the messages of one system call.
const writeMessages = 64

// socketWriter sends runs with sendmmsg(2): a message for each run where UDP
// segmentation is known (UDP_SEGMENT, udp(7)), else one for each packet. One
// goroutine at a time.
type socketWriter struct {
	socket   *socket
	segments bool // runs may go as they are
	refusals uint64
	to       sockaddr

	messages []mmsghdr
	parts    []messageParts
	call     func(fd uintptr) bool // sendmmsg, bound once

	// Of the call that is made now.
	first, count int
	sent         int
	err          error
}

// messageParts is what a message points to.
type messageParts struct {
	vector  unix.Iovec
	control sizeControl
}

func newSocketWriter(s *socket) *socketWriter {
	w := &socketWriter{socket: s, segments: s.offload}
	w.call = w.sendmmsg
	return w
}

func (w *socketWriter) direct(to netip.AddrPort) { w.to.set(to, w.socket.six) }

func (w *socketWriter) refused() uint64 { return w.refusals }

func (w *socketWriter) write(runs []run) (failed int, err error) {
	for len(runs) > 0 {
		w.fill(runs)
		for w.first = 0; w.first < w.count; {
			if e := w.socket.raw.Write(w.call); e != nil {
				if errors.Is(e, net.ErrClosed) {
					e = ErrClosed
				}
				return failed, e
			}
			if w.err == nil {
				runs = w.advance(runs, w.sent)
				continue
			}
			if w.segmented(w.first) && segmentsRefused(w.err) {
				// Some paths do not take them: IPsec, devices without
				// checksums, packets above the MTU.
				w.segments = false
				w.refusals++
				break // fill anew
			}
			err = w.err
			failed += w.packets(w.first)
			runs = w.advance(runs, 1)
		}
	}
	return failed, err
}

// fill makes messages of as many of the runs as fit.
func (w *socketWriter) fill(runs []run) {
	w.count = 0
	for _, r := range runs {
		for len(r.data) > 0 {
			if w.count == writeMessages {
				return
			}
			n := min(r.size, len(r.data))
			if w.segments {
				n = len(r.data)
			}
			w.add(r.data[:n], r.size)
			r.data = r.data[n:]
		}
	}
}

// add makes one message, of several packets when data is longer than size.
func (w *socketWriter) add(data []byte, size int) {
	if w.count == len(w.messages) {
		w.grow()
	}
	m, p := &w.messages[w.count].header, &w.parts[w.count]
	w.count++
	m.Name, m.Namelen = (*byte)(unsafe.Pointer(&w.to.raw)), w.to.size
	p.vector.Base = unsafe.SliceData(data)
	p.vector.SetLen(len(data))
	if len(data) <= size {
		m.Control = nil
		m.SetControllen(0)
		return
	}
	p.control.header.Level, p.control.header.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	p.control.header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(p.control.size[:], uint16(size))
	m.Control = (*byte)(unsafe.Pointer(&p.control))
	m.SetControllen(unix.CmsgSpace(2))
}

// grow makes room for more messages; they point to their parts for ever.
func (w *socketWriter) grow() {
	n := min(max(2*len(w.messages), 4), writeMessages)
	w.messages = append(w.messages, make([]mmsghdr, n-len(w.messages))...)
	parts := make([]messageParts, n)
	copy(parts, w.parts)
	w.parts = parts
	for i := range w.messages {
		m, p := &w.messages[i].header, &w.parts[i]
		m.Iov = &p.vector
		m.SetIovlen(1)
		if m.Control != nil {
			m.Control = (*byte)(unsafe.Pointer(&p.control))
		}
	}
}

// sendmmsg sends the messages from first on. False: the socket is full, to be
// called again when it is not.
func (w *socketWriter) sendmmsg(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd,
			uintptr(unsafe.Pointer(&w.messages[w.first])), uintptr(w.count-w.first), 0, 0, 0)
		switch errno {
		case 0:
			w.sent, w.err = int(n), nil
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default: // of the first message; the system tells no more than one
			w.sent, w.err = 0, errno
			return true
		}
	}
}

// advance moves over messages that are done with.
func (w *socketWriter) advance(runs []run, messages int) []run {
	for range messages {
		r := &runs[0]
		if r.data = r.data[w.parts[w.first].vector.Len:]; len(r.data) == 0 {
			runs = runs[1:]
		}
		w.first++
	}
	return runs
}

func (w *socketWriter) segmented(i int) bool { return w.messages[i].header.Control != nil }

// packets returns how many packets a message holds.
func (w *socketWriter) packets(i int) int {
	if !w.segmented(i) {
		return 1
	}
	size := int(binary.NativeEndian.Uint16(w.parts[i].control.size[:]))
	return (int(w.parts[i].vector.Len) + size - 1) / size
}

// segmentsRefused reports whether an error may be about the run, not its packets.
func segmentsRefused(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EMSGSIZE) ||
		errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOPROTOOPT)
}
