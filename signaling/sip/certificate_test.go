package sip

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
)

// A certificate that is made once and kept.
func TestCertificateKept(t *testing.T) {
	dir := t.TempDir()
	a, err := certificate(Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := certificate(Config{DataDir: dir})
	if err != nil || !bytes.Equal(a.Certificate[0], b.Certificate[0]) {
		t.Errorf("%v, or another certificate", err)
	}
	if _, err := certificate(Config{CertFile: "missing", KeyFile: "missing"}); err == nil {
		t.Error("a missing certificate was accepted")
	}
	server := listen(t, newFakeHost())
	caller := listen(t, nil, func(c *Config) { c.VerifyTLS = true })
	if _, err := caller.Invite(patience(t), Outgoing{URI: uri("room", server.Addr("tls"), "tls")}); err == nil {
		t.Error("a self-signed certificate passed the check")
	}
}

// A certificate from files is what callers are shown.
func TestCertificateFromFiles(t *testing.T) {
	certPEM, keyPEM, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, text := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
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
