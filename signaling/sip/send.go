package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// maxDatagram is the largest request that goes out over UDP when the far end
// also takes TCP (section 18.1.1).
const maxDatagram = 1300

// tcpTrial bounds how long a large request waits to learn that there is no TCP.
const tcpTrial = time.Second

// place is where a request goes.
type place struct {
	network string
	addr    netip.AddrPort
	local   netip.AddrPort // our address towards it; invalid = not known yet
	name    string         // the host as written, for TLS
}

// locate finds where a URI leads (RFC 3263, without NAPTR): its transport
// parameter or prefer, its port or a SRV record, its host's address.
func (s *Server) locate(ctx context.Context, uri, prefer string) (place, error) {
	u, err := parseURI(uri)
	if err != nil {
		return place{}, fmt.Errorf("sip: %q: %w", uri, err)
	}
	p := place{network: prefer, name: u.Host}
	if t, ok := u.UriParams.Get("transport"); ok {
		p.network = strings.ToLower(t)
	}
	if u.Scheme == "sips" {
		p.network = "tls"
	}
	switch p.network {
	case "udp", "tcp", "tls":
	default:
		return p, fmt.Errorf("sip: transport %q: %w", p.network, ErrNoListener)
	}
	port := u.Port
	if maddr, ok := u.UriParams.Get("maddr"); ok && maddr != "" {
		u.Host = strings.Trim(maddr, "[]")
	}
	ip, err := netip.ParseAddr(u.Host)
	if err != nil {
		if port == 0 {
			u.Host, port = s.service(ctx, u.Host, p.network)
		}
		if ip, err = s.resolve(ctx, u.Host); err != nil {
			return p, err
		}
	}
	if port == 0 {
		port = gosip.DefaultPort(p.network)
	}
	p.addr = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	return p, nil
}

// service asks for the SRV record of a domain (RFC 3263 section 4.2).
func (s *Server) service(ctx context.Context, host, network string) (string, int) {
	scheme, proto := "sip", network
	if network == "tls" {
		scheme, proto = "sips", "tcp"
	}
	_, records, err := s.cfg.names.LookupSRV(ctx, scheme, proto, host)
	if err != nil || len(records) == 0 {
		return host, 0
	}
	return strings.TrimSuffix(records[0].Target, "."), int(records[0].Port)
}

// resolve looks a host up, IPv4 first unless only IPv6 is listened on.
func (s *Server) resolve(ctx context.Context, host string) (netip.Addr, error) {
	ips, err := s.cfg.names.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("sip: %w", err)
	}
	for _, ip := range ips {
		if ip.Unmap().Is4() {
			return ip.Unmap(), nil
		}
	}
	if len(ips) == 0 {
		return netip.Addr{}, fmt.Errorf("sip: %s has no address", host)
	}
	return ips[0], nil
}

// next finds where a request of the dialog goes: the open connection that the
// far end came by, the first route, or his Contact.
func (d *Dialog) next(ctx context.Context) (place, error) {
	d.mu.Lock()
	target, p := d.target, d.path
	routed := len(d.routes) > 0
	if routed {
		first, _ := parseNameAddr(d.routes[0])
		target = first.uri
	}
	d.mu.Unlock()
	last := place{network: p.network, addr: p.peer, local: p.local}
	if p.network != "udp" && d.server.stream(p.network).connected(p.peer) {
		return last, nil
	}
	if p.behind && !routed {
		return last, nil
	}
	to, err := d.server.locate(ctx, target, p.network)
	if err != nil && p.peer.IsValid() { // better where he was last than nowhere
		return last, nil
	}
	if to.network == p.network && to.addr.Addr() == p.peer.Addr() {
		to.local = p.local
	}
	return to, err
}

// address puts the way into a request: destination, socket and Via. A large
// one moves from UDP to TCP when the far end takes it.
func (s *Server) address(ctx context.Context, req *gosip.Request, to *place) error {
	if to.network == "udp" && len(req.String())+200 > maxDatagram && s.cfg.packets == nil {
		trial, cancel := context.WithTimeout(ctx, tcpTrial)
		if s.tcp.dial(trial, to.addr, to.name) == nil {
			to.network, to.local = "tcp", netip.AddrPort{}
		}
		cancel()
	}
	if to.network == "udp" {
		if s.udp == nil {
			return fmt.Errorf("sip: udp: %w", ErrNoListener)
		}
		bound := addrPort(s.udp.LocalAddr())
		req.Laddr = gosip.Addr{IP: bound.Addr().AsSlice(), Port: int(bound.Port())}
		if bound.Addr() == netip.IPv6Unspecified() {
			req.Laddr.IP = net.IPv6unspecified
		}
	} else {
		if err := s.stream(to.network).dial(ctx, to.addr, to.name); err != nil {
			return fmt.Errorf("sip: %s: %w", to.network, err)
		}
	}
	if !to.local.IsValid() {
		var err error
		if to.local, err = s.localTo(to.network, to.addr); err != nil {
			return err
		}
	}
	said := s.advertised(to.local)
	req.SetTransport(strings.ToUpper(to.network))
	req.SetDestination(to.addr.String())
	v := via{
		version: "2.0", transport: strings.ToUpper(to.network), host: said.Addr().String(), port: int(said.Port()),
		params: params{{"branch", gosip.GenerateBranchN(24)}},
	}
	if req.Method != gosip.ACK || to.network == "udp" {
		v.params = append(v.params, param{"rport", ""})
	}
	hop := &gosip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: v.transport, Host: v.host, Port: v.port}
	for _, p := range v.params {
		hop.Params.Add(p.name, p.value)
	}
	req.RemoveHeader("Via")
	req.PrependHeader(hop)
	if req.ContentLength() == nil {
		req.SetBody(req.Body())
	}
	return nil
}

// transact sends a request of the dialog and waits for the final answer. No
// answer at all, 408 and 481 mean that the far end has no such call any more.
func (d *Dialog) transact(ctx context.Context, req *gosip.Request) (*gosip.Response, error) {
	to, err := d.next(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.server.address(ctx, req, &to); err != nil {
		return nil, err
	}
	tx, err := d.server.transactions.Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("sip: %s: %w", req.Method, err)
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				continue
			}
			if !res.IsSuccess() {
				return res, statusError(res)
			}
			return res, nil
		case <-tx.Done():
			if errors.Is(tx.Err(), gosip.ErrTransactionTimeout) {
				return nil, &StatusError{Code: 408, Reason: "Request Timeout", Header: map[string]string{}}
			}
			return nil, fmt.Errorf("sip: %s: %w", req.Method, tx.Err())
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// write sends a request outside of transactions: an ACK for a 2xx.
func (d *Dialog) write(ctx context.Context, req *gosip.Request) error {
	to, err := d.next(ctx)
	if err != nil {
		return err
	}
	if err := d.server.address(ctx, req, &to); err != nil {
		return err
	}
	return d.server.transports.WriteMsg(req)
}

// lost reports whether an error of a request means that the call is gone, and
// how it is then called (section 12.2.1.2).
func lost(err error) (goodbye, bool) {
	var status *StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case 481:
			return goodbye{cause: "far end knows no such call", code: 481}, true
		case 408:
			return goodbye{cause: "far end does not answer", code: 408, bye: true}, true
		}
	}
	return goodbye{}, false
}

func itoa(n int) string { return strconv.Itoa(n) }
