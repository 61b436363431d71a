package sip

import (
	"crypto/tls"
	"time"

	"parley/pki"
)

// clientTLS is how we call others over TLS. Room systems nearly always carry
// self-signed certificates, so checking them is asked for, not assumed.
func (s *Server) clientTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !s.cfg.VerifyTLS, ServerName: s.cfg.ServerName}
}

// serviceTLS is how others call us.
func serviceTLS(c Config) (*tls.Config, error) {
	cert, err := pki.Own(c.CertFile, c.KeyFile, c.DataDir, "sip")
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
}

// CertificateExpires returns until when the certificate for TLS holds; zero when
// TLS is off.
func (s *Server) CertificateExpires() time.Time {
	if s.tls.service == nil {
		return time.Time{}
	}
	return s.tls.service.Certificates[0].Leaf.NotAfter
}
