package rtp

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// dtmfDigits is the digits in the order of their event codes (RFC 4733 section 3.2).
const dtmfDigits = "0123456789*#ABCD"

// DTMFReceiver turns telephone events (RFC 4733) into digits. The zero value is
// ready; one goroutine at a time.
type DTMFReceiver struct {
	Malformed uint64 // payloads that are too short
	Ignored   uint64 // events that are not DTMF

	event     byte
	timestamp uint32
	duration  uint16
	heard     bool
	ended     bool
}

// lateEvent is how far behind, in units of the clock, a packet counts as late;
// farther back, the sender has restarted. 10 s at 48 kHz.
const lateEvent = 480_000

// Push takes one telephone-event payload and its RTP timestamp. It returns a
// digit once for each event, at the first packet of it that arrives, however
// often its packets are repeated.
func (d *DTMFReceiver) Push(payload []byte, timestamp uint32) (digit byte, ok bool) {
	if len(payload) < 4 {
		d.Malformed++
		return 0, false
	}
	event, end := payload[0], payload[1]&0x80 != 0
	duration := binary.BigEndian.Uint16(payload[2:])
	if int(event) >= len(dtmfDigits) {
		d.Ignored++
		return 0, false
	}
	if d.heard {
		if behind := int32(d.timestamp - timestamp); behind > 0 && behind < lateEvent {
			return 0, false // a late packet of an event before
		}
		if d.continues(event, timestamp, duration) {
			d.timestamp, d.duration = timestamp, duration
			d.ended = d.ended || end
			return 0, false
		}
	}
	d.heard, d.event, d.timestamp, d.duration, d.ended = true, event, timestamp, duration, end
	return dtmfDigits[event], true
}

// continues reports whether a packet belongs to the event heard last: the same
// timestamp; the next segment of a long one (section 2.5.1.3); or a sender that
// moves the timestamp on within an event, seen by its growing duration.
func (d *DTMFReceiver) continues(event byte, timestamp uint32, duration uint16) bool {
	if timestamp == d.timestamp {
		return true
	}
	if event != d.event || d.ended {
		return false
	}
	step := timestamp - d.timestamp
	return step >= 0xffff-8000 && step <= 0xffff+8000 && d.duration > 0xf000 ||
		duration > d.duration && step <= uint32(duration)
}

// DTMFPacket is one packet of an event to send: all of one event have the
// timestamp of its beginning.
type DTMFPacket struct {
	Payload [4]byte
	Marker  bool          // the first one
	After   time.Duration // when to send it, from the beginning of the event
}

// Timing of sent events.
const (
	dtmfStep   = 20 * time.Millisecond
	dtmfEnds   = 3  // the end is sent so often (section 2.5.1.4)
	dtmfVolume = 10 // -10 dBm0
)

// DTMF returns the packets of one digit that is pressed for length (20 ms to
// 5 s) at an RTP clock rate: one each 20 ms, then the end three times. It
// returns ErrDigit for what is not a digit.
func DTMF(digit byte, length time.Duration, clock int) ([]DTMFPacket, error) {
	event := strings.IndexByte(dtmfDigits, upper(digit))
	if event < 0 {
		return nil, fmt.Errorf("%w: %q", ErrDigit, digit)
	}
	length = min(max(length, dtmfStep), 5*time.Second)
	var packets []DTMFPacket
	for at := dtmfStep; at < length; at += dtmfStep {
		packets = append(packets, dtmfPacket(event, at, clock, false))
	}
	for range dtmfEnds {
		packets = append(packets, dtmfPacket(event, length, clock, true))
	}
	packets[0].Marker = true
	for i := range packets {
		packets[i].After = time.Duration(i) * dtmfStep
	}
	return packets, nil
}

func upper(digit byte) byte {
	if digit >= 'a' && digit <= 'd' {
		return digit - 'a' + 'A'
	}
	return digit
}

func dtmfPacket(event int, at time.Duration, clock int, end bool) DTMFPacket {
	var p DTMFPacket
	p.Payload[0] = byte(event)
	p.Payload[1] = dtmfVolume
	if end {
		p.Payload[1] |= 0x80
	}
	units := min(int64(at)*int64(clock)/int64(time.Second), 0xffff)
	binary.BigEndian.PutUint16(p.Payload[2:], uint16(units))
	return p
}
