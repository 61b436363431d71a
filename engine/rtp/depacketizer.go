package rtp

import (
	"encoding/binary"
	"fmt"
)

// accessUnitMax bounds one access unit, bytes. Level 5.2 at its smallest
// compression stays below it for the picture sizes that are conferenced.
const accessUnitMax = 4 << 20

// Depacketizer joins H.264 RTP payloads into access units (RFC 6184: single NAL
// units, STAP-A and FU-A, that is packetization modes 0 and 1). Payloads come in
// the order of their sequence numbers. The zero value is ready; one goroutine at
// a time.
type Depacketizer struct {
	Malformed   uint64 // payloads with wrong lengths or bits
	Unsupported uint64 // payload structures of other modes, and reserved ones
	Fragments   uint64 // fragments without their beginning or end
	Oversize    uint64 // NAL units beyond the bound of an access unit

	data     []byte
	fragment int // where in data the open fragmented NAL unit begins
	open     bool
	key      bool
	damaged  bool
}

// Reset forgets what has been joined so far. Memory is kept.
func (d *Depacketizer) Reset() {
	d.data = d.data[:0]
	d.open, d.key, d.damaged = false, false, false
}

// Lost tells that payloads are missing here: an open fragment ends unused.
func (d *Depacketizer) Lost() {
	d.damaged = true
	d.abandon()
}

// Push adds one payload. An error (ErrMalformed, ErrPacketization) means that it
// was not used; the access unit then counts as damaged. An empty payload is fine.
func (d *Depacketizer) Push(payload []byte) error {
	if len(payload) == 0 {
		return nil
	}
	if payload[0]&0x80 != 0 { // forbidden_zero_bit: known bit errors
		return d.malformed("forbidden bit")
	}
	kind := payload[0] & 0x1f
	if kind != nalFUA && d.open {
		d.Fragments++
		d.Lost()
	}
	switch {
	case kind >= 1 && kind <= 23:
		d.nal(payload)
		return nil
	case kind == nalSTAPA:
		return d.aggregate(payload[1:])
	case kind == nalFUA:
		return d.fragmented(payload)
	default:
		d.Unsupported++
		d.damaged = true
		return fmt.Errorf("%w: type %d", ErrPacketization, kind)
	}
}

// Finish returns the access unit in Annex B, whether it holds an IDR slice, and
// whether something in it was missing or wrong. The bytes are valid until the
// next Reset or Push.
func (d *Depacketizer) Finish() (data []byte, key, damaged bool) {
	if d.open {
		d.Fragments++
		d.Lost()
	}
	return d.data, d.key, d.damaged
}

func (d *Depacketizer) malformed(what string) error {
	d.Malformed++
	d.damaged = true
	d.abandon()
	return fmt.Errorf("%w: %s", ErrMalformed, what)
}

// abandon drops an open fragmented NAL unit.
func (d *Depacketizer) abandon() {
	if d.open {
		d.data = d.data[:d.fragment]
		d.open = false
	}
}

// room reports whether n more bytes fit.
func (d *Depacketizer) room(n int) bool {
	if len(d.data)+4+n <= accessUnitMax {
		return true
	}
	d.Oversize++
	d.damaged = true
	return false
}

func (d *Depacketizer) nal(nal []byte) {
	if !d.room(len(nal)) {
		return
	}
	d.data = append(append(d.data, 0, 0, 0, 1), nal...)
	d.key = d.key || nal[0]&0x1f == nalIDR
}

// aggregate takes a STAP-A apart (section 5.7.1); what comes before an error is used.
func (d *Depacketizer) aggregate(b []byte) error {
	if len(b) == 0 {
		return d.malformed("empty STAP-A")
	}
	for len(b) > 0 {
		if len(b) < 2 {
			return d.malformed("STAP-A size")
		}
		n := int(binary.BigEndian.Uint16(b))
		if n == 0 || n > len(b)-2 {
			return d.malformed("STAP-A size")
		}
		nal := b[2 : 2+n]
		if kind := nal[0] & 0x1f; nal[0]&0x80 != 0 || kind == 0 || kind > 23 {
			return d.malformed("STAP-A unit")
		}
		d.nal(nal)
		b = b[2+n:]
	}
	return nil
}

// fragmented takes one FU-A (section 5.8).
func (d *Depacketizer) fragmented(b []byte) error {
	if len(b) < 2 {
		return d.malformed("FU-A size")
	}
	start, end, kind := b[1]&0x80 != 0, b[1]&0x40 != 0, b[1]&0x1f
	if start && end || kind == 0 || kind > 23 {
		return d.malformed("FU-A header")
	}
	body := b[2:]
	if start {
		if d.open {
			d.Fragments++
			d.Lost()
		}
		if !d.room(1 + len(body)) {
			return nil
		}
		d.fragment, d.open = len(d.data), true
		d.data = append(d.data, 0, 0, 0, 1, b[0]&0xe0|kind)
	} else {
		if !d.open {
			d.Fragments++
			d.damaged = true
			return nil
		}
		if d.data[d.fragment+4]&0x1f != kind {
			return d.malformed("FU-A type changes")
		}
		if !d.room(len(body)) {
			d.abandon()
			return nil
		}
	}
	d.data = append(d.data, body...)
	if end {
		d.key = d.key || kind == nalIDR
		d.open = false
	}
	return nil
}
