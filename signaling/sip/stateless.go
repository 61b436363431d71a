package sip

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
)

// rejection writes the answer to a request that no transaction is opened for
// (section 8.2.7), and where a datagram with it goes (section 18.2.2). It is
// nil when there is nobody to answer. seed keeps the To tag equal for the
// retransmissions of one request.
func (m *message) rejection(f *fault, source netip.AddrPort, seed maphash.Seed, agent string) ([]byte, netip.AddrPort) {
	if f.code == 0 || m.status != 0 || m.method == "ACK" || m.method == "" {
		return nil, source
	}
	hops, bad := m.hops()
	if bad != nil {
		// The hop that we can read is the way back.
		for _, line := range m.all("Via") {
			first, _, _, _ := cutOutside(line, ",")
			v, err := parseVia(first)
			if err != nil {
				return nil, source
			}
			hops = append(hops, v)
		}
		if len(hops) == 0 {
			return nil, source
		}
	}
	to := source
	top := hops[0]
	if _, ok := top.params.get("rport"); !ok {
		port := top.port
		if port == 0 {
			port = 5060
			if top.transport == "TLS" {
				port = 5061
			}
		}
		to = netip.AddrPortFrom(source.Addr(), uint16(port))
	}
	hops[0].mark(source)

	var b strings.Builder
	b.WriteString("SIP/2.0 " + strconv.Itoa(f.code) + " " + printable(f.reason) + "\r\n")
	for _, v := range hops {
		b.WriteString("Via: " + v.String() + "\r\n")
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		values := m.all(name)
		if len(values) == 0 {
			continue
		}
		value := values[0]
		if name == "To" && !hasTag(value) {
			var h maphash.Hash
			h.SetSeed(seed)
			h.WriteString(m.get("Call-ID") + "\n" + m.get("From") + "\n" + m.get("CSeq"))
			value += ";tag=" + strconv.FormatUint(h.Sum64(), 36)
		}
		b.WriteString(name + ": " + value + "\r\n")
	}
	for _, e := range f.extra {
		b.WriteString(e.name + ": " + e.value + "\r\n")
	}
	if agent != "" {
		b.WriteString("Server: " + agent + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String()), to
}

// hasTag reports whether a To, well formed or not, has a tag.
func hasTag(to string) bool {
	if a, err := parseNameAddr(to); err == nil {
		_, ok := a.params.get("tag")
		return ok
	}
	fields := to[strings.LastIndexByte(to, '>')+1:]
	_, fields, _ = strings.Cut(fields, ";")
	for _, p := range strings.Split(fields, ";") {
		name, _, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "tag") {
			return true
		}
	}
	return false
}

// printable keeps a reason on one line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
