package rtp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"
)

const headerSize = 12 // without CSRCs and extensions

// sender is the sending side of a stream.
type sender struct {
	mu        sync.Mutex
	wire      wire // nil in tests without sockets
	ssrc      uint32
	sequence  uint16 // of the next packet
	hasRemote bool
	outbox    outbox
	runs      []run
	one       [1][]byte // the payload of sendOne

	pacer  pacer
	timer  *time.Timer    // sends the next part of a large frame; nil before the first one
	timers sync.WaitGroup // timer, from when it is set until it has run or was stopped
	chunk  int            // packets of a part
	step   time.Duration  // between parts
	closed bool

	packets, bytes, payloadBytes uint64
	failed                       uint64 // packets that the system refused
	resent, denied               uint64 // asked for again: sent, and not sent
	paced                        uint64 // frames that were spread
	meter                        meter
	timestamp                    uint32 // of the last packet
	shift                        uint32 // what is added to the timestamps that are given
	rebased                      int    // clock rate, Hz: the next timestamp that is given is of another clock; 0 = it is not
	sentAt                       time.Time
	payloadType                  uint8 // of the last packet
}

func newSender(w wire) *sender {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	s := &sender{wire: w, sequence: binary.BigEndian.Uint16(b[4:])}
	if s.ssrc = binary.BigEndian.Uint32(b[:]); s.ssrc == 0 {
		s.ssrc = 1
	}
	return s
}

// setRemote changes where packets go; an invalid address stops them.
func (s *sender) setRemote(a netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasRemote = addressUsable(a); s.hasRemote && s.wire != nil {
		s.wire.direct(a)
	}
}

// setHistory starts or ends keeping packets for retransmission.
func (s *sender) setHistory(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.keep = 0
	if on {
		s.outbox.keep = outboxSpan
	}
}

// sendFrame sends the payloads of one frame, one packet each, the marker on the
// last one. A large frame is spread; it stays in one piece before the next one.
func (s *sender) sendFrame(payloads [][]byte, payloadType uint8, timestamp uint32, clock int, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	timestamp = s.shifted(timestamp, now)
	burst, chunk, step := s.pacer.plan(len(payloads), timestamp, clock)
	return s.sendLocked(payloads, payloadType, timestamp, true, now, burst, chunk, step)
}

// sendOne sends one payload.
func (s *sender) sendOne(payload []byte, payloadType uint8, timestamp uint32, marker bool, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.one[0] = payload
	timestamp = s.shifted(timestamp, now)
	err := s.sendLocked(s.one[:], payloadType, timestamp, marker, now, 1, 0, 0)
	s.one[0] = nil
	return err
}

// rebase has the timestamps go on from the last one although those that are
// given begin anew.
func (s *sender) rebase(clock int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rebased = clock
}

// shifted returns the timestamp that a given one stands for. The caller holds mu.
func (s *sender) shifted(timestamp uint32, now time.Time) uint32 {
	if s.rebased > 0 && !s.sentAt.IsZero() {
		passed := now.Sub(s.sentAt).Microseconds() * int64(s.rebased) / 1e6
		s.shift = s.timestamp + uint32(max(passed, 1)) - timestamp
	}
	s.rebased = 0
	return timestamp + s.shift
}

func (s *sender) sendLocked(payloads [][]byte, payloadType uint8, timestamp uint32, marker bool, now time.Time, burst, chunk int, step time.Duration) error {
	if s.closed {
		return ErrClosed
	}
	if !s.hasRemote {
		return ErrNoRemote
	}
	failure := s.flush() // of a frame before
	for i, payload := range payloads {
		size := headerSize + len(payload)
		b := s.outbox.add(s.sequence, size, now)
		if b == nil {
			failure = errors.Join(failure, s.emit(len(payloads)))
			if b = s.outbox.add(s.sequence, size, now); b == nil {
				s.failed++ // larger than any datagram
				continue
			}
		}
		b[0], b[1] = 2<<6, payloadType&0x7f
		if marker && i == len(payloads)-1 {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], s.sequence)
		binary.BigEndian.PutUint32(b[4:], timestamp)
		binary.BigEndian.PutUint32(b[8:], s.ssrc)
		copy(b[headerSize:], payload)
		s.sequence++
		s.packets++
		s.bytes += uint64(size)
		s.payloadBytes += uint64(len(payload))
		s.meter.add(now, size)
	}
	s.timestamp, s.sentAt, s.payloadType = timestamp, now, payloadType
	if err := s.emit(burst); err != nil {
		failure = err
	}
	if s.outbox.wait > 0 {
		s.paced++
		s.chunk, s.step = chunk, step
		s.setTimer()
	}
	return failure
}

// emit sends the oldest n waiting packets.
func (s *sender) emit(n int) error {
	s.runs = s.outbox.next(s.runs[:0], n)
	return s.write()
}

// write sends runs. One that is refused is counted, the others still go.
func (s *sender) write() error {
	if s.wire == nil || !s.hasRemote || len(s.runs) == 0 {
		return nil
	}
	failed, err := s.wire.write(s.runs)
	s.failed += uint64(failed)
	return err
}

// flush sends what is left of a frame that is being spread.
func (s *sender) flush() error {
	if s.outbox.wait == 0 {
		return nil
	}
	s.stopTimer()
	return s.emit(s.outbox.wait)
}

// setTimer has part called after a step. The caller holds mu.
func (s *sender) setTimer() {
	if s.timer == nil {
		s.timers.Add(1)
		s.timer = time.AfterFunc(s.step, s.part)
	} else if !s.timer.Reset(s.step) {
		s.timers.Add(1)
	}
}

func (s *sender) stopTimer() {
	if s.timer != nil && s.timer.Stop() {
		s.timers.Done()
	}
}

// part sends the next part of a frame that is being spread.
func (s *sender) part() {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.timers.Done()
	if s.closed {
		return
	}
	_ = s.emit(s.chunk) // counted
	if s.outbox.wait > 0 {
		s.setTimer()
	}
}

// close ends the sending: what waits is dropped. It waits for the timer.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.stopTimer()
	s.mu.Unlock()
	s.timers.Wait()
}

// resend answers a NACK.
func (s *sender) resend(sequences []uint16, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outbox.keep == 0 || !s.hasRemote {
		return
	}
	s.runs = s.runs[:0]
	for _, sequence := range sequences {
		b := s.outbox.take(sequence, now, s.meter.bitRate)
		if b == nil {
			s.denied++
			continue
		}
		s.resent++
		s.runs = append(s.runs, run{b, len(b)})
	}
	_ = s.write()
}
