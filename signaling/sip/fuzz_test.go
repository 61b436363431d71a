package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzDatagram throws datagrams at a server with a call in progress. Nothing
// may panic, and what is let through must be in a form that stays the same
// when it is read and written again.
func FuzzDatagram(f *testing.F) {
	files, _ := filepath.Glob("testdata/torture/*.dat")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	s := &script{callID: "call-1"}
	for _, method := range []string{"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "INFO", "OPTIONS"} {
		f.Add([]byte(s.request(method, 2, method, testOffer, "Session-Expires: 90;refresher=uas", "Supported: timer")))
	}
	source := netip.MustParseAddrPort(peerAt)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, stream := range []bool{false, true} {
			m, bad := scan(data, stream)
			if bad == nil {
				bad = m.check()
			}
			if bad != nil {
				m.rejection(bad, source, seedForTests, "Test/1")
				continue
			}
			once := m.normal(source)
			again, bad := scan(once, true)
			if bad == nil {
				bad = again.check()
			}
			if bad != nil {
				t.Fatalf("refused what it wrote itself: %+v\n%q", bad, once)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			wire, host := newMemoryNet(), newFakeHost()
			server := listen(t, host, func(c *Config) {
				c.UDP, c.TCP, c.TLS = "", "", ""
				c.packets, c.names = wire.socket(serverAt), noNames{}
			})
			wire.deliver(source, netip.MustParseAddrPort(serverAt), data)
			synctest.Wait()
			server.Close()
			<-time.After(time.Hour) // every timer of the library
		})
	})
}

// FuzzAddress reads addresses, hops and lists.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		`"J Rosenberg \\\"" <sip:jdrosen@example.com> ; tag = 98asjd8`, "sip:a@b;tag=1", "<sips:[::1]:5061;lr>", "*",
		"SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKx;rport", "SIP / 2.0 / TCP spindle.example.com ; branch = z , SIP/2.0/UDP x",
		"1800;refresher=uac", "sip:%00@x?a=b&c=d", "Smith, Jöhn (2) <sip:a@b>;tag=1, c, <sip:d>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := parseNameAddr(s); err == nil {
			a.displayText()
			if b, err := parseNameAddr(a.String()); err != nil || b.uri != a.uri {
				t.Errorf("%q became %q: %v", s, a.String(), err)
			}
		}
		if v, err := parseVia(s); err == nil {
			if w, err := parseVia(v.String()); err != nil || w.sentBy() != v.sentBy() {
				t.Errorf("%q became %q: %v", s, v.String(), err)
			}
		}
		if e, ok := parseExpires(s); ok {
			_ = e.String()
		}
		_, _ = splitAddresses(s)
		clean(s, maxText)
		hasTag(s)
		unescape(s)
		readDTMF(kindDTMFRelay, []byte(s))
	})
}
