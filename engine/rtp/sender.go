package rtp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	headerSize = 12  // without CSRCs and extensions
	sendBatch  = 256 // packets in one system call
)

// sender is the sending side of a stream.
type sender struct {
	mu        sync.Mutex
	transport *Transport // nil in tests without sockets
	ssrc      uint32
	sequence  uint16 // of the next packet
	remote    net.UDPAddr
	hasRemote bool
	history   *history // nil while no NACKs can come
	headers   []byte
	messages  []ipv4.Message
	buffers   [][]byte
	one       [1][]byte // the payload of sendOne

	packets, bytes, payloadBytes uint64
	failed                       uint64 // packets that the system refused
	resent, refused              uint64 // asked for again: sent, and not sent
	meter                        meter
	timestamp                    uint32 // of the last packet
	sentAt                       time.Time
	payloadType                  uint8 // of the last packet
}

func newSender(t *Transport) *sender {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	s := &sender{transport: t, sequence: binary.BigEndian.Uint16(b[4:])}
	if s.ssrc = binary.BigEndian.Uint32(b[:]); s.ssrc == 0 {
		s.ssrc = 1
	}
	return s
}

// setRemote changes where packets go; an invalid address stops them.
func (s *sender) setRemote(a netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasRemote = addressUsable(a); s.hasRemote {
		s.remote = *net.UDPAddrFromAddrPort(a)
	}
}

// setHistory starts or ends keeping packets for retransmission.
func (s *sender) setHistory(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !on:
		s.history = nil
	case s.history == nil:
		s.history = &history{}
	}
}

// send sends the payloads, one packet each; marker is set on the last one.
func (s *sender) send(payloads [][]byte, payloadType uint8, timestamp uint32, marker bool, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sendLocked(payloads, payloadType, timestamp, marker, now)
}

// sendOne sends one payload.
func (s *sender) sendOne(payload []byte, payloadType uint8, timestamp uint32, marker bool, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.one[0] = payload
	err := s.sendLocked(s.one[:], payloadType, timestamp, marker, now)
	s.one[0] = nil
	return err
}

func (s *sender) sendLocked(payloads [][]byte, payloadType uint8, timestamp uint32, marker bool, now time.Time) error {
	if !s.hasRemote {
		return ErrNoRemote
	}
	var failure error
	for len(payloads) > 0 {
		n := min(len(payloads), sendBatch)
		last := n == len(payloads)
		s.prepare(payloads[:n], payloadType, timestamp, marker && last)
		if err := s.write(s.messages); err != nil {
			failure = err
		}
		for i, payload := range payloads[:n] {
			size := headerSize + len(payload)
			s.packets++
			s.bytes += uint64(size)
			s.payloadBytes += uint64(len(payload))
			s.meter.add(now, size)
			if s.history != nil {
				header := s.headers[i*headerSize:][:headerSize]
				s.history.add(binary.BigEndian.Uint16(header[2:]), header, payload)
			}
		}
		payloads = payloads[n:]
	}
	s.timestamp, s.sentAt, s.payloadType = timestamp, now, payloadType
	return failure
}

// prepare fills headers and messages for the payloads.
func (s *sender) prepare(payloads [][]byte, payloadType uint8, timestamp uint32, marker bool) {
	n := len(payloads)
	if cap(s.messages) < n {
		s.headers = make([]byte, n*headerSize)
		s.messages = make([]ipv4.Message, n)
		s.buffers = make([][]byte, 2*n)
	}
	s.messages = s.messages[:n]
	for i, payload := range payloads {
		header := s.headers[i*headerSize:][:headerSize:headerSize]
		header[0] = 2 << 6
		header[1] = payloadType & 0x7f
		if marker && i == n-1 {
			header[1] |= 0x80
		}
		binary.BigEndian.PutUint16(header[2:], s.sequence)
		binary.BigEndian.PutUint32(header[4:], timestamp)
		binary.BigEndian.PutUint32(header[8:], s.ssrc)
		s.sequence++
		buffers := s.buffers[2*i : 2*i+2 : 2*i+2]
		buffers[0], buffers[1] = header, payload
		if len(payload) == 0 {
			buffers = buffers[:1]
		}
		s.messages[i] = ipv4.Message{Buffers: buffers, Addr: &s.remote}
	}
}

// write hands the messages to the system. One that is refused is skipped and
// counted, the others still go.
func (s *sender) write(messages []ipv4.Message) error {
	if s.transport == nil {
		return nil
	}
	var failure error
	for len(messages) > 0 {
		n, err := s.transport.rtp.batch.WriteBatch(messages, 0)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return ErrClosed
			}
			failure = err
			s.failed++
			n = max(n, 0) + 1
		}
		messages = messages[min(max(n, 1), len(messages)):]
	}
	return failure
}

// resend answers a NACK for one sequence number.
func (s *sender) resend(sequence uint16, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.history == nil || !s.hasRemote {
		return
	}
	data := s.history.take(sequence, now, s.meter.bitRate)
	if data == nil {
		s.refused++
		return
	}
	s.resent++
	if s.transport != nil {
		_, _ = s.transport.rtp.conn.WriteToUDPAddrPort(data, s.remote.AddrPort())
	}
}
