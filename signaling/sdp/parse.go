package sdp

import (
	"errors"
	"strconv"
	"strings"
)

// parse reads a session description. It is strict about the form of lines and
// about where streams in use go, and passes over attributes and bandwidths that
// it does not know or that are malformed. Errors are *ParseError, or ErrAddress.
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
			return nil, lineError(number, line, err)
		}
	}
	if !p.origin {
		return nil, parseError(number, "", "no o= line")
	}
	for _, s := range d.sections {
		if s.level.id == 0 {
			s.level = d.level
		}
		if !s.used() {
			continue
		}
		if err := s.connect(d.connection); err != nil {
			return nil, err
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
		c := connection{number, line}
		if p.s != nil {
			p.s.own = c
		} else {
			p.d.connection = c
		}
	case 'b':
		b := &p.d.bandwidth
		if p.s != nil {
			b = &p.s.bandwidth
		}
		b.take(value)
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

// checkOrigin checks the form of o= (RFC 8866 section 5.2); we use nothing of
// it. Some write a user name with spaces in it.
func checkOrigin(value string) error {
	f := strings.Fields(value)
	if len(f) < 6 {
		return errors.New("bad origin, want six fields")
	}
	if f = f[len(f)-5:]; !digits(f[0]) || !digits(f[1]) {
		return errors.New("bad session id or version in origin")
	}
	return nil
}

// take reads the value of b=. A fraction, which RFC 8866 does not know, is cut
// off, unless that would ask for silence.
func (b *bandwidth) take(value string) {
	kind, number, _ := strings.Cut(value, ":")
	to, scale := &b.as, 1000
	switch strings.ToUpper(strings.TrimSpace(kind)) {
	case "AS", "CT":
	case "TIAS":
		to, scale = &b.tias, 1
	default:
		return
	}
	number, fraction, _ := strings.Cut(strings.TrimSpace(number), ".")
	if !digits(number) {
		return
	}
	v := boundedNumber(number) * scale
	if v == 0 && strings.Trim(fraction, "0") != "" {
		return
	}
	if *to < 0 || v < *to {
		*to = v
	}
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
	if !s.used() {
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
