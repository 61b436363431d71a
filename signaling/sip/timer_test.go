package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionTimerNegotiation(t *testing.T) {
	scripted(t, func(s *script) {
		for _, c := range []struct {
			lines   []string
			status  int
			expires string
			require string
		}{
			{[]string{"Supported: timer", "Session-Expires: 600;refresher=uac"}, 200, "600;refresher=uac", "timer"},
			{[]string{"Supported: timer", "Session-Expires: 600;refresher=uas"}, 200, "600;refresher=uas", ""},
			{[]string{"k: foo, timer", "x: 600"}, 200, "600;refresher=uac", "timer"},
			{[]string{"Supported: timer", "Session-Expires: 7200"}, 200, "1800;refresher=uac", "timer"},
			{[]string{"Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"}, 200, "3600;refresher=uac", "timer"},
			{[]string{"Supported: timer"}, 200, "1800;refresher=uas", ""},
			{nil, 200, "1800;refresher=uas", ""},
			{[]string{"Session-Expires: 30"}, 200, "90;refresher=uas", ""}, // he could not read a 422
			{[]string{"Supported: timer", "Session-Expires: 89"}, 422, "", ""},
			{[]string{"Session-Expires: soon"}, 400, "", ""},
		} {
			s.callID, s.toTag = "call-"+strings.Join(c.lines, "-"), ""
			s.callID = strings.NewReplacer(" ", "", ";", "").Replace(s.callID)
			res := s.ask("INVITE", testOffer, c.lines...)
			status(t, res, c.status)
			if res.get("Session-Expires") != c.expires || res.get("Require") != c.require {
				t.Errorf("%v: Session-Expires %q, Require %q", c.lines, res.get("Session-Expires"), res.get("Require"))
			}
			if c.status == 422 && res.get("Min-SE") != "90" {
				t.Errorf("Min-SE %q", res.get("Min-SE"))
			}
			s.tag(res)
			if c.status == 200 {
				s.ack("")
				<-s.host.commands
				status(t, s.ask("BYE", ""), 200)
			} else {
				s.send(s.request("ACK", s.seq, "INVITE"+itoa(s.seq), ""))
			}
		}
	})
}

// We refresh by UPDATE at half the time; a far end that has fallen silent
// ends the call.
func TestWeRefresh(t *testing.T) {
	scripted(t, func(s *script) {
		start := time.Now()
		s.established("Allow: INVITE, ACK, BYE, CANCEL, UPDATE")
		for i := range 3 {
			m := s.expect("UPDATE")
			if at, want := time.Since(start), time.Duration(i+1)*900*time.Second; at != want {
				t.Errorf("refresh %d at %s, want %s", i, at, want)
			}
			if m.get("Session-Expires") != "1800;refresher=uac" || len(m.body) != 0 {
				t.Errorf("Session-Expires %q", m.get("Session-Expires"))
			}
			s.answer(m, "200 OK", "", "Session-Expires: 1800;refresher=uac")
		}
		s.expect("UPDATE") // and its repetitions go unanswered
		for m := s.next(); ; m = s.next() {
			if m.method == "BYE" {
				s.answer(m, "200 OK", "")
				break
			}
		}
		if at, want := time.Since(start), 3600*time.Second+64*timerT1; at != want {
			t.Errorf("ended after %s, want %s", at, want)
		}
	})
}

func TestWeRefreshByInvite(t *testing.T) {
	scripted(t, func(s *script) {
		s.established("Allow: INVITE, ACK, BYE, CANCEL")
		m := s.expect("INVITE")
		if string(m.body) != testAnswer {
			t.Errorf("offer %q", m.body)
		}
		s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">")
		ack := s.expect("ACK")
		if ack.get("CSeq") != strings.Replace(m.get("CSeq"), "INVITE", "ACK", 1) {
			t.Errorf("CSeq %q", ack.get("CSeq"))
		}
		synctest.Wait()
		if a, b := <-s.host.changed, <-s.host.changed; a != nil || string(b) != testOffer {
			t.Errorf("host was told %q, %q", a, b)
		}
		// A repeated 2xx gets its ACK again (section 13.2.2.4).
		s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">")
		s.expect("ACK")
		status(t, s.ask("BYE", ""), 200)
	})
}

// A far end that should refresh and does not ends the call 32 s before the
// session expires; one that does keeps it.
func TestTheyRefresh(t *testing.T) {
	scripted(t, func(s *script) {
		fields := []string{"Supported: timer", "Session-Expires: 600;refresher=uac"}
		start := time.Now()
		s.established(fields...)
		s.none(500 * time.Second)
		status(t, s.ask("UPDATE", "", fields...), 200)
		m := s.expect("BYE")
		if at := time.Since(start); at != 500*time.Second+568*time.Second {
			t.Errorf("ended after %s", at)
		}
		if r := m.get("Reason"); !strings.Contains(r, "cause=408") {
			t.Errorf("Reason %q", r)
		}
		s.answer(m, "200 OK", "")
	})
}

// A far end that has lost the call says so when we refresh (section 12.2.1.2).
func TestRefreshOfLostCall(t *testing.T) {
	scripted(t, func(s *script) {
		s.established("Allow: UPDATE, BYE")
		s.answer(s.expect("UPDATE"), "481 Gone", "")
		<-s.host.left
		s.none(time.Minute)
	})
}

// A refused interval is taken over (422), a glare is tried again (491).
func TestRefreshTriedAgain(t *testing.T) {
	scripted(t, func(s *script) {
		s.established("Allow: UPDATE, BYE")
		s.answer(s.expect("UPDATE"), "491 Request Pending", "")
		s.answer(s.expect("UPDATE"), "422 Session Interval Too Small", "", "Min-SE: 3600")
		m := s.expect("UPDATE")
		if m.get("Session-Expires") != "3600;refresher=uac" {
			t.Errorf("Session-Expires %q", m.get("Session-Expires"))
		}
		s.answer(m, "200 OK", "", "Session-Expires: 3600;refresher=uac")
		s.none(1700 * time.Second)
		status(t, s.ask("BYE", ""), 200)
	})
}

// Two of our own servers keep a call alive for a day.
func TestTimersBothSides(t *testing.T) {
	scripted(t, func(s *script) {
		client, d := s.caller("192.0.2.8:5060", Outgoing{Offer: []byte(testOffer)})
		<-s.host.commands
		select {
		case <-d.Done():
			t.Error("the call ended")
		case <-time.After(24 * time.Hour):
		}
		// The caller vanishes: the server notices by itself.
		s.wire.mu.Lock()
		delete(s.wire.sockets, d.path.local)
		s.wire.mu.Unlock()
		start := time.Now()
		<-s.host.left
		if at := time.Since(start); at > 1800*time.Second {
			t.Errorf("noticed after %s", at)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = d.Bye(ctx)
		client.Close()
		<-time.After(time.Minute) // the BYE of the server goes unanswered
	})
}
