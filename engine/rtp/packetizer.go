package rtp

// DefaultMTU is the largest RTP payload made, bytes: with RTP, SRTP, UDP and IP
// it passes through tunnels and PPPoE.
const DefaultMTU = 1200

// Packetizer cuts H.264 access units into RTP payloads (RFC 6184). One
// goroutine at a time.
type Packetizer struct {
	Mode int // packetization-mode: 0 = single NAL units, 1 = STAP-A and FU-A too
	MTU  int // largest payload, bytes; 0 = DefaultMTU

	// Oversize counts NAL units above the MTU in mode 0, which has no means
	// to cut them: they go as they are, in IP fragments.
	Oversize uint64

	buf      []byte
	payloads [][]byte
}

// aggregateMax is the largest parameter set, delimiter or SEI that is put into a
// STAP-A. Slices are put together with each other whenever they fit.
const aggregateMax = 256

// Split returns the payloads of one access unit (Annex B), in order. They are
// copies, valid until the next call.
func (p *Packetizer) Split(accessUnit []byte) [][]byte {
	p.buf, p.payloads = p.buf[:0], p.payloads[:0]
	mtu := p.MTU
	if mtu <= 0 {
		mtu = DefaultMTU
	}
	mtu = min(max(mtu, 16), 1<<16-64)
	nal, rest := nextNAL(accessUnit)
	for nal != nil {
		if p.Mode != 0 && class(nal) != classAlone && len(nal) <= mtu {
			nal, rest = p.aggregate(nal, rest, mtu)
			continue
		}
		p.one(nal, mtu)
		nal, rest = nextNAL(rest)
	}
	return p.payloads
}

// nalClass is which NAL units go into one packet with each other.
type nalClass uint8

const (
	classAlone nalClass = iota
	classSlice
	classBeside // of the small kinds beside slices
)

func class(nal []byte) nalClass {
	switch t := nal[0] & 0x1f; {
	case t == nalSlice || t == nalIDR:
		return classSlice
	case t >= nalSEI && t <= nalAUD && len(nal) <= aggregateMax:
		return classBeside
	}
	return classAlone
}

// aggregate makes a STAP-A (section 5.7.1) of the NAL units of one class from
// here on, or a single packet of a lone one. The first one fits. It returns the
// first NAL unit after it.
func (p *Packetizer) aggregate(nal, rest []byte, mtu int) (following, remaining []byte) {
	of, start := class(nal), len(p.buf)
	p.buf = append(p.buf, nalSTAPA, byte(len(nal)>>8), byte(len(nal)))
	p.buf = append(p.buf, nal...)
	header := nal[0] & 0xe0
	count := 1
	for nal, rest = nextNAL(rest); nal != nil && class(nal) == of && len(p.buf)-start+2+len(nal) <= mtu; nal, rest = nextNAL(rest) {
		header = max(header&0x60, nal[0]&0x60) | (header|nal[0])&0x80 // NRI: the highest; F: of any
		p.buf = append(p.buf, byte(len(nal)>>8), byte(len(nal)))
		p.buf = append(p.buf, nal...)
		count++
	}
	if count == 1 {
		p.buf = append(p.buf[:start], p.buf[start+3:]...)
	} else {
		p.buf[start] |= header
	}
	p.payloads = append(p.payloads, p.buf[start:len(p.buf):len(p.buf)])
	return nal, rest
}

// one makes the payloads of one NAL unit.
func (p *Packetizer) one(nal []byte, mtu int) {
	switch {
	case len(nal) <= mtu:
		p.copy(nal)
	case p.Mode != 0:
		p.fragment(nal, mtu)
	default:
		p.Oversize++
		if len(nal) < 1<<16-64 { // else it fits no datagram
			p.copy(nal)
		}
	}
}

func (p *Packetizer) copy(nal []byte) {
	start := len(p.buf)
	p.buf = append(p.buf, nal...)
	p.payloads = append(p.payloads, p.buf[start:len(p.buf):len(p.buf)])
}

// fragment makes FU-As (section 5.8), all of one size but the last.
func (p *Packetizer) fragment(nal []byte, mtu int) {
	indicator, kind, data := nal[0]&0xe0|nalFUA, nal[0]&0x1f, nal[1:]
	room := mtu - 2
	count := (len(data) + room - 1) / room
	size := (len(data) + count - 1) / count
	for first := true; len(data) > 0; first = false {
		n := min(size, len(data))
		header := kind
		if first {
			header |= 0x80
		}
		if n == len(data) {
			header |= 0x40
		}
		start := len(p.buf)
		p.buf = append(p.buf, indicator, header)
		p.buf = append(p.buf, data[:n]...)
		p.payloads = append(p.payloads, p.buf[start:len(p.buf):len(p.buf)])
		data = data[n:]
	}
}
