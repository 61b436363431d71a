package sip

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// supportedMethods is what the Allow field says.
var supportedMethods = []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "INFO"}

// otherMethods are those of other specifications; a method that nobody knows
// is answered 501 instead of 405 (RFC 3261 section 21.5.2).
var otherMethods = []string{"REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH"}

func allowValue() string { return strings.Join(supportedMethods, ", ") }

// hops returns every Via value in order.
func (m *message) hops() ([]via, *fault) {
	var out []via
	for _, line := range m.all("Via") {
		items, err := splitList(line)
		if err != nil {
			return nil, malformed("Via", err.Error())
		}
		for _, item := range items {
			v, err := parseVia(item)
			if err != nil {
				return nil, malformed("Via", err.Error())
			}
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, malformed("Via", "missing")
	}
	return out, nil
}

// check holds a message against the grammar of the parts that a dialog, a
// transaction and an answer are made of (RFC 3261 sections 8.1.1 and 25). The
// order is that of section 8.2: syntax, version, method, URI scheme.
func (m *message) check() *fault {
	f := m.checkFields()
	if m.status != 0 {
		if f == nil && m.version != "SIP/2.0" {
			f = &fault{field: "version"}
		}
		if f != nil {
			f.code = 0 // a response is never answered
		}
		return f
	}
	switch {
	case m.version != "SIP/2.0":
		f = &fault{code: 505, reason: "Version Not Supported", field: "version"}
	case f != nil:
	case !slices.Contains(supportedMethods, m.method):
		f = &fault{code: 501, reason: "Not Implemented", field: "method", extra: []field{{"Allow", allowValue()}}}
		if slices.Contains(otherMethods, m.method) {
			f.code, f.reason = 405, "Method Not Allowed"
		}
	case uriScheme(m.uri) != "sip" && uriScheme(m.uri) != "sips":
		f = &fault{code: 416, reason: "Unsupported URI Scheme", field: "Request-URI"}
	}
	if f != nil && m.method == "ACK" {
		f.code = 0
	}
	return f
}

func (m *message) checkFields() *fault {
	hops, f := m.hops()
	if f != nil {
		return f
	}
	if hops[0].version != "2.0" {
		return malformed("Via", "another version")
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		switch n := len(m.all(name)); {
		case n == 0:
			return malformed(name, "missing")
		case n > 1:
			return malformed(name, "given more than once")
		}
	}
	for _, name := range []string{"From", "To"} {
		a, err := parseNameAddr(m.get(name))
		if err != nil {
			return malformed(name, err.Error())
		}
		if tag, ok := a.params.get("tag"); ok && !isToken(tag) {
			return malformed(name, "a tag that is no token")
		}
	}
	if id := m.get("Call-ID"); id == "" || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return malformed("Call-ID", "no word")
	}
	words := strings.Fields(m.get("CSeq"))
	if len(words) != 2 || !isToken(words[1]) {
		return malformed("CSeq", "not a number and a method")
	}
	if _, ok := parseUint(words[0], 1<<31-1); !ok {
		return malformed("CSeq", "number out of range")
	}
	if m.status == 0 && words[1] != m.method {
		return malformed("CSeq", "method differs from the request line")
	}
	if v := m.all("Max-Forwards"); len(v) > 1 {
		return malformed("Max-Forwards", "given more than once")
	} else if len(v) == 1 {
		if _, ok := parseUint(v[0], 255); !ok {
			return malformed("Max-Forwards", "out of range")
		}
	}
	if f := m.checkRequestURI(); f != nil {
		return f
	}
	for _, name := range []string{"Session-Expires", "Min-SE"} {
		if v := m.get(name); v != "" {
			number, _, _ := strings.Cut(v, ";")
			if _, ok := parseUint(strings.TrimRight(number, " \t"), 1<<32-1); !ok {
				return malformed(name, "not a number")
			}
		}
	}
	return m.checkAddresses()
}

func (m *message) checkRequestURI() *fault {
	if m.status != 0 {
		return nil
	}
	if strings.HasPrefix(m.uri, "<") {
		return malformed("Request-URI", "in angle brackets")
	}
	if err := checkURI(m.uri); err != nil {
		return malformed("Request-URI", err.Error())
	}
	if s := uriScheme(m.uri); s == "sip" || s == "sips" {
		if u, err := parseURI(m.uri); err != nil || len(u.Headers) > 0 {
			return malformed("Request-URI", "header fields in it")
		}
	}
	return nil
}

// checkAddresses checks the address lists that requests are routed by.
func (m *message) checkAddresses() *fault {
	for _, name := range []string{"Contact", "Record-Route", "Route"} {
		for _, line := range m.all(name) {
			if line == "*" && name == "Contact" {
				continue
			}
			items, err := splitAddresses(line)
			if err != nil {
				return malformed(name, err.Error())
			}
			for _, item := range items {
				if _, err := parseNameAddr(item); err != nil {
					return malformed(name, err.Error())
				}
			}
		}
	}
	return nil
}

// normal writes the message anew in the one form that the library reads
// without surprises: no folding, long names, one value a line, exact length.
// The top hop of a request gets received and rport (section 18.2.1, RFC 3581).
// The message has passed check.
func (m *message) normal(source netip.AddrPort) []byte {
	var b strings.Builder
	if m.status != 0 {
		b.WriteString("SIP/2.0 " + strconv.Itoa(m.status) + " " + m.reason + "\r\n")
	} else {
		b.WriteString(m.method + " " + m.uri + " SIP/2.0\r\n")
	}
	hops, _ := m.hops()
	for i, v := range hops {
		if i == 0 && m.status == 0 {
			v.mark(source)
			m.identify(&v)
		}
		b.WriteString("Via: " + v.String() + "\r\n")
	}
	for _, f := range m.fields {
		switch f.name {
		case "Via", "Content-Length", sourceField:
		case "From", "To":
			a, _ := parseNameAddr(f.value)
			b.WriteString(f.name + ": " + a.String() + "\r\n")
		case "CSeq":
			b.WriteString("CSeq: " + strings.Join(strings.Fields(f.value), " ") + "\r\n")
		case "Contact", "Record-Route", "Route":
			items, _ := splitAddresses(f.value)
			for _, item := range items {
				if a, err := parseNameAddr(item); err == nil {
					item = a.String()
				}
				b.WriteString(f.name + ": " + item + "\r\n")
			}
		default:
			b.WriteString(f.name + ": " + f.value + "\r\n")
		}
	}
	b.WriteString(sourceField + ": " + source.String() + "\r\n")
	b.WriteString("Content-Length: " + strconv.Itoa(len(m.body)) + "\r\n\r\n")
	b.Write(m.body)
	return []byte(b.String())
}

// mark writes into a request's top hop where the request really came from.
func (v *via) mark(source netip.AddrPort) {
	ip := source.Addr().Unmap().WithZone("")
	kept := make(params, 0, len(v.params)+2)
	for _, p := range v.params {
		switch strings.ToLower(p.name) {
		case "received":
			continue // only the receiver may say this
		case "rport":
			p.value = strconv.Itoa(int(source.Port()))
		}
		kept = append(kept, p)
	}
	v.params = append(kept, param{"received", ip.String()})
}

// identify gives a request of RFC 2543 that has neither a branch nor a From tag
// a branch, as transactions are told apart by one of the two. It is made of
// what an INVITE and its ACK have in common.
func (m *message) identify(top *via) {
	if branch, _ := top.params.get("branch"); branch != "" {
		return
	}
	from, _ := parseNameAddr(m.get("From"))
	if _, ok := from.params.get("tag"); ok {
		return
	}
	number, _, _ := strings.Cut(m.get("CSeq"), " ")
	h := fnv.New64a()
	for _, part := range []string{m.get("Call-ID"), number, m.get("From"), m.get("Via")} {
		h.Write([]byte(part + "\n"))
	}
	top.params = append(top.params, param{"branch", "z9hG4bK-2543-" + strconv.FormatUint(h.Sum64(), 36)})
}
