package sdp

import "net/netip"

// OfferAddress returns where an offer wants its first audio or video stream
// that is in use, so that Local.Address can be set to one of the same family
// before Answer. The address may be unspecified (0.0.0.0 or ::) when every such
// stream is on hold. It is false when no stream is in use, and when Answer would
// return a *ParseError.
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
