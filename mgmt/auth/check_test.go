package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
)

// by asks with a password from an address; "" = with a bearer token that is none.
func (s *site) by(address, name, password string) int {
	r := httptest.NewRequest("GET", "/thing/", nil)
	r.RemoteAddr = address
	if name == "" {
		r.Header.Set("Authorization", "Bearer guess")
	} else {
		r.SetBasicAuth(name, password)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w.Code
}

const elsewhere = "198.51.100.7:1"

// Many guesses at the same time are no more than many one after the other.
func TestGuessesAtTheSameTime(t *testing.T) {
	s := newSite(t)
	codes := make(chan int, 40)
	var all sync.WaitGroup
	for i := range cap(codes) {
		all.Go(func() { codes <- s.by(elsewhere, "ada", fmt.Sprint("guess", i)) })
	}
	all.Wait()
	close(codes)
	n := map[int]int{}
	for c := range codes {
		n[c]++
	}
	if n[401] != failuresMost || n[429] != 40-failuresMost {
		t.Errorf("answers %v", n)
	}
}

// The same password from many requests at the same time is one attempt.
func TestSameAtTheSameTime(t *testing.T) {
	s := newSite(t)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if code := s.by(elsewhere, "ada", "correct horse"); code != 200 {
				t.Errorf("answer %d", code)
			}
		})
	}
	all.Wait()
	if len(s.guard.networks.seen) != 0 || len(s.guard.guessed.seen) != 0 {
		t.Error("what was right counts as failed")
	}
}

// However many fail, from however many addresses of one network, it stops the
// network, and nobody else.
func TestOneNetwork(t *testing.T) {
	s := newSite(t)
	for i := range whoMost + 100 {
		want := 401
		if i >= failuresMost {
			want = 429
		}
		if code := s.by(fmt.Sprintf("[2001:db8::%x:%x]:1", i>>16, i&0xffff), "", ""); code != want {
			t.Fatalf("failure %d: %d", i, code)
		}
	}
	if n := len(s.guard.networks.seen); n != 1 {
		t.Errorf("%d networks are watched", n)
	}
	if code := s.by("[2001:db8:0:1::1]:1", "ada", "correct horse"); code != 200 {
		t.Errorf("the network beside it: %d", code)
	}
	if code := s.by("[2001:db8::1]:1", "otto", "only reading"); code != 429 {
		t.Errorf("a password from there: %d", code)
	}
}

// Those who are watched are bounded, and the newest are among them.
func TestWatchedAreBounded(t *testing.T) {
	l := NewLimiter()
	s := newSite(t)
	for i := range whoMost + 1000 {
		l.Try(fmt.Sprint(i), s.clock)
	}
	if len(l.seen) != whoMost || l.seen[fmt.Sprint(whoMost+999)] == nil {
		t.Errorf("%d are watched", len(l.seen))
	}
}

// Nobody locks an administrator out: neither from where he signs in from, nor
// where he has a session or a password that was right a moment ago.
func TestNobodyLocksOut(t *testing.T) {
	s := newSite(t)
	const home = "203.0.113.5:1"
	if code := s.by(home, "ada", "correct horse"); code != 200 {
		t.Fatal(code)
	}
	b := s.signIn("ada", "correct horse")
	s.guard.guessed.most = 20 // hashing takes its time
	for i := range 25 {       // from as many networks as it takes
		if code := s.by(fmt.Sprintf("10.%d.%d.1:1", i/10/256, i/10%256), "ada", fmt.Sprint("guess", i)); code != 401 {
			t.Fatalf("guess %d: %d", i, code)
		}
	}
	s.clock = s.clock.Add(2 * believedFor)
	if code := s.by("10.9.9.9:1", "ada", "correct horse"); code != 401 {
		t.Errorf("from a network that it was never used from: %d, but guessing must stop somewhere", code)
	}
	if code := s.by(home, "ada", "correct horse"); code != 200 {
		t.Errorf("from where it is used: %d", code)
	}
	for range failuresMost + 1 { // somebody beside him fails
		s.by(home, "", "")
	}
	if code := s.by(home, "ada", "correct horse"); code != 200 {
		t.Errorf("right a moment ago, where others fail: %d", code)
	}
	for range failuresMost + 1 {
		s.by("192.0.2.1:1", "", "") // where the browser is
	}
	b.want(200, "GET", "/thing/", "")
}

// Who is sent away since too many wait has guessed nothing.
func TestBusyIsNoFailure(t *testing.T) {
	s := newSite(t)
	s.guard.waiting.TryAcquire(waitingMost)
	if code := s.by(elsewhere, "ada", "correct horse"); code != 429 {
		t.Errorf("answer %d", code)
	}
	if len(s.guard.networks.seen) != 0 || len(s.guard.guessed.seen) != 0 {
		t.Error("it counts as a failure")
	}
}

// Who hangs up leaves his place to others, but has had his attempt.
func TestHangingUp(t *testing.T) {
	s := newSite(t)
	for range cap(s.guard.hashing) {
		s.guard.hashing <- struct{}{}
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, err := s.guard.Check(gone, "ada", "correct horse", "198.51.100.7"); !errors.Is(err, errBusy) {
		t.Error(err)
	}
	if !s.guard.waiting.TryAcquire(waitingMost) {
		t.Error("the place is not free")
	}
	if len(s.guard.networks.seen) != 1 {
		t.Error("attempts are free for those who hang up")
	}
}
