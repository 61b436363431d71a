package sip

import (
	"testing"
	"time"

	"parley/signaling"
)

func TestInfo(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		for _, c := range []struct {
			kind, body string
			status     int
			want       signaling.Command
		}{
			{"application/media_control+xml", pictureFastUpdate, 200, signaling.Command{Kind: signaling.CommandKeyFrame}},
			{"Application/Media_Control+XML; charset=utf-8", pictureFastUpdate, 200, signaling.Command{Kind: signaling.CommandKeyFrame}},
			{"application/media_control+xml", "<media_control/>", 200, signaling.Command{}},
			{"application/dtmf-relay", "Signal= 5\r\nDuration= 160\r\n", 200, signaling.Command{Kind: signaling.CommandDTMF, Digits: "5"}},
			{"application/dtmf-relay", "Signal=10\n", 200, signaling.Command{Kind: signaling.CommandDTMF, Digits: "*"}},
			{"application/dtmf-relay", "Duration=10\n", 400, signaling.Command{}},
			{"application/dtmf", "#", 200, signaling.Command{Kind: signaling.CommandDTMF, Digits: "#"}},
			{"application/dtmf", "hello", 400, signaling.Command{}},
			{"text/plain", "hello", 415, signaling.Command{}},
			{"text/plain", "", 200, signaling.Command{}},
		} {
			status(t, s.ask("INFO", c.body, "Content-Type: "+c.kind), c.status)
			var got signaling.Command
			select {
			case got = <-s.host.commands:
			default:
			}
			if got != c.want {
				t.Errorf("%s %q: command %v", c.kind, c.body, got)
			}
		}
		status(t, s.ask("INFO", "", "Info-Package: foo"), 469)
		status(t, s.ask("BYE", ""), 200)
	})
}

func TestEvents(t *testing.T) {
	scripted(t, func(s *script) {
		s.established("Record-Route: <sip:192.0.2.7:5060;lr;x=1>")
		leg := s.host.leg(0)
		for range 5 { // one question at a time
			leg.events <- signaling.Event{Kind: signaling.EventKeyFrame}
		}
		info := s.expect("INFO")
		if info.get("Content-Type") != "application/media_control+xml" || !asksKeyFrame(info.body) || info.get("Route") != "<sip:192.0.2.7:5060;lr;x=1>" {
			t.Errorf("INFO %+v", info)
		}
		s.answer(info, "200 OK", "")
		s.none(time.Minute)
		leg.events <- signaling.Event{Kind: signaling.EventEnd, Reason: `removed by "host"`}
		bye := s.expect("BYE")
		if got := bye.get("Reason"); got != `SIP;cause=200;text="removed by \"host\""` {
			t.Errorf("Reason: %s", got)
		}
		s.answer(bye, "200 OK", "")
		<-s.host.left
	})
}

// The called party says BYE only after the ACK (section 15).
func TestEndBeforeACK(t *testing.T) {
	scripted(t, func(s *script) {
		s.open(testOffer)
		s.host.leg(0).events <- signaling.Event{Kind: signaling.EventEnd, Reason: "full"}
		s.none(300 * time.Millisecond)
		s.ack("")
		s.answer(s.expect("BYE"), "200 OK", "")
	})
}

// What an INFO or OPTIONS overtook is not late.
func TestOvertaken(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		s.send(s.request("INFO", 3, "info", ""))
		status(t, s.final(), 200)
		s.send(s.request("OPTIONS", 4, "options", ""))
		status(t, s.final(), 200)
		s.send(s.request("INVITE", 2, "invite", testOffer))
		status(t, s.final(), 200)
		s.seq = 2
		s.ack("")
		s.send(s.request("UPDATE", 2, "late", ""))
		status(t, s.final(), 500)
		s.seq = 4
		status(t, s.ask("BYE", ""), 200)
	})
}
