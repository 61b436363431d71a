package bus

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parley/pki"
)

// written is a log to read. Safe for concurrent use.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.text.String(), text)
}

func authority(t *testing.T) *pki.Authority {
	t.Helper()
	certificate, key, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.LoadAuthority(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, by *pki.Authority, name string, at time.Time) tls.Certificate {
	t.Helper()
	request, key, err := pki.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	certificate, _, err := by.Issue(request, name, at)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// serve starts a bus whose log can be read.
func serve(t *testing.T, a *pki.Authority, admit func(int64, *x509.Certificate) error) (*Server, *written) {
	t.Helper()
	log := &written{}
	s, err := Listen(ServerConfig{
		Address: "127.0.0.1:0", Certificate: issue(t, a, pki.ManagementName, time.Now()), Authority: a.Pool(), Admit: admit, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, log
}

func dial(t *testing.T, s *Server, a *pki.Authority, certificate tls.Certificate) *nats.Conn {
	t.Helper()
	conn, err := Connect(ClientConfig{Address: s.Addr().String(), Node: 7, Certificate: func() *tls.Certificate { return &certificate }, Authority: a.Pool()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again, patience := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-patience:
			t.Fatal("in vain: " + what)
		}
	}
}

func all(int64, *x509.Certificate) error { return nil }

// Who knocks with a wrong certificate is in the log.
func TestHandshakeIsLogged(t *testing.T) {
	right := authority(t)
	for what, certificate := range map[string]tls.Certificate{
		"unknown authority": issue(t, authority(t), "node-7", time.Now()),
		"expired":           issue(t, right, "node-7", time.Now().AddDate(-3, 0, 0)),
	} {
		s, log := serve(t, right, all)
		dial(t, s, right, certificate)
		await(t, "a line of the log with "+what, func() bool { return log.has("level=WARN") && log.has(what) })
	}
}

// One line a second tells of them, and of how many it stands for.
func TestSeldom(t *testing.T) {
	s, now := seldom{}, time.Now()
	for i, step := range []struct {
		after   time.Duration
		ok      bool
		skipped int
	}{{0, true, 0}, {0, false, 0}, {999 * time.Millisecond, false, 0}, {time.Second, true, 2}, {1500 * time.Millisecond, false, 0}, {5 * time.Second, true, 1}} {
		if skipped, ok := s.pass(now.Add(step.after)); ok != step.ok || skipped != step.skipped {
			t.Errorf("%d: %v, %d", i, ok, skipped)
		}
	}
}

// A node that is expelled while it is being admitted does not stay.
func TestExpelledWhileAdmitted(t *testing.T) {
	a := authority(t)
	var s *Server
	ready, admitted := make(chan struct{}), atomic.Bool{}
	s, _ = serve(t, a, func(node int64, _ *x509.Certificate) error {
		<-ready
		if admitted.Swap(true) {
			return errors.New("it is no more")
		}
		s.Expel(node)
		return nil
	})
	close(ready)
	dial(t, s, a, issue(t, a, "node-7", time.Now()))
	await(t, "the end of the connection", func() bool { return admitted.Load() && s.nats.NumClients() == 0 })
}

// Connections that are gone are not remembered.
func TestGoneConnections(t *testing.T) {
	a := authority(t)
	s, _ := serve(t, a, all)
	certificate := issue(t, a, "node-7", time.Now())
	for range 5 {
		conn := dial(t, s, a, certificate)
		await(t, "a connection", conn.IsConnected)
		conn.Close()
		await(t, "its end", func() bool { return s.nats.NumClients() == 0 })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.clients[7]); n > 1 {
		t.Errorf("%d connections are remembered", n)
	}
}

// Messages that are lost since they are not handled fast enough are in the log.
func TestSlowConsumerIsLogged(t *testing.T) {
	s, log := serve(t, authority(t), all)
	conn, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	blocked := make(chan struct{})
	defer close(blocked)
	sub, err := conn.Subscribe("parley.status.*", func(*nats.Msg) { <-blocked })
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.SetPendingLimits(1, 1<<20); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := conn.Publish(StatusSubject(7), nil); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "a line of the log", func() bool { return log.has("slow consumer") && log.has("parley.status.*") })
}
