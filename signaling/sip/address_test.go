package sip

import (
	"strings"
	"testing"

	"parley/signaling"
)

// Display names without the quotes that they need are taken, and written with
// them.
func TestDisplayNames(t *testing.T) {
	for said, want := range map[string]struct{ text, written string }{
		"Peer <sip:a@b>":                 {"Peer", "Peer <sip:a@b>"},
		"Two  Words<sip:a@b>":            {"Two  Words", "Two  Words <sip:a@b>"},
		"<sip:a@b>":                      {"", "<sip:a@b>"},
		"Müller Büro <sip:a@b>":          {"Müller Büro", `"Müller Büro" <sip:a@b>`},
		"Room (2nd floor) <sip:a@b>":     {"Room (2nd floor)", `"Room (2nd floor)" <sip:a@b>`},
		"Smith, John <sip:a@b>;tag=1":    {"Smith, John", `"Smith, John" <sip:a@b>;tag=1`},
		`back\slash; <sip:a@b>`:          {`back\slash;`, `"back\\slash;" <sip:a@b>`},
		"Desk: 5 <sip:a@b>":              {"Desk: 5", `"Desk: 5" <sip:a@b>`},
		`"quoted \"x\"" <sip:a@b;c>;d=e`: {`quoted "x"`, `"quoted \"x\"" <sip:a@b;c>;d=e`},
	} {
		a, err := parseNameAddr(said)
		if err != nil || a.displayText() != want.text || a.String() != want.written {
			t.Errorf("%s: %q, written %s, %v", said, a.displayText(), a, err)
		}
		if again, err := parseNameAddr(a.String()); err != nil || again.String() != want.written {
			t.Errorf("%s: read again %s, %v", said, again, err)
		}
	}
	for _, bad := range []string{`"open <sip:a@b>`, "bell\a <sip:a@b>", `half "quoted <sip:a@b>`, "Smith, John", "Smith, John <>"} {
		if a, err := parseNameAddr(bad); err == nil {
			t.Errorf("%q was taken as %s", bad, a)
		}
	}
}

func TestSplitAddresses(t *testing.T) {
	for list, want := range map[string]string{
		"<sip:a>,<sip:b>":                             "<sip:a>|<sip:b>",
		"sip:a@b, sip:c@d;q=1":                        "sip:a@b|sip:c@d;q=1",
		"Smith, John <sip:a,b@c>, <sip:d>":            "Smith, John <sip:a,b@c>|<sip:d>",
		`<sip:a>, Dr., Smith, J <sip:b>;x=1, sip:c@d`: "<sip:a>|Dr., Smith, J <sip:b>;x=1|sip:c@d",
		`"a, b" <sip:a>, c <sip:d>`:                   `"a, b" <sip:a>|c <sip:d>`,
	} {
		items, err := splitAddresses(list)
		if got := strings.Join(items, "|"); err != nil || got != want {
			t.Errorf("%s: %s %v", list, got, err)
		}
	}
}

// Such names work in a call, from the first message to the last.
func TestCallOfUnquotedName(t *testing.T) {
	scripted(t, func(s *script) {
		said := func(text string) string {
			text = strings.Replace(text, `From: "Peer" <`, "From: Müller, Büro (2) <", 1)
			return strings.Replace(text, "Contact: <", "Contact: Müller, Büro <", 1)
		}
		s.seq = 1
		s.send(said(s.request("INVITE", 1, "i", testOffer)))
		res := s.final()
		status(t, res, 200)
		s.tag(res)
		s.send(said(s.request("ACK", 1, "a", "")))
		<-s.host.commands
		if got := s.host.leg(0).who.DisplayName; got != "Müller, Büro (2)" {
			t.Errorf("display name %q", got)
		}
		s.host.leg(0).events <- signaling.Event{Kind: signaling.EventEnd}
		m := s.expect("BYE")
		if to := m.get("To"); to != `"Müller, Büro (2)" <sip:peer@192.0.2.7>;tag=peer` || m.uri != "sip:peer@"+peerAt {
			t.Errorf("BYE %s to %s", m.uri, to)
		}
		s.answer(m, "200 OK", "")
	})
}
