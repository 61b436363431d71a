package sdp

import (
	"errors"
	"strconv"
	"strings"

	"parley/codecs"
)

// takeAttribute reads the value of an a= line; unknown attributes are passed over.
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
	if p.s == nil || !p.s.rtp() {
		return nil
	}
	s := p.s
	switch name {
	case "rtpmap":
		return s.takeMap(value)
	case "fmtp":
		return s.takeParameters(value)
	case "rtcp":
		return s.takeRTCP(value)
	case "rtcp-mux":
		s.mux = true
	case "rtcp-fb":
		return s.takeFeedback(value)
	case "ptime":
		return takeMilliseconds(&s.ptime, value)
	case "maxptime":
		return takeMilliseconds(&s.maxPTime, value)
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

// splitPayload splits "<payload type> <rest>".
func splitPayload(value string) (uint8, string, error) {
	number, rest, _ := strings.Cut(value, " ")
	pt, err := parsePayloadType(number)
	return pt, strings.TrimSpace(rest), err
}

func (s *section) takeMap(value string) error {
	pt, rest, err := splitPayload(value)
	if err != nil {
		return err
	}
	f := strings.Split(rest, "/")
	if len(f) < 2 || f[0] == "" || !digits(f[1]) {
		return errors.New("bad rtpmap, want <name>/<clock rate>")
	}
	channels := 1
	if len(f) > 2 {
		if !digits(f[2]) {
			return errors.New("bad number of channels")
		}
		channels = boundedNumber(f[2])
	}
	p := s.payload(pt)
	if p == nil || p.mapped {
		return nil // of a format that the m-line does not list, or said twice
	}
	p.name, p.clock, p.channels, p.mapped = canonical(f[0]), boundedNumber(f[1]), channels, true
	return nil
}

func (s *section) takeParameters(value string) error {
	pt, rest, err := splitPayload(value)
	if err != nil {
		return err
	}
	if p := s.payload(pt); p != nil {
		if p.fmtp != "" {
			rest = p.fmtp + ";" + rest // parameters over several lines
		}
		p.fmtp = rest
	}
	return nil
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
func (s *section) takeFeedback(value string) error {
	number, rest, _ := strings.Cut(value, " ")
	pt := anyPayload
	if number != "*" {
		n, err := parsePayloadType(number)
		if err != nil {
			return err
		}
		pt = int(n)
	}
	f := strings.Fields(strings.ToLower(rest))
	if len(f) == 0 {
		return errors.New("rtcp-fb without a message")
	}
	var fb Feedback
	switch {
	case f[0] == "nack" && len(f) == 1:
		fb.NACK = true
	case f[0] == "nack" && f[1] == "pli":
		fb.PLI = true
	case f[0] == "ccm" && len(f) > 1 && f[1] == "fir":
		fb.FIR = true
	case f[0] == "ccm" && len(f) > 1 && f[1] == "tmmbr":
		fb.TMMBR = true
	default:
		return nil
	}
	if s.feedback == nil {
		s.feedback = map[int]Feedback{}
	}
	s.feedback[pt] = s.feedback[pt].or(fb)
	return nil
}

// takeMilliseconds reads ptime and maxptime; a fraction is cut off.
func takeMilliseconds(to *int, value string) error {
	whole, _, _ := strings.Cut(value, ".")
	if !digits(whole) {
		return errors.New("bad packet time, want a number")
	}
	*to = boundedNumber(whole)
	return nil
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
