//go:build !linux

package rtp

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// enableOffload: other systems take and give one packet at a time here.
func (s *socket) enableOffload() bool { return false }

// socketWriter sends one packet in a system call.
type socketWriter struct {
	socket *socket
	to     netip.AddrPort
}

func newSocketWriter(s *socket) *socketWriter { return &socketWriter{socket: s} }

func (w *socketWriter) direct(to netip.AddrPort) { w.to = to }

func (w *socketWriter) refused() uint64 { return 0 }

func (w *socketWriter) write(runs []run) (failed int, err error) {
	for _, r := range runs {
		for len(r.data) > 0 {
			n := min(r.size, len(r.data))
			if _, e := w.socket.conn.WriteToUDPAddrPort(r.data[:n], w.to); errors.Is(e, net.ErrClosed) {
				return failed, ErrClosed
			} else if e != nil {
				failed, err = failed+1, e
			}
			r.data = r.data[n:]
		}
	}
	return failed, err
}

// read hands every datagram to handle until the socket is closed.
func (s *socket) read(_ int, now func() time.Time, handle received) {
	buffer := make([]byte, datagramMax+1)
	for failures := 0; failures < readFailuresMax; {
		n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failures++
			continue
		}
		failures = 0
		handle.split(buffer[:n], 0, unmap(from), now())
	}
}
