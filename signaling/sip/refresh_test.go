package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// rolledBack counts the rollbacks so far.
func (s *script) rolledBack() int {
	synctest.Wait()
	n := 0
	for {
		select {
		case <-s.host.rolled:
			n++
		default:
			return n
		}
	}
}

// An offer of a refresh that is refused is taken back, and the refresh is
// tried again until it succeeds.
func TestRefreshByInviteRefused(t *testing.T) {
	for _, refusal := range []string{"491 Request Pending", "488 Not Acceptable Here", "503 Service Unavailable"} {
		scripted(t, func(s *script) {
			s.established("Allow: INVITE, ACK, BYE, CANCEL")
			for range 3 {
				s.answer(s.expect("INVITE"), refusal, "")
				s.expect("ACK")
				if n := s.rolledBack(); n != 1 {
					t.Errorf("%s: %d rollbacks", refusal, n)
				}
			}
			m := s.expect("INVITE")
			s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">")
			s.expect("ACK")
			if n := s.rolledBack(); n != 0 {
				t.Errorf("%s: %d rollbacks after a success", refusal, n)
			}
			s.none(800 * time.Second)
			status(t, s.ask("BYE", ""), 200)
		})
	}
}

// While our offer is being made or is open, theirs is refused.
func TestRefreshIsOurs(t *testing.T) {
	scripted(t, func(s *script) {
		gate, asked := make(chan struct{}), make(chan struct{}, 9)
		s.host.change = func([]byte) ([]byte, error) { asked <- struct{}{}; <-gate; return []byte(testAnswer), nil }
		s.established("Allow: INVITE, ACK, BYE, CANCEL")
		<-asked // for our offer
		status(t, s.ask("UPDATE", testOffer), 491)
		gate <- struct{}{}
		m := s.expect("INVITE")
		status(t, s.ask("UPDATE", testOffer), 491)
		s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">")
		s.expect("ACK")
		<-asked // to take the answer
		status(t, s.ask("UPDATE", testOffer), 491)
		close(gate)
		synctest.Wait()
		status(t, s.ask("UPDATE", testOffer), 200)
		status(t, s.ask("BYE", ""), 200)
	})
}

// An offer that a re-INVITE asked for and then did not want is taken back.
func TestAskedOfferRolledBack(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		status(t, s.ask("INVITE", ""), 200)
		s.ack("") // no answer in it: the call goes on as it was
		if n := s.rolledBack(); n != 1 {
			t.Errorf("%d rollbacks after an ACK without answer", n)
		}
		status(t, s.ask("UPDATE", testOffer), 200)
		gate := make(chan struct{})
		s.host.change = func([]byte) ([]byte, error) { <-gate; return []byte(testAnswer), nil }
		s.seq++
		s.send(s.request("INVITE", s.seq, "cancelled", ""))
		status(t, s.next(), 100)
		s.send(s.request("CANCEL", s.seq, "cancelled", ""))
		for range 2 {
			s.final()
		}
		s.send(s.request("ACK", s.seq, "cancelled", ""))
		close(gate)
		if n := s.rolledBack(); n != 1 {
			t.Errorf("%d rollbacks after a CANCEL", n)
		}
		for {
			synctest.Wait()
			select {
			case <-s.sock.in: // the 487 again
				continue
			default:
			}
			break
		}
		status(t, s.ask("UPDATE", testOffer), 200)
		status(t, s.ask("BYE", ""), 200)
	})
}

// A refused refresh drops nothing: it is tried again, and whoever answers at
// all lives.
func TestRefreshRefused(t *testing.T) {
	scripted(t, func(s *script) {
		start := time.Now()
		s.established("Allow: UPDATE, BYE")
		last := start
		for time.Since(start) < 3*time.Hour {
			m := s.expect("UPDATE")
			if at := time.Since(last); last != start && at > 31*time.Second {
				t.Fatalf("tried again after %s", at)
			}
			last = time.Now()
			s.answer(m, "503 Service Unavailable", "")
		}
		s.answer(s.expect("UPDATE"), "200 OK", "", "Session-Expires: 1800;refresher=uac")
		s.none(800 * time.Second)
		status(t, s.ask("BYE", ""), 200)
	})
}

// A far end that refuses UPDATE is refreshed by re-INVITE, and from then on.
func TestRefreshWithoutUpdate(t *testing.T) {
	for _, refusal := range []string{"405 Method Not Allowed", "501 Not Implemented"} {
		scripted(t, func(s *script) {
			s.established("Allow: INVITE, UPDATE, BYE")
			s.answer(s.expect("UPDATE"), refusal, "")
			for range 2 {
				m := s.expect("INVITE")
				s.answer(m, "200 OK", testOffer, "Contact: <sip:peer@"+peerAt+">", "Allow: INVITE, UPDATE, BYE")
				if ack := s.expect("ACK"); !strings.HasSuffix(ack.get("CSeq"), "ACK") {
					t.Errorf("CSeq %q", ack.get("CSeq"))
				}
			}
			status(t, s.ask("BYE", ""), 200)
		})
	}
}

// A host that does not answer in time may have made its offer all the same.
func TestWantedTooLate(t *testing.T) {
	scripted(t, func(s *script) {
		s.established()
		s.host.change = func([]byte) ([]byte, error) { return nil, context.DeadlineExceeded }
		res := s.ask("INVITE", "")
		status(t, res, 503)
		s.send(s.request("ACK", s.seq, "INVITE"+itoa(s.seq), ""))
		if n := s.rolledBack(); n != 1 || res.get("Retry-After") == "" {
			t.Errorf("%d rollbacks, Retry-After %q", n, res.get("Retry-After"))
		}
		status(t, s.ask("BYE", ""), 200)
	})
}
