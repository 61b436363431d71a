package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling"
)

// script is a far end whose every message the test writes itself.
type script struct {
	t      *testing.T
	server *Server
	host   *fakeHost
	wire   *memoryNet
	sock   *memorySocket
	seq    int
	callID string
	toTag  string
}

const serverAt, peerAt = "192.0.2.200:5060", "192.0.2.7:5060"

// scripted runs a test with faked time between a server and a script.
func scripted(t *testing.T, f func(s *script), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		wire, host := newMemoryNet(), newFakeHost()
		server := listen(t, host, append([]func(*Config){func(c *Config) {
			c.UDP, c.TCP, c.TLS = "", "", ""
			c.packets, c.names = wire.socket(serverAt), noNames{}
		}}, change...)...)
		s := &script{t: t, server: server, host: host, wire: wire, sock: wire.socket(peerAt), callID: "call-1"}
		f(s)
		s.sock.Close()
		server.Close()
		synctest.Wait()
		if n := server.Calls(); n != 0 {
			t.Errorf("%d dialogs left", n)
		}
		if n := host.size(); n != 0 {
			t.Errorf("%d legs left", n)
		}
		server.mu.Lock()
		if server.pending != 0 || len(server.merged) != 0 {
			t.Errorf("left: %d pending, %d requests", server.pending, len(server.merged))
		}
		server.mu.Unlock()
	})
}

// request writes a request; lines are more header lines, body may be "".
func (s *script) request(method string, seq int, branch, body string, lines ...string) string {
	to := "<sip:room@192.0.2.200>"
	if s.toTag != "" {
		to += ";tag=" + s.toTag
	}
	out := fmt.Sprintf("%s sip:room@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"+
		"From: \"Peer\" <sip:peer@192.0.2.7>;tag=peer\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:peer@%s>\r\n",
		method, peerAt, branch, to, s.callID, seq, method, peerAt)
	if body != "" && !strings.Contains(strings.Join(lines, ""), "Content-Type") {
		lines = append(lines, "Content-Type: application/sdp")
	}
	for _, l := range lines {
		out += l + "\r\n"
	}
	return out + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func (s *script) send(text string) {
	s.wire.deliver(s.sock.at, netip.MustParseAddrPort(serverAt), []byte(text))
}

// ask sends a request with the next CSeq and waits for its final answer.
func (s *script) ask(method, body string, lines ...string) *message {
	s.t.Helper()
	s.seq++
	s.send(s.request(method, s.seq, fmt.Sprint(method, s.seq), body, lines...))
	return s.final()
}

// next returns the next message that arrives within a faked hour.
func (s *script) next() *message {
	s.t.Helper()
	select {
	case d := <-s.sock.in:
		m, f := scan(d.data, false)
		if f == nil {
			f = m.check()
		}
		if f != nil {
			s.t.Fatalf("bad message: %v\n%s", f, d.data)
		}
		return m
	case <-time.After(time.Hour):
		s.t.Fatal("nothing arrives")
		return nil
	}
}

// none asserts that nothing arrives for a while.
func (s *script) none(d time.Duration) {
	s.t.Helper()
	select {
	case got := <-s.sock.in:
		s.t.Fatalf("unexpected message\n%s", got.data)
	case <-time.After(d):
	}
}

func (s *script) final() *message {
	s.t.Helper()
	for {
		if m := s.next(); m.status >= 200 {
			return m
		}
	}
}

// expect returns the next request and fails when it is another.
func (s *script) expect(method string) *message {
	s.t.Helper()
	m := s.next()
	if m.method != method {
		s.t.Fatalf("got %q %d, want %s", m.method, m.status, method)
	}
	return m
}

// answer answers a request of the server's.
func (s *script) answer(m *message, status string, body string, lines ...string) {
	out := "SIP/2.0 " + status + "\r\n"
	for _, f := range m.fields {
		switch f.name {
		case "Via", "From", "To", "Call-ID", "CSeq", "Record-Route":
			out += f.name + ": " + f.value + "\r\n"
		}
	}
	for _, l := range lines {
		out += l + "\r\n"
	}
	if body != "" {
		out += "Content-Type: application/sdp\r\n"
	}
	s.send(out + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

// open sets up a call and returns the 200.
func (s *script) open(body string, lines ...string) *message {
	s.t.Helper()
	res := s.ask("INVITE", body, lines...)
	if res.status != 200 {
		s.t.Fatalf("INVITE answered %d %s", res.status, res.reason)
	}
	s.tag(res)
	return res
}

func (s *script) tag(res *message) {
	to, _ := parseNameAddr(res.get("To"))
	s.toTag, _ = to.params.get("tag")
}

func (s *script) ack(body string) { s.send(s.request("ACK", s.seq, fmt.Sprint("ack", s.seq), body)) }

// established sets up a confirmed call.
func (s *script) established(lines ...string) *message {
	s.t.Helper()
	res := s.open(testOffer, lines...)
	s.ack("")
	if c := <-s.host.commands; c.Kind != signaling.CommandConfirm {
		s.t.Fatalf("command %v", c)
	}
	return res
}

// caller is a second server in the same memory, as a client.
func (s *script) caller(at string, o Outgoing) (*Server, *Dialog) {
	s.t.Helper()
	c, err := Listen(context.Background(), Config{packets: s.wire.socket(at), names: noNames{}, Log: quietLog()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	o.URI = "sip:room@" + serverAt
	d, err := c.Invite(context.Background(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c, d
}

var _ net.PacketConn = (*memorySocket)(nil)
