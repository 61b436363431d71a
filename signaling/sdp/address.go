package sdp

import (
	"errors"
	"net/netip"
	"strings"
)

// OfferAddress returns where an offer wants its first audio or video stream
// that is in use, so that Local.Address can be set to one of the same family
// before Answer. The address may be unspecified (0.0.0.0 or ::) when every such
// stream is on hold. It is false when no stream is in use, and when Answer would
// return a *ParseError or ErrAddress.
func OfferAddress(offer []byte) (netip.Addr, bool) {
	d, err := parse(offer)
	if err != nil {
		return netip.Addr{}, false
	}
	var first netip.Addr
	for _, s := range d.sections {
		switch {
		case !s.used():
		case !s.connection.IsUnspecified():
			return s.connection, true
		case !first.IsValid():
			first = s.connection // a hold may be of another family than the call
		}
	}
	return first, first.IsValid()
}

// connect sets the address from the section's c= line, or else the session's.
func (s *section) connect(session connection) error {
	c := s.own
	if c.line == 0 {
		c = session
	}
	if c.line == 0 {
		return parseError(s.line, s.text, "no c= line for this media")
	}
	f := strings.Fields(strings.TrimPrefix(c.text, "c="))
	if len(f) != 3 {
		return parseError(c.line, c.text, "bad connection, want three fields")
	}
	var err error
	if s.connection, err = parseAddress(f[0], f[1], f[2]); err != nil {
		return lineError(c.line, c.text, err)
	}
	return nil
}

// parseAddress reads the three fields of an address. A name in .invalid is the
// IPv6 form of 0.0.0.0 (RFC 6157 section 5.1); any other host name is
// ErrAddress. Other errors hold only the reason.
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
	case err != nil && hostName(text):
		return netip.Addr{}, ErrAddress
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

// hostName reports whether text has the form of a host name (RFC 1123 section
// 2.1): its last label is not numeric, which tells it from a wrong IPv4 address.
func hostName(text string) bool {
	text = strings.TrimSuffix(text, ".")
	if digits(text[strings.LastIndexByte(text, '.')+1:]) {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}
