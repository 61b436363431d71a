// Package sip is the SIP side of a node: it listens (RFC 3261), answers calls
// and hands their session descriptions to a signaling.MediaHost, and it calls
// others. Messages are parsed, carried and retransmitted by sipgo; dialogs, the
// offer/answer exchange, session timers (RFC 4028), UPDATE (RFC 3311) and INFO
// (RFC 6086, RFC 5168) are its own. It knows nothing of conferences and treats
// session descriptions as bytes.
package sip

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	gosip "github.com/emiago/sipgo/sip"

	"parley/signaling"
)

// Config says where a server listens and whom its calls go to.
type Config struct {
	UDP, TCP, TLS     string // listen addresses such as "0.0.0.0:5060" or "[::]:5060"; "" = off
	CertFile, KeyFile string // PEM, for TLS; both empty: a self-signed certificate is made
	DataDir           string // where a self-signed certificate is kept; "" = in memory only
	VerifyTLS         bool   // check the certificates of the peers that we call
	// ServerName is what their certificate must name; "" = the host of the URI.
	ServerName string

	// Advertise is the address that others reach us at when it is not our own:
	// the public one of a NAT that forwards the ports 1:1. It is written into
	// Contact and Via where its family is that of the local address.
	Advertise netip.Addr

	Host      signaling.MediaHost // takes incoming calls; nil = they are refused
	UserAgent string              // "Parley/<version>"

	SessionExpires time.Duration // RFC 4028; 0 = 1800 s
	MinSE          time.Duration // RFC 4028; 0 = 90 s

	MaxDialogs int // calls at once; 0 = 4000
	MaxPending int // calls not yet confirmed by ACK; 0 = 500

	MaxPendingPerSource int // those of one host; 0 = 100
	MaxStreamsPerSource int // connections that one host opens, TCP and TLS apart; 0 = 256

	Log *slog.Logger // nil = slog.Default()

	packets net.PacketConn // tests: the UDP socket
	names   resolver       // tests: instead of DNS
	route   router         // tests: instead of the system's routes
}

// resolver is what is asked of DNS.
type resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Timers of RFC 3261 section 17.1.1.1.
const (
	timerT1 = 500 * time.Millisecond
	timerT2 = 4 * time.Second
)

// Sentinel errors.
var (
	ErrClosed     = errors.New("sip: server closed")
	ErrEnded      = errors.New("sip: dialog ended")
	ErrPending    = errors.New("sip: another offer is open")
	ErrNoListener = errors.New("sip: transport is off")
)

// The library keeps a few settings for the whole process; these are not
// matters of taste: its limit for a datagram is far below what a video offer
// takes, and its buffer below what we accept.
var setLibrary = sync.OnceFunc(func() {
	gosip.UDPMTUSize = maxMessage + 200
	gosip.TransportBufferReadSize = maxMessage - 1
	gosip.SetDefaultLogger(slog.New(slog.DiscardHandler)) // it prints whole messages of strangers
})

// Server is a SIP user agent with its listeners and its dialogs.
type Server struct {
	cfg  Config
	log  *slog.Logger
	seed maphash.Seed

	transports   *gosip.TransportLayer
	transactions *gosip.TransactionLayer
	udp          *datagram
	tcp, tls     *streams

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // handlers, dialogs' goroutines, listeners

	// guarded by mu
	mu      sync.Mutex
	closed  bool
	dialogs map[dialogID]*Dialog
	pending int // INVITEs of others without ACK
	merged  map[requestID]string

	pendingOf map[netip.Addr]int // the same by origin

	open     atomic.Int64 // server transactions outside of dialogs
	faults   throttle     // of the log
	refusals throttle     // of the log
}

// Listen opens all listeners; they are up when it returns. ctx bounds the
// whole life of the server: when it ends, calls in progress lose their
// context, but only Close says goodbye to them.
func Listen(ctx context.Context, c Config) (*Server, error) {
	setLibrary()
	if c.SessionExpires <= 0 {
		c.SessionExpires = 1800 * time.Second
	}
	if c.MinSE <= 0 {
		c.MinSE = 90 * time.Second
	}
	c.SessionExpires = max(c.SessionExpires, c.MinSE)
	if c.MaxDialogs <= 0 {
		c.MaxDialogs = 4000
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 500
	}
	if c.MaxPendingPerSource <= 0 {
		c.MaxPendingPerSource = 100
	}
	if c.MaxStreamsPerSource <= 0 {
		c.MaxStreamsPerSource = 256
	}
	if c.UserAgent == "" {
		c.UserAgent = "Parley"
	}
	if c.names == nil {
		c.names = net.DefaultResolver
	}
	if c.route == nil {
		c.route = routeTo
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Server{
		cfg: c, log: c.Log, seed: maphash.MakeSeed(),
		dialogs: make(map[dialogID]*Dialog), merged: make(map[requestID]string), pendingOf: make(map[netip.Addr]int),
	}
	s.ctx, s.cancel = context.WithCancel(ctx)

	quiet := slog.New(slog.DiscardHandler)
	s.transports = gosip.NewTransportLayer(net.DefaultResolver, newParser(), nil,
		gosip.WithTransportLayerLogger(quiet),
		gosip.WithTransportLayerTransports(gosip.TransportsConfig{
			TCP: &gosip.TransportTCP{DialerCreate: noDialer},
			TLS: &gosip.TransportTLS{TransportTCP: &gosip.TransportTCP{DialerCreate: noDialer}},
		}))
	s.transactions = gosip.NewTransactionLayer(s.transports,
		gosip.WithTransactionLayerLogger(quiet),
		gosip.WithTransactionLayerUnhandledResponseHandler(s.strayResponse))
	s.transactions.OnRequest(s.handle)

	if err := s.listen(); err != nil {
		s.cancel()
		s.shut()
		return nil, err
	}
	return s, nil
}

// newParser reads with types only what transactions need; all other fields
// stay as they were written.
func newParser() *gosip.Parser {
	all := gosip.DefaultHeadersParser()
	some := gosip.HeadersParser{}
	for _, name := range []string{"via", "from", "to", "call-id", "cseq", "content-length", "max-forwards", "content-type"} {
		some[name] = all[name]
	}
	p := gosip.NewParser(gosip.WithHeadersParsers(some))
	p.MaxMessageLength = 2 * maxMessage
	return p
}

// noDialer keeps the library from opening connections: they are dialled,
// framed and counted by streams.
func noDialer(net.Addr) net.Dialer {
	return net.Dialer{Control: func(string, string, syscall.RawConn) error { return net.ErrClosed }}
}

func (s *Server) listen() error {
	s.tcp, s.tls = newStreams(s, "tcp", nil), newStreams(s, "tls", nil)
	s.tls.client = s.clientTLS()
	if s.cfg.packets != nil {
		s.udp = newDatagram(s, s.cfg.packets)
	} else if s.cfg.UDP != "" {
		c, err := net.ListenPacket("udp", s.cfg.UDP)
		if err != nil {
			return fmt.Errorf("sip: udp: %w", err)
		}
		s.udp = newDatagram(s, c)
	}
	if s.cfg.TCP != "" {
		l, err := net.Listen("tcp", s.cfg.TCP)
		if err != nil {
			return fmt.Errorf("sip: tcp: %w", err)
		}
		s.tcp.listener = l
	}
	if s.cfg.TLS != "" {
		conf, err := serviceTLS(s.cfg)
		if err != nil {
			return fmt.Errorf("sip: tls: %w", err)
		}
		l, err := net.Listen("tcp", s.cfg.TLS)
		if err != nil {
			return fmt.Errorf("sip: tls: %w", err)
		}
		s.tls.listener, s.tls.service = l, conf
	}
	if s.udp != nil {
		s.wg.Go(func() { _ = s.transports.ServeUDP(s.udp) })
		<-s.udp.ready
	}
	s.wg.Go(func() { _ = s.transports.ServeTCP(s.tcp) })
	s.wg.Go(func() { _ = s.transports.ServeTLS(s.tls) })
	for _, l := range []*streams{s.tcp, s.tls} {
		if l.listener != nil {
			s.wg.Go(l.acceptAll)
		}
	}
	return nil
}

// Addr returns the address that a listener is bound to ("udp", "tcp" or
// "tls"); invalid when it is off.
func (s *Server) Addr(network string) netip.AddrPort {
	switch {
	case network == "udp" && s.udp != nil:
		return addrPort(s.udp.LocalAddr())
	case network == "tcp" && s.tcp.listener != nil:
		return addrPort(s.tcp.listener.Addr())
	case network == "tls" && s.tls.listener != nil:
		return addrPort(s.tls.listener.Addr())
	}
	return netip.AddrPort{}
}

// Calls returns how many dialogs are alive.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dialogs)
}

// uses reports whether a dialog's far end is reached by a connection.
func (s *Server) uses(network string, peer netip.AddrPort) bool {
	s.mu.Lock()
	all := make([]*Dialog, 0, len(s.dialogs))
	for _, d := range s.dialogs {
		all = append(all, d)
	}
	s.mu.Unlock()
	for _, d := range all {
		d.mu.Lock()
		p := d.path
		d.mu.Unlock()
		if p.network == network && p.peer == peer {
			return true
		}
	}
	return false
}

// closeTimeout bounds how long Close waits for answers to its goodbyes.
const closeTimeout = 2 * time.Second

// Close says BYE to all dialogs, waits a moment for the answers, closes all
// sockets and waits for every goroutine of its own.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.wg.Wait()
		return nil
	}
	s.closed = true
	all := make([]*Dialog, 0, len(s.dialogs))
	for _, d := range s.dialogs {
		all = append(all, d)
	}
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for _, d := range all {
		wg.Go(func() { d.finish(ctx, goodbye{cause: "shutdown", text: "server shutting down", bye: true}) })
	}
	wg.Wait()
	s.cancel()
	s.shut()
	return nil
}

// shut closes transactions and sockets and waits for the goroutines.
func (s *Server) shut() {
	s.transactions.Close()
	if s.udp != nil {
		_ = s.udp.Close()
	}
	_ = s.tcp.Close()
	_ = s.tls.Close()
	s.wg.Wait()
	if s.udp != nil {
		s.udp.bury()
	}
}

// enter counts a handler in, unless the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}
