package sip

import (
	"context"
	"errors"
	"hash/maphash"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// calling runs a test in which the server under test calls a script.
func calling(t *testing.T, o Outgoing, f func(ctx context.Context, s *script, cancel context.CancelFunc, result chan outcome)) {
	t.Helper()
	scripted(t, func(s *script) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		o.URI = "sip:peer@" + peerAt
		result := make(chan outcome, 1)
		go func() {
			d, err := s.server.Invite(ctx, o)
			result <- outcome{d, err}
		}()
		f(ctx, s, cancel, result)
	})
}

type outcome struct {
	d   *Dialog
	err error
}

const peerTag = ";tag=far"

var seedForTests = maphash.MakeSeed()

// toTagged adds the far end's tag to the To of a request, for the answer.
func tagged(m *message, tag string) *message {
	out := *m
	out.fields = append([]field(nil), m.fields...)
	for i, f := range out.fields {
		if f.name == "To" && !strings.Contains(f.value, ";tag=") {
			out.fields[i].value += tag
		}
	}
	return &out
}

func TestOutgoing(t *testing.T) {
	o := Outgoing{From: "sip:alice@example.com", DisplayName: "Alice", Offer: []byte(testOffer), Headers: map[string]string{"X-Test": "1\r\n2"}}
	var infos []string
	o.OnInfo = func(kind string, body []byte) { infos = append(infos, kind+":"+string(body)) }
	calling(t, o, func(ctx context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		m := s.expect("INVITE")
		from, _ := parseNameAddr(m.get("From"))
		if m.uri != "sip:peer@"+peerAt || string(m.body) != testOffer || m.get("X-Test") != "1  2" || from.displayText() != "Alice" ||
			from.uri != "sip:alice@example.com" || m.get("Contact") != "<sip:alice@"+serverAt+">" {
			t.Errorf("INVITE %+v", m)
		}
		s.answer(m, "100 Trying", "")
		m = tagged(m, peerTag)
		s.answer(m, "180 Ringing", "")
		rr := []string{"Record-Route: <sip:192.0.2.7:5060;lr;p=2>, <sip:192.0.2.7:5060;lr;p=1>", "Contact: <sip:deep@10.0.0.9:5070>"}
		s.answer(m, "200 OK", testAnswer, rr...)
		ack := s.expect("ACK")
		if ack.uri != "sip:deep@10.0.0.9:5070" || strings.Join(ack.all("Route"), "|") != "<sip:192.0.2.7:5060;lr;p=1>|<sip:192.0.2.7:5060;lr;p=2>" {
			t.Errorf("ACK to %s by %v", ack.uri, ack.all("Route"))
		}
		r := <-result
		if r.err != nil || string(r.d.RemoteSDP()) != testAnswer {
			t.Fatalf("%v", r.err)
		}
		s.answer(m, "200 OK", testAnswer, rr...) // repeated: our ACK was lost
		s.expect("ACK")
		// In-dialog requests of the far end.
		local, _ := from.params.get("tag")
		s.callID = m.get("Call-ID")
		far := func(method, body string, lines ...string) *message {
			s.seq++
			text := s.request(method, s.seq, method+itoa(s.seq), body, lines...)
			text = strings.Replace(text, "tag=peer", "tag=far", 1)
			text = strings.Replace(text, "To: <sip:room@192.0.2.200>", "To: <sip:alice@example.com>;tag="+local, 1)
			s.send(text)
			return s.final()
		}
		status(t, far("INFO", "x", "Content-Type: text/plain"), 200)
		synctest.Wait()
		if strings.Join(infos, ",") != "text/plain:x" {
			t.Errorf("infos %v", infos)
		}
		res := far("UPDATE", testOffer, "Contact: <sip:newer@10.0.0.10>")
		if status(t, res, 200); string(res.body) != testOffer {
			t.Errorf("answer %q", res.body)
		}
		done := make(chan error, 1)
		go func() { done <- r.d.Bye(ctx) }()
		bye := s.expect("BYE")
		if bye.uri != "sip:peer@"+peerAt && bye.uri != "sip:newer@10.0.0.10" {
			t.Errorf("BYE to %s", bye.uri)
		}
		s.answer(bye, "200 OK", "")
		if err := <-done; err != nil {
			t.Error(err)
		}
		<-r.d.Done()
		if err := r.d.Info(ctx, "a/b", nil); !errors.Is(err, ErrEnded) {
			t.Errorf("INFO after the end: %v", err)
		}
	})
}

func TestOutgoingRefused(t *testing.T) {
	calling(t, Outgoing{Offer: []byte(testOffer)}, func(_ context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		m := tagged(s.expect("INVITE"), peerTag)
		s.answer(m, "503 Full House", "", "Retry-After: 7")
		s.expect("ACK")
		var status *StatusError
		if r := <-result; !errors.As(r.err, &status) || status.Code != 503 || status.Reason != "Full House" || status.Header["Retry-After"] != "7" {
			t.Errorf("%+v", status)
		}
	})
}

func TestOutgoingIntervalTooSmall(t *testing.T) {
	calling(t, Outgoing{Offer: []byte(testOffer)}, func(ctx context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		s.answer(tagged(s.expect("INVITE"), peerTag), "422 Too Small", "", "Min-SE: 4000")
		s.expect("ACK")
		m := tagged(s.expect("INVITE"), ";tag=second")
		if got := m.get("Session-Expires"); got != "4000" {
			t.Errorf("Session-Expires %q", got)
		}
		s.answer(m, "200 OK", testAnswer, "Session-Expires: 4000;refresher=uac", "Contact: <sip:peer@"+peerAt+">", "Allow: UPDATE")
		s.expect("ACK")
		start := time.Now()
		s.answer(s.expect("UPDATE"), "200 OK", "", "Session-Expires: 4000;refresher=uac")
		if at := time.Since(start); at != 2000*time.Second {
			t.Errorf("refreshed after %s", at)
		}
		r := <-result
		go func() { _ = r.d.Bye(ctx) }()
		s.answer(s.expect("BYE"), "200 OK", "")
		<-r.d.Done()
	})
}

func TestOutgoingLateOffer(t *testing.T) {
	o := Outgoing{OnOffer: func(offer []byte) []byte {
		if string(offer) != testOffer {
			return nil
		}
		return []byte(testAnswer)
	}}
	calling(t, o, func(ctx context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		m := tagged(s.expect("INVITE"), peerTag)
		if len(m.body) != 0 || m.get("Content-Type") != "" {
			t.Errorf("body %q", m.body)
		}
		s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">")
		if ack := s.expect("ACK"); string(ack.body) != testAnswer {
			t.Errorf("answer %q", ack.body)
		}
		r := <-result
		go func() { _ = r.d.Bye(ctx) }()
		s.answer(s.expect("BYE"), "200 OK", "")
		<-r.d.Done()
	})
}

// A call that nobody wants any more: CANCEL waits for a provisional answer.
func TestOutgoingCancelled(t *testing.T) {
	for _, late := range []bool{false, true} {
		calling(t, Outgoing{Offer: []byte(testOffer)}, func(_ context.Context, s *script, cancel context.CancelFunc, result chan outcome) {
			m := s.expect("INVITE")
			cancel()
			s.expect("INVITE") // repeated; no CANCEL yet (section 9.1)
			s.answer(m, "100 Trying", "")
			c := s.expect("CANCEL")
			if c.get("Via") != m.get("Via") || c.uri != m.uri || c.get("CSeq") != strings.Replace(m.get("CSeq"), "INVITE", "CANCEL", 1) {
				t.Errorf("CANCEL %+v", c)
			}
			s.answer(tagged(c, peerTag), "200 OK", "")
			if m = tagged(m, peerTag); late { // the 200 crosses the CANCEL
				s.answer(m, "200 OK", testAnswer, "Contact: <sip:peer@"+peerAt+">")
				s.expect("ACK")
				s.answer(s.expect("BYE"), "200 OK", "")
			} else {
				s.answer(m, "487 Request Terminated", "")
				s.expect("ACK")
			}
			if r := <-result; !errors.Is(r.err, context.Canceled) {
				t.Errorf("%v", r.err)
			}
		})
	}
}

// Two of several forks answer: the second is told goodbye (section 13.2.2.4).
func TestOutgoingForked(t *testing.T) {
	calling(t, Outgoing{Offer: []byte(testOffer)}, func(ctx context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		m := s.expect("INVITE")
		s.answer(tagged(m, ";tag=one"), "200 OK", testAnswer, "Contact: <sip:peer@"+peerAt+">")
		s.expect("ACK")
		r := <-result
		s.answer(tagged(m, ";tag=two"), "200 OK", testAnswer, "Contact: <sip:peer@"+peerAt+">")
		if ack := s.expect("ACK"); !strings.Contains(ack.get("To"), "tag=two") {
			t.Errorf("ACK to %s", ack.get("To"))
		}
		bye := s.expect("BYE")
		if !strings.Contains(bye.get("To"), "tag=two") {
			t.Errorf("BYE to %s", bye.get("To"))
		}
		s.answer(bye, "200 OK", "")
		go func() { _ = r.d.Bye(ctx) }()
		s.answer(s.expect("BYE"), "200 OK", "")
		<-r.d.Done()
	})
}

func TestOutgoingSilence(t *testing.T) {
	calling(t, Outgoing{Offer: []byte(testOffer)}, func(_ context.Context, s *script, _ context.CancelFunc, result chan outcome) {
		start := time.Now()
		var status *StatusError
		if r := <-result; !errors.As(r.err, &status) || status.Code != 408 {
			t.Errorf("%v", r.err)
		}
		if at := time.Since(start); at != 64*timerT1 {
			t.Errorf("gave up after %s", at)
		}
		for range 7 { // Timer A doubles
			s.expect("INVITE")
		}
	})
}

// Requests go to the newest Contact of the far end (section 12.2.1.2).
func TestTargetRefresh(t *testing.T) {
	scripted(t, func(s *script) {
		s.established("Allow: UPDATE")
		text := s.request("UPDATE", 2, "u", "")
		moved := netip.MustParseAddrPort("192.0.2.77:5099")
		s.send(strings.Replace(text, "Contact: <sip:peer@"+peerAt+">", "Contact: <sip:peer@"+moved.String()+";x=1>", 1))
		status(t, s.final(), 200)
		other := s.wire.socket(moved.String())
		old := s.sock
		s.sock = other
		m := s.expect("UPDATE")
		if m.uri != "sip:peer@192.0.2.77:5099;x=1" {
			t.Errorf("refresh to %s", m.uri)
		}
		s.answer(m, "200 OK", "")
		s.seq = 2
		s.sock = old
		status(t, s.ask("BYE", ""), 200)
		other.Close()
	})
}
