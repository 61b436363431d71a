package pki

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A certificate that is made once and kept, its key for nobody else to read.
func TestOwnCertificateIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	a, err := Own("", "", dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Own("", "", dir, "x")
	if err != nil || !bytes.Equal(a.Certificate[0], b.Certificate[0]) {
		t.Errorf("%v, or another certificate", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "x-key.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", info, err)
	}
	other, err := Own("", "", "", "x")
	if err != nil || bytes.Equal(a.Certificate[0], other.Certificate[0]) {
		t.Errorf("%v, or the same certificate", err)
	}
	if _, err := Own("missing", "missing", dir, "x"); err == nil {
		t.Error("a missing certificate was accepted")
	}
}
