package sip

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"parley/pki"
)

// Only whoever asks for it checks certificates.
func TestSelfSignedCertificate(t *testing.T) {
	server := listen(t, newFakeHost())
	caller := listen(t, nil, func(c *Config) { c.VerifyTLS = true })
	if _, err := caller.Invite(patience(t), Outgoing{URI: uri("room", server.Addr("tls"), "tls")}); err == nil {
		t.Error("a self-signed certificate passed the check")
	}
}

// A certificate from files is what callers are shown.
func TestCertificateFromFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := pki.Own("", "", dir, "x"); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "x-cert.pem"), filepath.Join(dir, "x-key.pem")
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	server := listen(t, newFakeHost(), func(c *Config) { c.CertFile, c.KeyFile = certFile, keyFile })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	c, err := tls.Dial("tcp", server.Addr("tls").String(), &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
