package sip

import (
	"bytes"
	"strings"
)

// Bounds of a message. What is larger is refused before anything is kept.
const (
	maxMessage = 64 << 10 // bytes; larger is 513
	maxHeader  = 32 << 10 // bytes up to the empty line
	maxFields  = 400      // header lines
)

// field is one header line: unfolded, trimmed, its name in the long form.
type field struct{ name, value string }

// message is a SIP message split into lines but not yet understood. It exists
// beside the library's parser because what an answer needs (Via, From, To,
// Call-ID, CSeq) must survive when the rest of the message is malformed.
type message struct {
	method, uri, version string // a request
	status               int    // a response
	reason               string
	fields               []field
	body                 []byte
}

// fault says what is wrong with a message and how a request is answered.
type fault struct {
	code   int    // status code of the answer; 0 = drop silently
	reason string // phrase of the answer
	field  string // the part that is at fault, for the log
	extra  []field
}

func malformed(name, why string) *fault {
	return &fault{code: 400, reason: "Bad " + name + ": " + why, field: name}
}

// longNames holds the compact forms (RFC 3261 section 7.3.3 and the IANA list).
var longNames = map[string]string{
	"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
	"e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
	"l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To",
	"s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
}

func canonicalName(name string) string {
	lower := strings.ToLower(name)
	if long, ok := longNames[lower]; ok {
		return long
	}
	switch lower {
	case "call-id":
		return "Call-ID"
	case "cseq":
		return "CSeq"
	case "min-se":
		return "Min-SE"
	}
	parts := strings.Split(lower, "-")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-")
}

// scan splits data into a message. In a stream the framing has already been
// done and the Content-Length is exact; a datagram's body ends where the
// Content-Length says, or with the datagram. The message is returned as far as
// it was read even when there is a fault.
func scan(data []byte, stream bool) (*message, *fault) {
	m := &message{}
	if len(data) > maxMessage {
		head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
		if len(head) <= maxHeader {
			m.readHead(head)
		}
		return m, &fault{code: 513, reason: "Message Too Large", field: "size"}
	}
	end := bytes.Index(data, []byte("\r\n\r\n"))
	head, body := data, []byte(nil)
	if end >= 0 {
		head, body = data[:end], data[end+4:]
	}
	if len(head) > maxHeader {
		return m, &fault{code: 513, reason: "Message Too Large", field: "header"}
	}
	if f := m.readHead(head); f != nil {
		return m, f
	}
	if end < 0 && !bytes.HasSuffix(data, []byte("\r\n")) {
		return m, malformed("message", "no empty line after the header")
	}
	if f := m.setBody(body, stream); f != nil {
		return m, f
	}
	return m, nil
}

// readHead reads the start line and the header lines.
func (m *message) readHead(head []byte) *fault {
	text := string(head)
	for strings.HasPrefix(text, "\r\n") { // RFC 3261 section 7.5
		text = text[2:]
	}
	line, rest, _ := strings.Cut(text, "\r\n")
	startFault := m.readStart(line)
	var fieldFault *fault
	note := func(f *fault) {
		if fieldFault == nil {
			fieldFault = f
		}
	}
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		for rest != "" && (rest[0] == ' ' || rest[0] == '\t') { // folding, section 7.3.1
			var more string
			more, rest, _ = strings.Cut(rest, "\r\n")
			line = strings.TrimRight(line, " \t") + " " + strings.Trim(more, " \t")
		}
		if line == "" {
			continue
		}
		if len(m.fields) >= maxFields {
			return &fault{code: 513, reason: "Message Too Large", field: "header"}
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimRight(name, " \t")
		switch {
		case !ok:
			note(malformed("header", "a line without a colon"))
			continue
		case !isToken(name):
			note(malformed("header", "a field name that is no token"))
			continue
		case strings.ContainsAny(value, "\r\n"):
			note(malformed(canonicalName(name), "a bare line break"))
			continue
		}
		m.fields = append(m.fields, field{canonicalName(name), strings.Trim(value, " \t")})
	}
	if startFault != nil {
		return startFault
	}
	return fieldFault
}

// readStart reads the request line or status line (sections 7.1 and 7.2).
func (m *message) readStart(line string) *fault {
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		version, rest, _ := strings.Cut(line, " ")
		code, reason, _ := strings.Cut(rest, " ")
		m.version, m.reason = strings.ToUpper(version), reason
		n, ok := parseUint(code, 999)
		if !ok || len(code) != 3 || n < 100 || n > 699 {
			return &fault{field: "status code"}
		}
		m.status = int(n)
		return nil
	}
	first, last := strings.IndexByte(line, ' '), strings.LastIndexByte(line, ' ')
	if first <= 0 || first == last {
		// Not even a method, address and version: nobody to answer.
		if !isToken(line[:max(first, 0)]) {
			return &fault{field: "start line"}
		}
		m.method = line[:first]
		return malformed("Request-Line", "not three parts")
	}
	m.method, m.uri, m.version = line[:first], line[first+1:last], strings.ToUpper(line[last+1:])
	trimmed := strings.TrimRight(line, " ")
	if trimmed != line {
		m.version = trimmed[strings.LastIndexByte(trimmed, ' ')+1:]
		return malformed("Request-Line", "space at the end")
	}
	if !isToken(m.method) {
		return &fault{field: "method"}
	}
	if !strings.HasPrefix(m.version, "SIP/") {
		return &fault{field: "start line"}
	}
	if m.uri == "" || strings.ContainsAny(m.uri, " \t") {
		return malformed("Request-Line", "white space around or inside the URI")
	}
	return nil
}

// setBody cuts the body to its Content-Length (section 18.3).
func (m *message) setBody(body []byte, stream bool) *fault {
	values := m.all("Content-Length")
	if len(values) > 1 {
		return malformed("Content-Length", "given more than once")
	}
	if len(values) == 0 {
		if stream {
			return malformed("Content-Length", "missing on a stream")
		}
		m.body = body
		return nil
	}
	n, ok := parseUint(values[0], 1<<31)
	if !ok {
		return malformed("Content-Length", "not a number")
	}
	if int(n) > len(body) {
		return malformed("Content-Length", "larger than the message")
	}
	m.body = body[:n]
	return nil
}

// all returns the values of every line of a field, in order.
func (m *message) all(name string) []string {
	var out []string
	for _, f := range m.fields {
		if f.name == name {
			out = append(out, f.value)
		}
	}
	return out
}

// get returns the value of the first line of a field, or "".
func (m *message) get(name string) string {
	for _, f := range m.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// parseUint reads decimal digits only, up to limit.
func parseUint(s string, limit uint64) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	var n uint64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = n*10 + uint64(s[i]-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// isToken reports whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-.!%*_+`'~", c) >= 0
}
