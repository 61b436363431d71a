package sip

import (
	"net/netip"
	"strings"
	"testing"

	"parley/signaling"
)

// The way of a response (RFC 3261 section 18.2.2, RFC 3581).
func TestWayBack(t *testing.T) {
	scripted(t, func(s *script) {
		port := s.wire.socket("192.0.2.7:7777")
		far := s.wire.socket("198.51.100.9:5060")
		for _, c := range []struct {
			from  *memorySocket
			via   string
			comes *memorySocket
			ip    string
		}{
			{port, peerAt, s.sock, "192.0.2.7"},
			{port, peerAt + ";rport", port, "192.0.2.7"},
			{port, peerAt + ";rport=9;received=203.0.113.5", port, "192.0.2.7"},
			{far, "10.0.0.1", far, "198.51.100.9"},
			{far, "host.example.com:5060", far, "198.51.100.9"},
		} {
			s.seq++
			text := s.request("OPTIONS", s.seq, "w"+itoa(s.seq), "", "X-Parley-Source: 203.0.113.66:6")
			text = strings.Replace(text, "UDP "+peerAt, "UDP "+c.via, 1)
			s.wire.deliver(c.from.at, netip.MustParseAddrPort(serverAt), []byte(text))
			own := s.sock
			s.sock = c.comes
			m := s.final()
			s.sock = own
			if via := m.get("Via"); !strings.HasSuffix(via, "received="+c.ip) || strings.Contains(via, "rport") != strings.Contains(via, ";rport=7777") {
				t.Errorf("Via %s came back as %s, want %s", c.via, m.get("Via"), c.ip)
			}
		}
		port.Close()
		far.Close()
	})
}

// A caller behind a NAT is reached where his messages come from, whatever his
// Contact and any field of his own say.
func TestBehindNAT(t *testing.T) {
	scripted(t, func(s *script) {
		outside := s.wire.socket("198.51.100.9:40000")
		s.sock.Close()
		s.sock = outside
		nat := func(method, body string) {
			s.seq++
			text := s.request(method, s.seq, method+itoa(s.seq), body, "X-Parley-Source: 203.0.113.66:6")
			text = strings.ReplaceAll(text, peerAt, "10.0.0.5:5060")
			s.send(strings.Replace(text, ";branch", ";rport;branch", 1))
		}
		nat("INVITE", testOffer)
		s.tag(s.final())
		s.seq--
		nat("ACK", "")
		<-s.host.commands
		if who := s.host.leg(0).who; who.RemoteAddress != "198.51.100.9:40000" {
			t.Errorf("came from %s", who.RemoteAddress)
		}
		s.host.leg(0).events <- signaling.Event{Kind: signaling.EventKeyFrame}
		m := s.expect("INFO")
		if m.uri != "sip:peer@10.0.0.5:5060" {
			t.Errorf("INFO to %s", m.uri)
		}
		s.answer(m, "200 OK", "")
		s.host.leg(0).events <- signaling.Event{Kind: signaling.EventEnd}
		s.answer(s.expect("BYE"), "200 OK", "")
	})
}

// Keep-alives, noise and messages that cannot be answered get no answer.
func TestNoise(t *testing.T) {
	scripted(t, func(s *script) {
		for _, data := range []string{
			"", "\r\n", "\r\n\r\n", "\x00\x00\x00\x00", "hello", "GET / HTTP/1.1\r\n\r\n",
			"OPTIONS", "OPTIONS sip:x SIP/2.0", "OPTIONS sip:x SIP/2.0\r\n\r\n", strings.Repeat("\xff", 2000),
			"SIP/2.0 200 OK\r\n\r\n", s.request("ACK", 1, "x", ""), strings.Replace(s.request("ACK", 1, "x", ""), "CSeq", "CS", 1),
		} {
			s.send(data)
		}
		s.none(timerT2)
		s.send(s.request("OPTIONS", 1, "large", strings.Repeat("x", maxMessage)))
		status(t, s.final(), 513)
		if m := s.ask("OPTIONS", ""); m.status != 200 {
			t.Errorf("answered %d", m.status)
		}
	})
}
