package rtp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// enableOffload switches receive offload on and asks whether the system knows
// UDP segmentation.
func (s *socket) enableOffload() bool {
	known := false
	_ = s.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) // without it each packet comes alone
		_, err := unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
		known = err == nil
	})
	return known
}

// mmsghdr is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	bytes  uint32
}

// sockaddr has room for struct sockaddr_in and sockaddr_in6.
type sockaddr struct {
	raw  unix.RawSockaddrInet6
	size uint32
}

// set encodes an address for a socket of IPv4 or IPv6. One of IPv6 for a socket
// of IPv4 becomes no address, to which the system sends nothing (EDESTADDRREQ).
func (s *sockaddr) set(a netip.AddrPort, six bool) {
	var port [2]byte
	binary.BigEndian.PutUint16(port[:], a.Port())
	if !six {
		s.size = 0
		if host := a.Addr().Unmap(); host.Is4() {
			v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
			*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: binary.NativeEndian.Uint16(port[:]), Addr: host.As4()}
			s.size = unix.SizeofSockaddrInet4
		}
		return
	}
	s.raw = unix.RawSockaddrInet6{
		Family: unix.AF_INET6, Port: binary.NativeEndian.Uint16(port[:]), Addr: a.Addr().As16(), Scope_id: scopeOf(a.Addr().Zone()),
	}
	s.size = unix.SizeofSockaddrInet6
}

// get decodes an address that the system has written; zones names its scope.
func (s *sockaddr) get(zones *zoneCache) netip.AddrPort {
	var port [2]byte
	binary.NativeEndian.PutUint16(port[:], s.raw.Port)
	switch s.raw.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), binary.BigEndian.Uint16(port[:]))
	case unix.AF_INET6:
		a := netip.AddrFrom16(s.raw.Addr).Unmap()
		if s.raw.Scope_id != 0 && a.Is6() {
			a = a.WithZone(zones.name(s.raw.Scope_id))
		}
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port[:]))
	}
	return netip.AddrPort{}
}

// scopeOf returns the interface index that a zone names, 0 = none.
func scopeOf(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}

// zoneCache remembers the name of the interface that a link-local sender is on.
type zoneCache struct {
	scope uint32
	zone  string
}

func (c *zoneCache) name(scope uint32) string {
	if c.scope != scope {
		c.scope, c.zone = scope, strconv.FormatUint(uint64(scope), 10)
		if i, err := net.InterfaceByIndex(int(scope)); err == nil {
			c.zone = i.Name
		}
	}
	return c.zone
}

// sizeControl is one control message with a number, the size of the packets of
// a run: UDP_SEGMENT of 16 bits, UDP_GRO of 32.
type sizeControl struct {
	header unix.Cmsghdr
	size   [8]byte
}
