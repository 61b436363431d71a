package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	file, bad := filepath.Join(dir, "backup"), filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	const free = "127.0.0.1:0"
	for _, test := range []struct {
		data, bus, args string
		code            int
		want            string
	}{
		{"first", free, "mgmt backup " + file, 1, "there is no configuration here"},
		{"first", free, "mgmt backup", 2, "<file>"},
		{"first", free, "mgmt restore " + file, 1, "no such file"},
		{"first", free, "mgmt restore " + bad, 1, "it is no backup of Parley"},
		{"first", taken.Addr().String(), "mgmt backup " + file, 0, ": 2 objects, version 1"},
		{"second", free, "mgmt restore " + file, 0, "restored: 2 objects, of 20"},
		{"second", taken.Addr().String(), "mgmt restore " + file, 1, "Does the Management Node run?"},
		{"second", free, "mgmt --help", 0, "restore"},
	} {
		t.Setenv("PARLEY_DATA_DIR", filepath.Join(dir, test.data))
		t.Setenv("PARLEY_MANAGEMENT_BUS", test.bus)
		var out bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("parley %s: code %d, want %d with %q:\n%s", test.args, code, test.code, test.want, out.String())
		}
	}
}
