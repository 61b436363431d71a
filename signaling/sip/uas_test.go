package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling"
)

func status(t *testing.T, m *message, want int) {
	t.Helper()
	if m.status != want {
		t.Errorf("answered %d %s, want %d", m.status, m.reason, want)
	}
}

// A 2xx is repeated at T1, 2 T1, ... T2 until 64 T1, then the call ends.
func TestLostACK(t *testing.T) {
	scripted(t, func(s *script) {
		start := time.Now()
		s.open(testOffer)
		var at []time.Duration
		for {
			m := s.next()
			if m.method == "BYE" {
				if r := m.get("Reason"); !strings.Contains(r, "cause=408") {
					t.Errorf("Reason %q", r)
				}
				s.answer(m, "200 OK", "")
				break
			}
			status(t, m, 200)
			at = append(at, time.Since(start))
		}
		want := "[500ms 1.5s 3.5s 7.5s 11.5s 15.5s 19.5s 23.5s 27.5s 31.5s]"
		if got := fmt.Sprint(at); got != want {
			t.Errorf("repeated at %s, want %s", got, want)
		}
		if d := time.Since(start); d != 32*time.Second {
			t.Errorf("ended after %s", d)
		}
		<-s.host.left
	})
}

func TestRetransmittedInvite(t *testing.T) {
	scripted(t, func(s *script) {
		gate := make(chan struct{})
		s.host.join = func(context.Context) error { <-gate; return nil }
		s.seq++
		invite := s.request("INVITE", 1, "one", testOffer)
		s.send(invite)
		status(t, s.next(), 100)
		s.send(invite)
		status(t, s.next(), 100)
		close(gate)
		res := s.final()
		s.tag(res)
		s.send(invite) // absorbed in the Accepted state (RFC 6026)
		s.none(400 * time.Millisecond)
		s.ack("")
		s.none(time.Minute)
		if n := len(s.host.all); n != 1 {
			t.Errorf("%d legs", n)
		}
		status(t, s.ask("BYE", ""), 200)
	})
}

func TestCancel(t *testing.T) {
	scripted(t, func(s *script) {
		s.host.join = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		s.send(s.request("INVITE", 1, "one", testOffer))
		status(t, s.next(), 100)
		s.send(s.request("CANCEL", 1, "one", ""))
		seen := map[string]int{}
		for range 2 {
			m := s.final()
			seen[m.get("CSeq")] = m.status
		}
		if seen["1 CANCEL"] != 200 || seen["1 INVITE"] != 487 {
			t.Errorf("answers %v", seen)
		}
		s.send(s.request("ACK", 1, "one", ""))
		s.none(time.Minute)
	})
}

// The host answers although the caller has given up: the leg must go, and what
// is repeated must stay a 487.
func TestCancelCrossesAnswer(t *testing.T) {
	scripted(t, func(s *script) {
		s.host.join = func(ctx context.Context) error { <-ctx.Done(); return nil }
		s.send(s.request("INVITE", 1, "one", testOffer))
		status(t, s.next(), 100)
		s.send(s.request("CANCEL", 1, "one", ""))
		for range 6 {
			m := s.final()
			if m.get("CSeq") == "1 INVITE" && m.status != 487 {
				t.Errorf("INVITE answered %d", m.status)
			}
		}
		s.send(s.request("ACK", 1, "one", ""))
		<-s.host.left
		s.none(time.Minute)
		// Too late: nothing to cancel.
		s.callID = "call-2"
		s.host.join = nil
		s.established()
		s.send(s.request("CANCEL", 1, "two", ""))
		status(t, s.final(), 481)
		status(t, s.ask("BYE", ""), 200)
	})
}

func TestLateOffer(t *testing.T) {
	scripted(t, func(s *script) {
		res := s.open("")
		if string(res.body) != testAnswer {
			t.Errorf("offer %q", res.body)
		}
		if o := s.host.leg(0).offer; o != nil {
			t.Errorf("host was offered %q", o)
		}
		s.send(strings.Replace(s.request("UPDATE", 2, "glare", testOffer), "CSeq: 2", "CSeq: 2", 1))
		status(t, s.final(), 491) // our offer is open
		s.ack(testOffer)
		if got := <-s.host.changed; string(got) != testOffer {
			t.Errorf("answer %q", got)
		}
		if c := <-s.host.commands; c.Kind != signaling.CommandConfirm {
			t.Errorf("command %v", c)
		}
		s.seq = 2
		status(t, s.ask("BYE", ""), 200)
	})
}

func TestLateOfferWithoutAnswer(t *testing.T) {
	scripted(t, func(s *script) {
		s.open("")
		s.ack("")
		s.answer(s.expect("BYE"), "200 OK", "")
		<-s.host.left
	})
}

func TestLateOfferAnswerRefused(t *testing.T) {
	scripted(t, func(s *script) {
		s.host.change = func([]byte) ([]byte, error) {
			return nil, &signaling.Refusal{Code: signaling.CodeNoCodec, Reason: "no video"}
		}
		s.open("")
		s.ack(testOffer)
		bye := s.expect("BYE")
		if r := bye.get("Reason"); !strings.Contains(r, "cause=488") || !strings.Contains(r, "no video") {
			t.Errorf("Reason %q", r)
		}
		s.answer(bye, "200 OK", "")
	})
}

func TestReinvite(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		res := s.ask("INVITE", testOffer+"a=inactive\r\n", "Contact: <sip:moved@192.0.2.9:5080>") // hold; the second Contact is ignored
		status(t, res, 200)
		if string(res.body) != testAnswer || !strings.Contains(string(<-s.host.changed), "inactive") {
			t.Errorf("answer %q", res.body)
		}
		s.ack("")
		res = s.ask("INVITE", "") // asks for an offer
		status(t, res, 200)
		if c := <-s.host.changed; c != nil {
			t.Errorf("host was given %q", c)
		}
		s.ack(testOffer)
		if c := <-s.host.changed; string(c) != testOffer {
			t.Errorf("answer %q", c)
		}
		res = s.ask("UPDATE", testOffer)
		status(t, res, 200)
		if string(res.body) != testAnswer || string(<-s.host.changed) != testOffer {
			t.Errorf("answer %q", res.body)
		}
		res = s.ask("UPDATE", "")
		status(t, res, 200)
		if len(res.body) != 0 || res.get("Content-Type") != "" {
			t.Errorf("a refresh brought %q", res.body)
		}
		s.host.change = func([]byte) ([]byte, error) { return nil, &signaling.Refusal{Code: signaling.CodeNoCodec} }
		res = s.ask("INVITE", testOffer)
		status(t, res, 488)
		s.send(s.request("ACK", s.seq, fmt.Sprint("INVITE", s.seq), ""))
		if s.server.Calls() != 1 {
			t.Error("a refused change ended the call")
		}
		status(t, s.ask("BYE", ""), 200)
	})
}

// Overlapping and outdated requests (sections 12.2.2 and 14.2).
func TestOverlap(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		gate := make(chan struct{})
		s.host.change = func([]byte) ([]byte, error) { <-gate; return []byte(testAnswer), nil }
		s.send(s.request("INVITE", 2, "a", testOffer))
		status(t, s.next(), 100)
		s.send(s.request("INVITE", 3, "b", testOffer))
		second := s.final()
		status(t, second, 500)
		if second.get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		s.send(s.request("ACK", 3, "b", ""))
		s.send(s.request("UPDATE", 4, "c", testOffer))
		status(t, s.final(), 500)
		s.send(s.request("UPDATE", 2, "d", ""))
		status(t, s.final(), 500) // CSeq not higher
		close(gate)
		status(t, s.final(), 200)
		s.seq = 2
		s.ack("")
		synctest.Wait()
		s.seq = 5
		status(t, s.ask("BYE", ""), 200)
		synctest.Wait()
		status(t, s.ask("BYE", ""), 481)
	})
}

// While our own INVITE is open theirs is refused, and ours tried again after
// theirs was refused by them (section 14.1).
func TestGlare(t *testing.T) {
	scripted(t, func(s *script) {
		client, d := s.caller("192.0.2.8:5060", Outgoing{
			Offer:      []byte(testOffer),
			OnReinvite: func([]byte) ([]byte, error) { return []byte(testAnswer), nil },
		})
		<-s.host.commands
		s.server.mu.Lock()
		var far *Dialog
		for _, far = range s.server.dialogs {
		}
		s.server.mu.Unlock()
		glares := 0
		s.wire.together("INVITE", 2)
		s.wire.together("SIP/2.0 491", 2)
		s.wire.mu.Lock()
		s.wire.tap = func(_, _ netip.AddrPort, data []byte) {
			if strings.HasPrefix(string(data), "SIP/2.0 491") {
				glares++
			}
		}
		s.wire.mu.Unlock()
		results := make(chan error, 2)
		go func() { _, err := d.Reinvite(context.Background(), []byte(testOffer)); results <- err }()
		go func() { _, err := far.Reinvite(context.Background(), []byte(testOffer)); results <- err }()
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if glares < 2 {
			t.Errorf("%d glares", glares)
		}
		if err := d.Bye(context.Background()); err != nil {
			t.Error(err)
		}
		client.Close()
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		field  string
		want   string
	}{
		{&signaling.Refusal{Code: signaling.CodeUnknownAlias}, 404, "Warning", ""},
		{&signaling.Refusal{Code: signaling.CodeUnknownAlias, Reason: `no "x"`}, 404, "Warning", `399 parley "no \"x\""`},
		{&signaling.Refusal{Code: signaling.CodeConferenceFull, Reason: "the conference is full"}, 486, "Warning", `399 parley "the conference is full"`},
		{&signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "no ports"}, 503, "Warning", `399 parley "no ports"`},
		{&signaling.Refusal{Code: signaling.CodeBadState, Reason: "glare"}, 491, "Warning", `399 parley "glare"`},
		{fmt.Errorf("join: %w", context.DeadlineExceeded), 503, "Retry-After", "5"},
		{&signaling.Refusal{Code: signaling.CodeConferenceFull}, 486, "Retry-After", ""},
		{&signaling.Refusal{Code: signaling.CodeConferenceFull, RetryAfter: 90 * time.Second}, 486, "Retry-After", "90"},
		{&signaling.Refusal{Code: signaling.CodeNoCapacity, RetryAfter: 1500 * time.Millisecond}, 503, "Retry-After", "5"},
		{&signaling.Refusal{Code: signaling.CodeNoCodec, Reason: `no "common" codec`}, 488, "Warning", `305 parley "Incompatible media format: no \"common\" codec"`},
		{&signaling.Refusal{Code: signaling.CodeNoTransport, Reason: "no SRTP"}, 488, "Warning", `302 parley "Incompatible transport protocol: no SRTP"`},
		{&signaling.Refusal{Code: signaling.CodeBadSDP, Reason: "line 3: c= missing"}, 400, "", ""},
		{&signaling.Refusal{Code: signaling.CodeBadState}, 491, "", ""},
		{&signaling.Refusal{Code: signaling.CodeInternal, Reason: "secret"}, 500, "", ""},
		{errors.New("unexpected"), 500, "", ""},
	} {
		scripted(t, func(s *script) {
			s.host.refuse = c.err
			res := s.ask("INVITE", testOffer)
			status(t, res, c.status)
			if c.field != "" && res.get(c.field) != c.want {
				t.Errorf("%s: %q, want %q", c.field, res.get(c.field), c.want)
			}
			if c.status == 400 && !strings.Contains(res.reason, "line 3: c= missing") || strings.Contains(res.reason, "secret") {
				t.Errorf("reason %q", res.reason)
			}
			s.tag(res)
			s.send(s.request("ACK", 1, "INVITE1", ""))
			s.none(time.Minute)
		})
	}
}

func TestOptionsAndOthers(t *testing.T) {
	scripted(t, func(s *script) {
		res := s.ask("OPTIONS", "")
		status(t, res, 200)
		for name, want := range map[string]string{"Allow": "UPDATE", "Accept": "application/sdp", "Supported": "timer", "Server": "Test/1"} {
			if !strings.Contains(res.get(name), want) {
				t.Errorf("%s: %q", name, res.get(name))
			}
		}
		s.host.answers = map[string]bool{"other": true}
		status(t, s.ask("OPTIONS", ""), 404)
		s.host.answers = nil
		for method, want := range map[string]int{"REGISTER": 405, "SUBSCRIBE": 405, "PRACK": 405, "FOO": 501, "BYE": 481, "UPDATE": 481, "INFO": 481, "CANCEL": 481} {
			res := s.ask(method, "")
			status(t, res, want)
			if want != 481 && res.get("Allow") == "" {
				t.Errorf("%s: no Allow", method)
			}
		}
		s.toTag = "nobody"
		status(t, s.ask("INVITE", testOffer), 481)
		s.send(s.request("ACK", s.seq, fmt.Sprint("INVITE", s.seq), ""))
		s.toTag = ""
		for want, line := range map[int]string{
			420: "Require: 100rel, timer, gruu",
			415: "Content-Type: multipart/mixed;boundary=x",
			406: "Accept: text/plain",
		} {
			res := s.ask("INVITE", testOffer, line)
			status(t, res, want)
			if want == 420 && res.get("Unsupported") != "100rel, gruu" {
				t.Errorf("Unsupported: %q", res.get("Unsupported"))
			}
			if want == 415 && res.get("Accept") != "application/sdp" {
				t.Errorf("Accept: %q", res.get("Accept"))
			}
			s.send(s.request("ACK", s.seq, fmt.Sprint("INVITE", s.seq), ""))
		}
		s.send(strings.Replace(s.request("OPTIONS", 99, "tel", ""), "OPTIONS sip:room@192.0.2.200", "OPTIONS tel:+1555", 1))
		status(t, s.final(), 416)
		s.none(time.Minute)
	})
}

// The same request by two paths (section 8.2.2.2).
func TestMerged(t *testing.T) {
	scripted(t, func(s *script) {
		s.send(s.request("INVITE", 1, "path1", testOffer))
		res := s.final()
		s.send(s.request("INVITE", 1, "path2", testOffer))
		status(t, s.final(), 482)
		s.send(s.request("ACK", 1, "path2", ""))
		s.tag(res)
		s.seq = 1
		s.ack("")
		status(t, s.ask("BYE", ""), 200)
	})
}

func TestBounds(t *testing.T) {
	scripted(t, func(s *script) {
		for i := range 3 {
			s.callID = fmt.Sprint("flood-", i)
			res := s.ask("INVITE", testOffer)
			if want := map[bool]int{true: 200, false: 503}[i < 2]; res.status != want {
				t.Errorf("INVITE %d answered %d", i, res.status)
			}
			if i == 2 && res.get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
		// Both half-open calls end by themselves.
		for s.server.Calls() > 0 {
			if m := s.next(); m.method == "BYE" {
				s.answer(m, "200 OK", "")
				synctest.Wait()
			}
		}
	}, func(c *Config) { c.MaxPending = 2 })
}
