package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCommandLine(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("sip:\n  upd: :5060\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	film := filepath.Join(t.TempDir(), "film.MP4")
	if err := os.WriteFile(film, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code int
		want string // in what is written
	}{
		{"", 0, "Examples:"},
		{"--help", 0, "demo"},
		{"call --help", 0, "--record"},
		{"cal", 2, `did you mean "call"`},
		{"call", 2, "<address>"},
		{"call nobody", 2, "write it like sip:meet@192.0.2.1"},
		{"call sip:a@b --size 3x3", 2, "--size 3x3"},
		{"call sip:a@b --look 99", 2, "there are 0 to 15"},
		{"call sip:a@127.0.0.1 --record /nonexistent/x.mp4", 1, "recording:"},
		{"call --help", 0, "--video=FILE"},
		{"call sip:a@b --watch --video x.mp4", 2, "leave one of the two out"},
		{"call sip:a@b --no-video --video x.mp4", 2, "exclude each other"},
		{"call sip:a@b --silent --audio x.wav", 2, "exclude each other"},
		{"call sip:a@b --video " + film + " --record " + film, 2, "would overwrite"},
		{"call sip:a@b --record x.txt", 2, "name it x.mp4"},
		{"call sip:a@b --record call", 2, "name it call.mp4"},
		{"call --help", 0, "18.1.1"},
		{"call sip:a@127.0.0.1 --video /nonexistent/x.mp4", 1, "media file /nonexistent/x.mp4: no such file"},
		{"call sip:a@127.0.0.1 --no-video --audio main_test.go", 1, "media file main_test.go:"},
		{"demo --callers 99", 2, "1 to 16"},
		{"demo --turn 1ms", 2, "too short"},
		{"serve --example", 0, "PARLEY_SIP_UDP"},
		{"serve --check", 0, "is right"},
		{"serve --check --config ../../parley.example.yaml", 0, "is right"},
		{"serve --config " + bad, 1, bad + `:2: unknown key "upd" in sip (did you mean "udp"?)`},
		{"version", 0, "parley unknown"},
	} {
		var out bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("parley %s: code %d, want %d with %q:\n%s", test.args, code, test.code, test.want, out.String())
		}
	}
}

func TestVersionJSON(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"version", "--json"}, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	var b build
	if err := json.Unmarshal(out.Bytes(), &b); err != nil || b.Go == "" || b.Cores < 1 {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestParseURI(t *testing.T) {
	for _, test := range []struct{ uri, transport, full, host string }{
		{"meet@192.0.2.1", "auto", "sip:meet@192.0.2.1", "192.0.2.1"},
		{"sip:meet@[2001:db8::1]:5070", "tcp", "sip:meet@[2001:db8::1]:5070;transport=tcp", "2001:db8::1"},
		{"sip:meet@[2001:db8::1]", "auto", "sip:meet@[2001:db8::1]", "2001:db8::1"},
		{"sips:a@example.com:5061;transport=tls", "tcp", "sips:a@example.com:5061;transport=tls", "example.com"},
		{"sip:meet", "auto", "", ""},
		{"sip:@host", "auto", "", ""},
		{"meet@", "auto", "", ""},
	} {
		full, host, err := parseURI(test.uri, test.transport)
		if full != test.full || host != test.host || (err != nil) != (test.full == "") {
			t.Errorf("%s: %q, %q, %v", test.uri, full, host, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for at, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8::1": "[2001:db8::1]", "::ffff:192.0.2.1": "192.0.2.1",
	} {
		if have := hostText(reachable(netip.MustParseAddr(at))); have != want {
			t.Errorf("%s is dialled as %s, want %s", at, have, want)
		}
	}
	if have := reachable(netip.IPv6Unspecified()); have.IsUnspecified() {
		t.Errorf("nobody can dial %s", have)
	}
	if pageURL(netip.AddrPort{}) != "" {
		t.Error("a page that is off has an address")
	}
}

func TestFreeAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := freeAddress(taken.Addr().String(), "udp", "tcp")
	if err != nil || free == taken.Addr().String() {
		t.Errorf("%s is taken, but %q, %v", taken.Addr(), free, err)
	}
}

func TestNextIsSomebodyElse(t *testing.T) {
	for range 100 {
		if n := next(2, 5); n == 2 || n < 0 || n > 4 {
			t.Fatalf("after 2 of 5 talks %d", n)
		}
	}
	if next(0, 1) != 0 {
		t.Error("who is alone talks on")
	}
}

// The whole of the program: a node, callers, their calls and the end of all,
// wherever the environment has the node listen.
func TestDemo(t *testing.T) {
	t.Setenv("PARLEY_HTTP_ADDRESS", "127.0.0.1:18080")
	for _, c := range []struct{ name, udp, tcp, dial string }{
		{"UDP and TCP", "127.0.0.1:15060", "127.0.0.1:15060", "sip:demo@127.0.0.1:15"},
		{"TCP alone", "", "127.0.0.1:0", ";transport=tcp"},
		{"IPv6", "[::1]:15060", "[::1]:15060", "sip:demo@[::1]:15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PARLEY_SIP_UDP", c.udp)
			t.Setenv("PARLEY_SIP_TCP", c.tcp)
			var out, progress bytes.Buffer
			begin := time.Now()
			code := run([]string{"demo", "--callers", "2", "--duration", "1s", "--size", "128x96"}, &out, &progress)
			if code != 0 || strings.Count(out.String(), c.dial) < 2 || !strings.Contains(progress.String(), "2 of 2") {
				t.Errorf("code %d\n%s\n%s", code, out.String(), progress.String())
			}
			if took := time.Since(begin); took < time.Second {
				t.Errorf("it ended after %v", took)
			}
		})
	}
}
