package onecore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// datagrams send and receive on loopback, where the sender also pays for what
// the network card's interrupts do elsewhere: each packet's way up to the
// receiver's queue.
func datagrams() (all []operation) {
	video := Result{Group: UDP, Size: fmt.Sprintf("%d bytes", headerSize+videoPayload), Rate: packetRate}
	sound := Result{Group: UDP, Size: fmt.Sprintf("%d bytes", headerSize+soundPayload), Rate: soundRate}
	add := func(r Result, name string, receive bool, bytes, batch, segments int) {
		r.Name = name
		all = append(all, operation{r, func() (task, error) { return datagram(receive, bytes, batch, segments) }})
	}
	const v, s = headerSize + videoPayload, headerSize + soundPayload
	add(video, "send, 1 in a call", false, v, 1, 1)
	add(video, "send, 6 in a call (sendmmsg)", false, v, 6, 1)
	add(video, "send, 48 in a call (sendmmsg)", false, v, 48, 1)
	add(video, "send, 6 in a call (GSO)", false, v, 1, 6)
	add(video, "send, 48 in a call (sendmmsg of GSO)", false, v, 8, 6)
	add(video, "receive, 1 in a call", true, v, 1, 1)
	add(video, "receive, 6 in a call (recvmmsg)", true, v, 6, 1)
	add(video, "receive, 48 in a call (recvmmsg)", true, v, 48, 1)
	add(video, "receive, 6 in a call (GRO)", true, v, 1, 6)
	add(sound, "send, 1 in a call", false, s, 1, 1)
	add(sound, "send, 48 in a call (sendmmsg)", false, s, 48, 1)
	add(sound, "receive, 1 in a call", true, s, 1, 1)
	return all
}

const (
	// Datagrams of one step: they must all find room in a socket's queue of the
	// usual 208 KiB, where each takes twice its size or more.
	queued        = 48
	datagramSteps = 20
	// patience bounds the wait for datagrams that were lost after all.
	patience = time.Second
)

// wire is two sockets and the messages that go from one to the other.
type wire struct {
	from, to           *net.UDPConn
	sender, receiver   *ipv4.PacketConn
	outgoing, incoming []ipv4.Message
	batch, segments    int // messages in a call, datagrams in a message
}

func newWire(bytes, batch, segments int) (_ *wire, err error) {
	w := &wire{batch: batch, segments: segments}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	local := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	if w.from, err = net.ListenUDP("udp4", local); err != nil {
		return nil, err
	}
	if w.to, err = net.ListenUDP("udp4", local); err != nil {
		return nil, err
	}
	w.sender, w.receiver = ipv4.NewPacketConn(w.from), ipv4.NewPacketConn(w.to)
	for range queued / segments {
		out := ipv4.Message{Buffers: [][]byte{make([]byte, bytes*segments)}, Addr: w.to.LocalAddr()}
		if segments > 1 {
			out.OOB = segmentSize(bytes)
		}
		w.outgoing = append(w.outgoing, out)
	}
	for range queued {
		w.incoming = append(w.incoming, ipv4.Message{Buffers: [][]byte{make([]byte, 1<<16)}, OOB: make([]byte, 64)})
	}
	return w, nil
}

// segmentSize is the control message that makes the kernel cut a message into
// datagrams of that many bytes (udp(7), UDP_SEGMENT).
func segmentSize(bytes int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], uint16(bytes))
	return b
}

// gather lets the kernel give datagrams of one size as one message (udp(7), UDP_GRO).
func (w *wire) gather() error {
	raw, err := w.to.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) }); err != nil {
		return err
	}
	return set
}

func (w *wire) close() {
	for _, c := range []*net.UDPConn{w.from, w.to} {
		if c != nil {
			c.Close()
		}
	}
}

// send sends all messages, so many in a call.
func (w *wire) send() error {
	for rest := w.outgoing; len(rest) > 0; {
		n, err := w.sender.WriteBatch(rest[:min(w.batch, len(rest))], 0)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// hurry gives the datagrams that are on their way a second.
func (w *wire) hurry() error { return w.to.SetReadDeadline(time.Now().Add(patience)) }

// receive receives so many messages, and no more than batch in a call.
func (w *wire) receive(messages, batch int) error {
	for messages > 0 {
		n, err := w.receiver.ReadBatch(w.incoming[:min(batch, messages)], 0)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%d datagrams did not come: %w", messages, err)
		}
		if err != nil {
			return err
		}
		messages -= n
	}
	return nil
}

// datagram measures one of the two ends; the other does its part beside.
func datagram(receive bool, bytes, batch, segments int) (task, error) {
	w, err := newWire(bytes, batch, segments)
	if err != nil {
		return task{}, err
	}
	t := task{steps: datagramSteps, each: queued, close: w.close}
	if receive {
		messages := queued
		if segments > 1 {
			if err := w.gather(); err != nil {
				w.close()
				return task{}, fmt.Errorf("%w: UDP_GRO: %w", errAbsent, err)
			}
			messages /= segments
		}
		t.prepare = func(int) error {
			return errors.Join(w.hurry(), w.send())
		}
		t.do = func(int) error { return w.receive(messages, batch) }
		return t, nil
	}
	sent := false
	t.prepare = func(int) error { // what the step before has sent
		if !sent {
			sent = true
			return nil
		}
		return errors.Join(w.hurry(), w.receive(queued, queued))
	}
	t.do = func(int) error {
		err := w.send()
		if segments > 1 && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EIO)) {
			return fmt.Errorf("%w: UDP_SEGMENT: %w", errAbsent, err)
		}
		return err
	}
	return t, nil
}
