package sdp

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of a negotiation. After any of them the media in force stay as they were.
var (
	// ErrState: an offer or answer out of turn (RFC 3264 section 4).
	ErrState = errors.New("sdp: offer or answer out of turn")
	// ErrNoCommonCodec: media were offered, and none of them fits.
	ErrNoCommonCodec = errors.New("sdp: no common codec")
	// ErrTransport: all audio and video that was offered is of profiles that we do
	// not speak, such as RTP/SAVP (encrypted).
	ErrTransport = errors.New("sdp: no common profile, want RTP/AVP or RTP/AVPF")
	// ErrMismatch: the answer's media lines do not fit the offer's (RFC 3264 section 6).
	ErrMismatch = errors.New("sdp: answer does not fit the offer")
	// ErrAddress: media in use are wanted at a host name. Resolving what a far
	// end names is not the business of a negotiation.
	ErrAddress = errors.New("sdp: address is a host name, want a numeric one")
	// ErrLocal: Local cannot be described: no address, or nothing to offer.
	ErrLocal = errors.New("sdp: local side has no address or no media")
)

// ParseError says which line of a description is malformed.
type ParseError struct {
	Line   int    // from 1; 0 = the body as a whole
	Text   string // the line, cut, printable ASCII without quotes
	Reason string // what is wrong with it
}

// Error implements error.
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "sdp: " + e.Reason
	}
	return fmt.Sprintf("sdp: line %d: %s: \"%s\"", e.Line, e.Reason, e.Text)
}

// maxErrorText keeps an error short enough for a header and a log line.
const maxErrorText = 80

func parseError(line int, text, reason string) *ParseError {
	return &ParseError{Line: line, Text: printable(text), Reason: reason}
}

// lineError says what is wrong with a line: ErrAddress, or else a *ParseError.
func lineError(line int, text string, err error) error {
	if errors.Is(err, ErrAddress) {
		return fmt.Errorf("%w: line %d: \"%s\"", ErrAddress, line, printable(text))
	}
	return parseError(line, text, err.Error())
}

// printable makes a far end's text safe to log and to quote in a header.
func printable(text string) string {
	cut := len(text) > maxErrorText
	if cut {
		text = text[:maxErrorText]
	}
	b := []byte(text)
	for i, c := range b {
		switch {
		case c < ' ' || c > '~':
			b[i] = '?'
		case c == '"' || c == '\\':
			b[i] = '\''
		}
	}
	text = strings.TrimSpace(string(b))
	if cut {
		text += "..."
	}
	return text
}
