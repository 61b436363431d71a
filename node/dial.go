package node

import (
	"fmt"
	"net/netip"
	"strings"
)

// defaultPorts are those that a SIP URI leaves out (RFC 3261 section 19.1.2).
var defaultPorts = map[string]uint16{"udp": 5060, "tcp": 5060, "tls": 5061}

// Dial returns what callers can be told to dial, as SIP URIs for the first of
// UDP, TCP and TLS that listens. host stands for this node in them: a name, an
// IPv4 address or an IPv6 address in brackets.
func (n *Node) Dial(host string) []string {
	list := n.host.directory.Load().Dialable()
	for _, network := range []string{"udp", "tcp", "tls"} {
		if at := n.SIPAddr(network); at.IsValid() {
			for i, alias := range list {
				list[i] = dialURI(alias, host, network, at)
			}
			break
		}
	}
	return list
}

// dialURI returns the SIP URI (RFC 3261 section 19.1) of an alias. One with a
// host is complete: whoever has that name says where it leads.
func dialURI(alias, host, network string, at netip.AddrPort) string {
	if strings.Contains(alias, "@") {
		return "sip:" + alias
	}
	uri := "sip:" + alias + "@" + host
	if at.Port() != defaultPorts[network] {
		uri += fmt.Sprintf(":%d", at.Port())
	}
	if network != "udp" { // what callers take when it is not said (RFC 3263 section 4.1)
		uri += ";transport=" + network
	}
	return uri
}
