package rtp

import "encoding/binary"

// NoAudioLevel is Packet.AudioLevel of a packet that does not tell it.
const NoAudioLevel = 255

// extensions is the header extension of one packet as it came: the elements of
// RFC 8285, in one-byte or two-byte form. The zero value has none.
type extensions struct {
	profile uint16
	data    []byte // behind profile and length
}

// Profiles of RFC 8285 sections 4.2 and 4.3; the low bits of the second are the
// application's.
const (
	profileOneByte     = 0xbede
	profileTwoByte     = 0x1000
	profileTwoByteMask = 0xfff0
)

// extensionsOf finds the header extension in a datagram whose header has been
// checked already: size bytes long, extension included.
func extensionsOf(b []byte, size int) extensions {
	at := headerSize + 4*int(b[0]&0x0f)
	if b[0]&0x10 == 0 || at+4 > size || size > len(b) {
		return extensions{}
	}
	return extensions{profile: binary.BigEndian.Uint16(b[at:]), data: b[at+4 : size]}
}

// get returns the data of the first element with an id from 1 on; nil when
// there is none.
func (e extensions) get(id uint8) []byte {
	two := e.profile&profileTwoByteMask == profileTwoByte
	if id == 0 || !two && e.profile != profileOneByte {
		return nil
	}
	for b := e.data; len(b) > 0; {
		if b[0] == 0 { // padding
			b = b[1:]
			continue
		}
		element, n, rest := b[0]>>4, int(b[0]&0x0f)+1, b[1:]
		if two {
			if len(rest) == 0 {
				return nil
			}
			element, n, rest = b[0], int(rest[0]), rest[1:]
		} else if element == 0 || element == 15 { // section 4.2: what follows 15 is not read
			return nil
		}
		if n > len(rest) {
			return nil
		}
		if element == id {
			return rest[:n:n]
		}
		b = rest[n:]
	}
	return nil
}

// audioLevel returns what the element with this id says (RFC 6464 section 3):
// the level in -dBov, and whether the sender takes it for a voice.
func (e extensions) audioLevel(id uint8) (level uint8, voice bool) {
	if b := e.get(id); len(b) > 0 {
		return b[0] & 0x7f, b[0]&0x80 != 0
	}
	return NoAudioLevel, false
}

// Extension returns the data of a header extension element (RFC 8285) by the id
// that a=extmap gave it; nil when the packet has none. It is valid as long as
// Payload.
func (p *Packet) Extension(id uint8) []byte { return p.extensions.get(id) }
