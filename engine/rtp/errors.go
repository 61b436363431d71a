package rtp

import "errors"

// Errors of this package.
var (
	// ErrNoPort: no free pair of ports in the configured range.
	ErrNoPort = errors.New("rtp: no free port pair")
	// ErrNoRemote: the far end's address is not known yet.
	ErrNoRemote = errors.New("rtp: no remote address")
	// ErrClosed: used after Close.
	ErrClosed = errors.New("rtp: closed")
	// ErrMalformed: bytes that are not what the specification says.
	ErrMalformed = errors.New("rtp: malformed")
	// ErrPacketization: an H.264 payload structure that packetization modes 0
	// and 1 do not know (RFC 6184 section 5.4).
	ErrPacketization = errors.New("rtp: unsupported payload structure")
	// ErrDigit: not one of 0-9, *, #, A-D.
	ErrDigit = errors.New("rtp: not a DTMF digit")
)
