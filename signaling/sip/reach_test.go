package sip

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/signaling"
)

// Behind a NAT that forwards 1:1 others are told the public address, if it is
// of the family that the call came by.
func TestAdvertise(t *testing.T) {
	for advertise, want := range map[string]string{
		"203.0.113.5": "203.0.113.5:5060", "::ffff:203.0.113.5": "203.0.113.5:5060",
		"2001:db8::5": serverAt, "": serverAt,
	} {
		scripted(t, func(s *script) {
			res := s.established("Allow: UPDATE")
			if got := res.get("Contact"); got != "<sip:room@"+want+">" {
				t.Errorf("%q: Contact %s", advertise, got)
			}
			if got := s.host.leg(0).who.LocalAddress; got != "192.0.2.200" {
				t.Errorf("%q: media at %s", advertise, got)
			}
			m := s.expect("UPDATE")
			if !strings.HasPrefix(m.get("Via"), "SIP/2.0/UDP "+want+";") || m.get("Contact") != "<sip:room@"+want+">" {
				t.Errorf("%q: Via %s, Contact %s", advertise, m.get("Via"), m.get("Contact"))
			}
			s.answer(m, "200 OK", "")
			status(t, s.ask("BYE", ""), 200)
		}, func(c *Config) {
			if advertise != "" {
				c.Advertise = netip.MustParseAddr(advertise)
			}
		})
	}
}

// The route is asked for once a call, never for what begins none; without one
// there is no call.
func TestRouteAskedOnce(t *testing.T) {
	asked := 0
	var fail error
	scripted(t, func(s *script) {
		for range 5 {
			s.ask("OPTIONS", "")
			s.ask("BYE", "")
		}
		if asked != 0 {
			t.Errorf("asked %d times before the call", asked)
		}
		res := s.established("Allow: INVITE, UPDATE, INFO")
		status(t, s.ask("UPDATE", testOffer), 200)
		for range 2 {
			s.host.leg(0).events <- signaling.Event{Kind: signaling.EventKeyFrame}
			s.answer(s.expect("INFO"), "200 OK", "")
			s.none(time.Second)
		}
		status(t, s.ask("BYE", ""), 200)
		if asked != 1 || res.get("Contact") != "<sip:room@192.0.2.200:5060>" {
			t.Errorf("asked %d times, Contact %s", asked, res.get("Contact"))
		}
		fail = errors.New("no route")
		s.toTag = ""
		res = s.ask("INVITE", testOffer)
		status(t, res, 503)
		if res.get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		s.send(s.request("ACK", s.seq, "INVITE"+itoa(s.seq), ""))
	}, func(c *Config) {
		c.packets.(*memorySocket).everywhere = true
		c.route = func(netip.AddrPort) (netip.Addr, error) {
			asked++
			return netip.MustParseAddr("192.0.2.200"), fail
		}
	})
}

// A call by a SIPS URI stays one (section 12.1.1).
func TestSecureContact(t *testing.T) {
	scripted(t, func(s *script) {
		for want, c := range map[string]struct{ uri, line string }{
			"<sips:room@" + serverAt + ">": {"sips:room@192.0.2.200", ""},
			"<sips:at@" + serverAt + ">":   {"sip:at@192.0.2.200", "Record-Route: <sips:192.0.2.7;lr>"},
			"<sip:at@" + serverAt + ">":    {"sip:at@192.0.2.200", "Record-Route: <sip:192.0.2.7;lr>"},
		} {
			s.seq++
			s.callID, s.toTag = "call-"+itoa(s.seq), ""
			lines := []string{"Supported: timer"}
			if c.line != "" {
				lines = append(lines, c.line)
			}
			text := s.request("INVITE", s.seq, "s"+itoa(s.seq), testOffer, lines...)
			s.send(strings.Replace(text, "INVITE sip:room@192.0.2.200", "INVITE "+c.uri, 1))
			res := s.final()
			if got := res.get("Contact"); got != want {
				t.Errorf("%v: Contact %s", c, got)
			}
			s.tag(res)
			s.ack("")
			<-s.host.commands
			status(t, s.ask("BYE", ""), 200)
		}
	})
	host := newFakeHost()
	server, caller := listen(t, host), listen(t, nil)
	d, err := caller.Invite(patience(t), Outgoing{URI: "sips:room@" + server.Addr("tls").String(), Offer: []byte(testOffer)})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<sips:parley@" + caller.Addr("tls").String() + ">"; d.contact != want {
		t.Errorf("Contact %s, want %s", d.contact, want)
	}
	if want := "sips:room@" + server.Addr("tls").String(); d.target != want {
		t.Errorf("his Contact %s, want %s", d.target, want)
	}
	if err := d.Bye(patience(t)); err != nil {
		t.Error(err)
	}
}

// Once a connection is gone, the next request goes by the same transport.
func TestSameTransportAgain(t *testing.T) {
	server := listen(t, nil)
	for network, want := range map[string]string{"tcp": "tcp", "tls": "tls", "udp": "udp"} {
		d := server.newDialog(dialogID{"c", "l", "r"}, nameAddr{}, nameAddr{}, false, path{network: network, peer: netip.MustParseAddrPort("192.0.2.7:4711")})
		d.target = "sip:peer@192.0.2.7"
		to, err := d.next(t.Context())
		if err != nil || to.network != want {
			t.Errorf("%s: %+v %v", network, to, err)
		}
		d.target = "sip:peer@192.0.2.7;transport=udp"
		if to, err = d.next(t.Context()); err != nil || to.network != "udp" {
			t.Errorf("%s: %+v %v", network, to, err)
		}
	}
}
