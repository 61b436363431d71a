package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// path is how the far end is reached.
type path struct {
	network string
	local   netip.AddrPort // our address towards him
	peer    netip.AddrPort // where his messages came from
	behind  bool           // he is behind a NAT: his Contact leads nowhere
}

// path tells how the sender of a request is reached.
func (in *inbound) path() path {
	p := path{network: in.network, local: in.local, peer: in.source}
	if hop := in.Via(); hop != nil && len(in.GetHeaders("Via")) == 1 {
		if said, err := netip.ParseAddr(strings.Trim(hop.Host, "[]")); err == nil {
			port := hop.Port
			if port == 0 {
				port = gosip.DefaultPort(in.network)
			}
			p.behind = said.Unmap() != in.source.Addr() || in.network == "udp" && port != int(in.source.Port())
		}
	}
	return p
}

func (s *Server) stream(network string) *streams {
	if network == "tls" {
		return s.tls
	}
	return s.tcp
}

// localTo returns the address that the peer reaches us at: the connection's
// own, or for a socket bound to all addresses the one that routes to him. That
// one costs a socket, so it is asked for once a dialog.
func (s *Server) localTo(network string, peer netip.AddrPort) (netip.AddrPort, error) {
	var at netip.AddrPort
	switch network {
	case "tcp", "tls":
		l := s.stream(network)
		at = l.local(peer)
		if l.listener != nil {
			at = netip.AddrPortFrom(at.Addr(), addrPort(l.listener.Addr()).Port())
		}
	default:
		at = s.Addr("udp")
	}
	if at.Addr().IsValid() && !at.Addr().IsUnspecified() {
		return at, nil
	}
	ip, err := s.cfg.route(peer)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("sip: no route to %s: %w", peer.Addr(), err)
	}
	return netip.AddrPortFrom(ip.WithZone(""), at.Port()), nil
}

// router returns the local address from which a peer is reached.
type router func(peer netip.AddrPort) (netip.Addr, error)

func routeTo(peer netip.AddrPort) (netip.Addr, error) {
	c, err := net.Dial("udp", netip.AddrPortFrom(peer.Addr(), max(peer.Port(), 1)).String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return addrPort(c.LocalAddr()).Addr(), nil
}

// advertised is a local address as the far end is told it.
func (s *Server) advertised(at netip.AddrPort) netip.AddrPort {
	if a := s.cfg.Advertise.Unmap(); a.IsValid() && a.Is4() == at.Addr().Unmap().Is4() {
		return netip.AddrPortFrom(a, at.Port())
	}
	return at
}

// contact is where we are reached for a dialog, as a name-addr. It is secure
// when the dialog was begun so (section 12.1.1).
func (s *Server) contact(user, network string, at netip.AddrPort, secure bool) string {
	if user != "" {
		user += "@"
	}
	at = s.advertised(at)
	if secure {
		if tls := s.Addr("tls"); network != "tls" && tls.IsValid() {
			at = netip.AddrPortFrom(at.Addr(), tls.Port())
		}
		return "<sips:" + user + at.String() + ">"
	}
	uri := "<sip:" + user + at.String()
	if network != "udp" {
		uri += ";transport=" + network
	}
	return uri + ">"
}

// secure reports whether a request begins a dialog of SIPS URIs: its
// Request-URI is one, or its top Record-Route, or without one its Contact.
func (in *inbound) secure() bool {
	if strings.EqualFold(in.Recipient.Scheme, "sips") {
		return true
	}
	by := value(in, "Record-Route")
	if by == "" {
		by = value(in, "Contact")
	}
	a, err := parseNameAddr(by)
	return err == nil && uriScheme(a.uri) == "sips"
}
