package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	gosip "github.com/emiago/sipgo/sip"
)

var (
	errQuote  = errors.New("an unbalanced quote")
	errParam  = errors.New("a malformed parameter")
	errEscape = errors.New("a malformed escape")
	errURI    = errors.New("a malformed URI")
	errVia    = errors.New("a malformed hop")

	errDisplay = errors.New("a display name with control characters")
)

// param is one ";name=value" as written: a quoted value keeps its quotes.
type param struct{ name, value string }

type params []param

func (ps params) get(name string) (string, bool) {
	for _, p := range ps {
		if strings.EqualFold(p.name, name) {
			return p.value, true
		}
	}
	return "", false
}

func (ps params) String() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(";" + p.name)
		if p.value != "" {
			b.WriteString("=" + p.value)
		}
	}
	return b.String()
}

// cutOutside splits s at the first of the separators that stands outside
// quotes and angle brackets. sep is 0 when there is none.
func cutOutside(s, separators string) (before string, sep byte, after string, err error) {
	quoted, bracket := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracket:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case !bracket && strings.IndexByte(separators, c) >= 0:
			return s[:i], c, s[i+1:], nil
		}
	}
	if quoted {
		return s, 0, "", errQuote
	}
	return s, 0, "", nil
}

// splitList splits a comma separated field value (section 7.3).
func splitList(s string) ([]string, error) {
	var out []string
	for {
		item, sep, rest, err := cutOutside(s, ",")
		if err != nil {
			return nil, err
		}
		out = append(out, strings.Trim(item, " \t"))
		if sep == 0 {
			return out, nil
		}
		s = rest
	}
}

// splitAddresses splits a list of addresses. A comma that stands in a display
// name without quotes separates nothing: what is before it is no address.
func splitAddresses(s string) ([]string, error) {
	items, err := splitList(s)
	if err != nil {
		return nil, err
	}
	out := items[:0]
	for i := 0; i < len(items); i++ {
		item := items[i]
		for i+1 < len(items) && !strings.Contains(item, "<") {
			if _, err := parseNameAddr(item); err == nil {
				break
			}
			i++
			item += ", " + items[i]
		}
		out = append(out, item)
	}
	return out, nil
}

// parseParams reads ";name=value;..." with or without the first semicolon.
func parseParams(s string) (params, error) {
	var out params
	s = strings.TrimLeft(s, " \t")
	s = strings.TrimPrefix(s, ";")
	for strings.TrimSpace(s) != "" {
		item, _, rest, err := cutOutside(s, ";")
		if err != nil {
			return nil, err
		}
		name, value, has := strings.Cut(item, "=")
		name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
		if item = strings.Trim(item, " \t"); item != "" {
			if !isToken(name) || has && value == "" {
				return nil, errParam
			}
			if value != "" && value[0] == '"' && (len(value) < 2 || value[len(value)-1] != '"') {
				return nil, errQuote
			}
			if value != "" && value[0] != '"' && strings.ContainsAny(value, " \t\"<>,") {
				return nil, errParam
			}
			out = append(out, param{name, value})
		}
		s = rest
	}
	return out, nil
}

// nameAddr is a name-addr or addr-spec with its parameters (section 20.10).
type nameAddr struct {
	display string // as written: a quoted string keeps its quotes and escapes
	uri     string
	params  params
}

func parseNameAddr(s string) (nameAddr, error) {
	var a nameAddr
	s = strings.Trim(s, " \t")
	rest := s
	if strings.HasPrefix(s, `"`) {
		end := 1
		for ; end < len(s) && s[end] != '"'; end++ {
			if s[end] == '\\' {
				end++
			}
		}
		if end >= len(s) {
			return a, errQuote
		}
		a.display, rest = s[:end+1], strings.TrimLeft(s[end+1:], " \t")
		if !strings.HasPrefix(rest, "<") {
			return a, errURI
		}
	} else if i := strings.IndexByte(s, '<'); i >= 0 && !strings.Contains(s[:i], `"`) {
		a.display, rest = strings.Trim(s[:i], " \t"), s[i:]
		if strings.ContainsFunc(strings.ReplaceAll(a.display, "\t", " "), unicode.IsControl) {
			return a, errDisplay
		}
		for _, word := range strings.Fields(a.display) {
			if !isToken(word) { // the quotes that are missing (RFC 4475 section 3.1.2.15)
				a.display = quote(a.display)
				break
			}
		}
	}
	var tail string
	if strings.HasPrefix(rest, "<") {
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return a, errURI
		}
		a.uri, tail = rest[1:end], rest[end+1:]
	} else {
		// Without brackets everything after ";" belongs to the field, and "?"
		// and "," may not occur in the URI (section 20.10).
		var semicolon byte
		a.uri, semicolon, tail, _ = cutOutside(rest, ";")
		a.uri = strings.TrimRight(a.uri, " \t")
		if semicolon != 0 {
			tail = ";" + tail
		}
		if strings.ContainsAny(a.uri, "?,") {
			return a, errURI
		}
	}
	if t := strings.TrimLeft(tail, " \t"); t != "" && t[0] != ';' {
		return a, errParam
	}
	var err error
	if a.params, err = parseParams(tail); err != nil {
		return a, err
	}
	return a, checkURI(a.uri)
}

// String writes the canonical form, always with brackets.
func (a nameAddr) String() string {
	if a.display != "" {
		return a.display + " <" + a.uri + ">" + a.params.String()
	}
	return "<" + a.uri + ">" + a.params.String()
}

// displayText returns the display name without quotes and escapes.
func (a nameAddr) displayText() string {
	d := a.display
	if len(d) < 2 || d[0] != '"' {
		return d
	}
	d = d[1 : len(d)-1]
	if !strings.Contains(d, `\`) {
		return strings.ToValidUTF8(d, "\uFFFD")
	}
	var b strings.Builder
	for i := 0; i < len(d); i++ {
		if d[i] == '\\' && i+1 < len(d) {
			i++
		}
		b.WriteByte(d[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// uriScheme returns the lower-case scheme, or "" when there is none.
func uriScheme(s string) string {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !(scheme[0]|0x20 >= 'a' && scheme[0]|0x20 <= 'z') {
		return ""
	}
	for i := 0; i < len(scheme); i++ {
		c := scheme[i]
		if !(isTokenByte(c) && strings.IndexByte("!%*_`'~", c) < 0) {
			return ""
		}
	}
	return strings.ToLower(scheme)
}

// checkURI checks a URI's characters, and a SIP URI's parts (section 19.1.1).
func checkURI(s string) error {
	scheme := uriScheme(s)
	if scheme == "" {
		return errURI
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"\\^`{}|", c) >= 0 && scheme != "sip" && scheme != "sips":
			return errURI
		case c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"\\^{}|", c) >= 0:
			return errURI
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				if scheme == "sip" || scheme == "sips" {
					return errEscape
				}
			}
		}
	}
	if scheme != "sip" && scheme != "sips" {
		return nil
	}
	_, err := parseURI(s)
	return err
}

// parseURI reads a SIP or SIPS URI into the library's form, stricter than the
// library does.
func parseURI(s string) (gosip.Uri, error) {
	var u gosip.Uri
	if err := gosip.ParseUri(s, &u); err != nil {
		return u, errURI
	}
	if u.Scheme != "sip" && u.Scheme != "sips" || u.Wildcard {
		return u, errURI
	}
	_, rest, _ := strings.Cut(s, ":")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host := rest
	if i := strings.IndexAny(host, ";?"); i >= 0 {
		host = host[:i]
	}
	name, port, err := splitHostPort(host)
	if err != nil {
		return u, err
	}
	u.Host, u.Port, u.HierarhicalSlashes = name, port, false
	return u, nil
}

// splitHostPort reads sent-by or hostport: host, [v6]:port, v4:port. IPv6
// addresses come back without brackets; port 0 = none given.
func splitHostPort(s string) (string, int, error) {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, errURI
		}
		host, port = s[1:end], s[end+1:]
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
			return "", 0, errURI
		}
	} else {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, port = strings.TrimRight(s[:i], " \t"), s[i:]
		}
		if host == "" {
			return "", 0, errURI
		}
		for i := 0; i < len(host); i++ {
			c := host[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
				return "", 0, errURI
			}
		}
	}
	if port == "" {
		return host, 0, nil
	}
	n, ok := parseUint(strings.Trim(port[1:], " \t"), 65535)
	if port[0] != ':' || !ok || n == 0 {
		return "", 0, errURI
	}
	return host, int(n), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// unescape resolves %HH; what is no escape stays.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// via is one hop of the Via field (section 20.42).
type via struct {
	version   string // "2.0"
	transport string
	host      string // without brackets
	port      int    // 0 = none given
	params    params
}

func parseVia(s string) (via, error) {
	var v via
	head, _, tail, err := cutOutside(s, ";")
	if err != nil {
		return v, err
	}
	if v.params, err = parseParams(tail); err != nil {
		return v, err
	}
	name, rest, ok1 := strings.Cut(head, "/")
	version, rest, ok2 := strings.Cut(rest, "/")
	words := strings.Fields(rest)
	if !ok1 || !ok2 || len(words) < 2 || !strings.EqualFold(strings.TrimSpace(name), "SIP") ||
		!isToken(strings.TrimSpace(version)) || !isToken(words[0]) {
		return v, errVia
	}
	v.version, v.transport = strings.TrimSpace(version), strings.ToUpper(words[0])
	v.host, v.port, err = splitHostPort(strings.Join(words[1:], ""))
	return v, err
}

// sentBy writes the host and port.
func (v via) sentBy() string {
	host := v.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if v.port != 0 {
		return host + ":" + strconv.Itoa(v.port)
	}
	return host
}

func (v via) String() string {
	return "SIP/" + v.version + "/" + v.transport + " " + v.sentBy() + v.params.String()
}
