package sip

import (
	"bytes"
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
