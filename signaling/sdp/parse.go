package sdp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// parse reads a session description. It is strict about what it uses and about
// the form of lines, and passes over attributes and bandwidths that it does not
// know. Errors are *ParseError.
func parse(body []byte) (*description, error) {
	if len(body) > maxBody {
		return nil, parseError(0, "", "body is larger than 64 KiB")
	}
	text := strings.TrimRight(string(body), "\r\n \t\x00")
	if text == "" {
		return nil, parseError(0, "", "body is empty")
	}
	d := &description{timing: "0 0", bandwidth: noBandwidth}
	p := &parser{d: d}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimRight(line, "\r \t")
		if number > maxLines {
			return nil, parseError(number, line, "too many lines")
		}
		if err := p.take(number, line); err != nil {
			return nil, parseError(number, line, err.Error())
		}
	}
	if !p.origin {
		return nil, parseError(number, "", "no o= line")
	}
	for _, s := range d.sections {
		if !s.connection.IsValid() {
			s.connection = d.connection
		}
		if !s.connection.IsValid() && s.port != 0 && s.rtp() {
			return nil, parseError(s.line, s.text, "no c= line for this media")
		}
	}
	return d, nil
}

// parser holds where in a description we are.
type parser struct {
	d      *description
	s      *section // nil in the session part
	origin bool
}

// take reads one line. Errors hold only the reason.
func (p *parser) take(number int, line string) error {
	if len(line) < 2 || line[1] != '=' {
		return errors.New("not of the form <letter>=<value>")
	}
	value := line[2:]
	if number == 1 && line[0] != 'v' {
		return errors.New("does not begin with v=0")
	}
	switch line[0] {
	case 'v':
		if number != 1 || value != "0" {
			return errors.New("bad version, want v=0 once and first")
		}
	case 'o':
		if p.origin || p.s != nil {
			return errors.New("misplaced o= line")
		}
		p.origin = true
		return checkOrigin(value)
	case 't':
		if p.s != nil {
			return errors.New("t= line under a media line")
		}
		f := strings.Fields(value)
		if len(f) != 2 || !digits(f[0]) || !digits(f[1]) || len(value) > 64 {
			return errors.New("bad time, want two numbers")
		}
		p.d.timing = f[0] + " " + f[1]
	case 'c':
		a, err := parseConnection(value)
		if err != nil {
			return err
		}
		if p.s != nil {
			p.s.connection = a
		} else {
			p.d.connection = a
		}
	case 'b':
		if p.s != nil {
			return parseBandwidth(&p.s.bandwidth, value)
		}
		return parseBandwidth(&p.d.bandwidth, value)
	case 'm':
		s, err := p.parseMedia(value)
		if err != nil {
			return err
		}
		s.line, s.text = number, line
		p.s = s
		p.d.sections = append(p.d.sections, s)
	case 'a':
		return p.takeAttribute(value)
	case 's', 'i', 'u', 'e', 'p', 'r', 'z', 'k':
		// Of no use to us.
	default:
		// RFC 8866 section 5: type letters are not extensible.
		return errors.New("unknown type of line")
	}
	return nil
}

// checkOrigin checks the form of o= (RFC 8866 section 5.2); we use nothing of it.
func checkOrigin(value string) error {
	f := strings.Fields(value)
	if len(f) != 6 {
		return errors.New("bad origin, want six fields")
	}
	if !digits(f[1]) || !digits(f[2]) {
		return errors.New("bad session id or version in origin")
	}
	return nil
}

// parseConnection reads the value of c=. Host names are not taken: resolving
// what a far end names is not the business of a negotiation. A name in .invalid
// is the IPv6 form of 0.0.0.0 (RFC 6157 section 5.1).
func parseConnection(value string) (netip.Addr, error) {
	f := strings.Fields(value)
	if len(f) != 3 {
		return netip.Addr{}, errors.New("bad connection, want three fields")
	}
	return parseAddress(f[0], f[1], f[2])
}

func parseAddress(network, family, text string) (netip.Addr, error) {
	if !strings.EqualFold(network, "IN") {
		return netip.Addr{}, errors.New("network type is not IN")
	}
	v6 := strings.EqualFold(family, "IP6")
	if !v6 && !strings.EqualFold(family, "IP4") {
		return netip.Addr{}, errors.New("address type is not IP4 or IP6")
	}
	if v6 && strings.HasSuffix(strings.ToLower(text), ".invalid") {
		return netip.IPv6Unspecified(), nil
	}
	text, _, _ = strings.Cut(text, "/")
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.Addr{}, errors.New("address is not numeric")
	case a.Zone() != "":
		return netip.Addr{}, errors.New("address with a zone")
	case a.Is4() == v6:
		return netip.Addr{}, errors.New("address is not of its address type")
	}
	if a = a.Unmap(); a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, errors.New("address is not unicast")
	}
	return a, nil
}

func parseBandwidth(b *bandwidth, value string) error {
	kind, number, ok := strings.Cut(value, ":")
	if !ok || kind == "" {
		return errors.New("bad bandwidth, want <type>:<number>")
	}
	var to *int
	scale := 1000
	switch strings.ToUpper(kind) {
	case "AS", "CT":
		to = &b.as
	case "TIAS":
		to, scale = &b.tias, 1
	default:
		return nil
	}
	number = strings.TrimSpace(number)
	if !digits(number) {
		return errors.New("bad bandwidth, want a number")
	}
	v := boundedNumber(number) * scale
	if *to < 0 || v < *to {
		*to = v
	}
	return nil
}

func (p *parser) parseMedia(value string) (*section, error) {
	if len(p.d.sections) == maxSections {
		return nil, errors.New("too many media lines")
	}
	f := strings.Fields(value)
	if len(f) < 4 {
		return nil, errors.New("bad media line, want kind, port, protocol and formats")
	}
	if len(f)-3 > maxFormats {
		return nil, errors.New("too many formats")
	}
	for _, w := range f {
		if !visible(w) {
			return nil, errors.New("bad character in media line")
		}
	}
	port, count, counted := strings.Cut(f[1], "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !digits(port) {
		return nil, errors.New("bad port")
	}
	if counted && (!digits(count) || boundedNumber(count) == 0) {
		return nil, errors.New("bad number of ports")
	}
	s := &section{
		kind: f[0], port: int(number), proto: f[2], formats: f[3:],
		bandwidth: noBandwidth, direction: p.d.direction, rtcpPort: -1,
	}
	if !s.rtp() {
		return s, nil
	}
	for _, text := range s.formats {
		pt, err := parsePayloadType(text)
		if err != nil {
			return nil, err
		}
		if s.payload(pt) == nil {
			s.payloads = append(s.payloads, staticPayload(pt))
		}
	}
	return s, nil
}

func parsePayloadType(text string) (uint8, error) {
	n, err := strconv.ParseUint(text, 10, 7)
	if err != nil || !digits(text) {
		return 0, errors.New("bad payload type")
	}
	return uint8(n), nil
}

// digits reports whether text is a decimal number of any length.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// visible reports whether text is printable ASCII without space.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// maxNumber bounds every number that a far end says, so that sums and products
// stay far from overflow.
const maxNumber = 1<<31 - 1

// boundedNumber returns the value of digits, at most maxNumber.
func boundedNumber(digits string) int {
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return maxNumber
	}
	return int(n)
}
