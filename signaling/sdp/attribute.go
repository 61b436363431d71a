package sdp

import (
	"errors"
	"strconv"
	"strings"

	"parley/codecs"
)

// takeAttribute reads the value of an a= line. Unknown attributes are passed
// over, and so are malformed ones, except where RTCP of a stream goes to: they
// describe a format that is then not taken, or only a wish.
func (p *parser) takeAttribute(text string) error {
	name, value, _ := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return errors.New("attribute without a name")
	}
	if d, ok := parseDirection(name); ok {
		if p.s != nil {
			p.s.direction = d
			return nil
		}
		p.d.direction = d
		return nil
	}
	if name == "extmap" { // at the session it is for all media (RFC 8285 section 5)
		level := &p.d.level
		if p.s != nil {
			level = &p.s.level
		}
		if level.id == 0 {
			*level = takeExtension(value)
		}
		return nil
	}
	if p.s == nil {
		return nil
	}
	s := p.s
	switch name {
	case "rtpmap":
		s.takeMap(value)
	case "fmtp":
		s.takeParameters(value)
	case "rtcp":
		if s.used() {
			return s.takeRTCP(value)
		}
	case "rtcp-mux":
		s.mux = true
	case "rtcp-fb":
		s.takeFeedback(value)
	case "ptime":
		takeMilliseconds(&s.ptime, value)
	case "maxptime":
		takeMilliseconds(&s.maxPTime, value)
	case "content":
		s.content = value
	case "label":
		s.label = value
	}
	return nil
}

func parseDirection(name string) (Direction, bool) {
	switch name {
	case "sendrecv":
		return SendRecv, true
	case "sendonly":
		return SendOnly, true
	case "recvonly":
		return RecvOnly, true
	case "inactive":
		return Inactive, true
	}
	return 0, false
}

// splitPayload splits "<payload type> <rest>"; the payload is nil when the
// m-line does not list it.
func (s *section) splitPayload(value string) (*payload, string) {
	number, rest, _ := strings.Cut(value, " ")
	pt, err := parsePayloadType(number)
	if err != nil {
		return nil, ""
	}
	return s.payload(pt), strings.TrimSpace(rest)
}

func (s *section) takeMap(value string) {
	p, rest := s.splitPayload(value)
	f := strings.Split(rest, "/")
	if p == nil || p.mapped || len(f) < 2 || f[0] == "" || !digits(f[1]) {
		return
	}
	channels := 1
	if len(f) > 2 {
		if !digits(f[2]) {
			return
		}
		channels = boundedNumber(f[2])
	}
	p.name, p.clock, p.channels, p.mapped = canonical(f[0]), boundedNumber(f[1]), channels, true
}

func (s *section) takeParameters(value string) {
	p, rest := s.splitPayload(value)
	if p == nil {
		return
	}
	if p.fmtp != "" {
		rest = p.fmtp + ";" + rest // parameters over several lines
	}
	p.fmtp = rest
}

// takeRTCP reads a=rtcp (RFC 3605).
func (s *section) takeRTCP(value string) error {
	f := strings.Fields(value)
	if len(f) != 1 && len(f) != 4 {
		return errors.New("bad rtcp attribute, want a port and maybe an address")
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || !digits(f[0]) {
		return errors.New("bad port")
	}
	s.rtcpPort = int(port)
	if len(f) == 4 {
		s.rtcpAddress, err = parseAddress(f[1], f[2], f[3])
	}
	return err
}

// takeFeedback reads a=rtcp-fb (RFC 4585 section 4.2, RFC 5104 section 7.1).
func (s *section) takeFeedback(value string) {
	number, rest, _ := strings.Cut(value, " ")
	pt := anyPayload
	if number != "*" {
		n, err := parsePayloadType(number)
		if err != nil {
			return
		}
		pt = int(n)
	}
	f := strings.Fields(strings.ToLower(rest))
	var fb Feedback
	switch {
	case len(f) == 0:
		return
	case f[0] == "nack" && len(f) == 1:
		fb.NACK = true
	case f[0] == "nack" && f[1] == "pli":
		fb.PLI = true
	case f[0] == "ccm" && len(f) > 1 && f[1] == "fir":
		fb.FIR = true
	case f[0] == "ccm" && len(f) > 1 && f[1] == "tmmbr":
		fb.TMMBR = true
	default:
		return
	}
	if s.feedback == nil {
		s.feedback = map[int]Feedback{}
	}
	s.feedback[pt] = s.feedback[pt].or(fb)
}

// takeMilliseconds reads ptime and maxptime; a fraction is cut off.
func takeMilliseconds(to *int, value string) {
	if whole, _, _ := strings.Cut(value, "."); digits(whole) {
		*to = boundedNumber(whole)
	}
}

// canonical returns the spelling of package codecs, "" for what it does not know.
func canonical(name string) string {
	for _, known := range [...]string{
		codecs.H264, codecs.Opus, codecs.G722, codecs.PCMU, codecs.PCMA, codecs.TelephoneEvent,
	} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return ""
}

// staticPayload returns a payload type as it is without an rtpmap (RFC 3551 section 6).
func staticPayload(number uint8) *payload {
	p := &payload{number: number}
	switch number {
	case 0:
		p.name, p.clock, p.channels = codecs.PCMU, 8000, 1
	case 8:
		p.name, p.clock, p.channels = codecs.PCMA, 8000, 1
	case 9:
		p.name, p.clock, p.channels = codecs.G722, 8000, 1
	}
	return p
}

// parameters splits an fmtp value; names become lower case, the first of two
// equal names holds.
func parameters(fmtp string) map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := m[name]; name != "" && !twice {
			m[name] = strings.TrimSpace(value)
		}
	}
	return m
}

// parameterNumber returns a parameter's value, 0 when it is absent or no number.
func parameterNumber(m map[string]string, name string) int {
	if v := m[name]; digits(v) {
		return boundedNumber(v)
	}
	return 0
}
