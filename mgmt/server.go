package mgmt

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"parley/pki"
)

// Server serves a Management Node by HTTPS.
type Server struct {
	http    *http.Server
	address netip.AddrPort
	done    chan struct{}
}

// Limits of a request.
const (
	headerWithin  = 5 * time.Second
	requestWithin = 30 * time.Second
	answerWithin  = time.Minute
	endWithin     = 2 * time.Second
)

// Listen serves m at address ("host:port"), with that certificate. host is the
// name or address of this machine that nodes are told.
func (m *Management) Listen(address, host string, certificate tls.Certificate) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{http: &http.Server{
		Handler: m.Handler(), ReadHeaderTimeout: headerWithin, ReadTimeout: requestWithin, WriteTimeout: answerWithin,
		IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}},
	}, done: make(chan struct{})}
	if a, ok := listener.Addr().(*net.TCPAddr); ok {
		s.address = a.AddrPort()
	}
	s.http.RegisterOnShutdown(m.api.EndStreams)
	m.public.Store(&public{
		url:         "https://" + net.JoinHostPort(host, strconv.Itoa(int(s.address.Port()))) + "/",
		fingerprint: pki.Fingerprint(certificate.Certificate[0]), expires: certificate.Leaf.NotAfter,
	})
	go func() {
		defer close(s.done)
		if err := s.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			m.log.Error("the management interface stopped", "err", err)
		}
	}()
	return s, nil
}

// Addr returns where the server listens.
func (s *Server) Addr() netip.AddrPort { return s.address }

// Close waits shortly for answers under way and stops.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.done
}
