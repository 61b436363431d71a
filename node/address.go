package node

import (
	"errors"
	"net"
	"net/netip"

	"parley/signaling"
	"parley/signaling/sdp"
)

// errFamily is told to a caller whose media cannot be reached from here.
var errFamily = errors.New("no address here reaches the one in the offer")

// mediaAddresses says where a leg listens and which address it is offered at.
// It listens where the call arrived, unless the offer wants media at the other
// address family or the call arrived at another machine: then at the address
// of this machine that leads there. configured, the public address behind a
// NAT, is offered where its family is the same.
func mediaAddresses(configured string, p signaling.Participant, offer []byte) (listen, public netip.Addr, err error) {
	far, named := sdp.OfferAddress(offer)
	listen, err = netip.ParseAddr(p.LocalAddress)
	listen = listen.Unmap()
	if err != nil || named && far.Is4() != listen.Is4() || !ours(listen) {
		if !named {
			from, _ := netip.ParseAddrPort(p.RemoteAddress)
			far = from.Addr().Unmap()
		}
		if listen, err = towards(far); err != nil {
			return netip.Addr{}, netip.Addr{}, errFamily
		}
	}
	public = listen
	if a, err := netip.ParseAddr(configured); err == nil && a.Is4() == listen.Is4() {
		public = a
	}
	return listen, public, nil
}

// ours reports whether an address belongs to this machine.
func ours(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return true // it cannot be told: let listening fail if need be
	}
	for _, i := range list {
		if n, ok := i.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == a.WithZone("") {
				return true
			}
		}
	}
	return false
}

// towards returns the address of this machine that packets to far come from.
// Nothing is sent.
func towards(far netip.Addr) (netip.Addr, error) {
	if !far.IsValid() || far.IsUnspecified() {
		return netip.Addr{}, errFamily
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(far, 9)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
