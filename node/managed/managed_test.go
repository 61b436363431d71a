package managed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/config"
	"parley/pki"
)

// subject is a node that takes what comes.
type subject struct{ versions chan int64 }

func (s *subject) Configure(d config.Deployment)                   { s.versions <- d.Version }
func (s *subject) Report() bus.NodeStatus                          { return bus.NodeStatus{} }
func (s *subject) Do(bus.Command) bus.Result                       { return bus.Result{} }
func (s *subject) Picture(context.Context, string) ([]byte, error) { return nil, nil }

// identities returns certificates of the Management Node and of node 1, by one authority.
func identities(t *testing.T) (management tls.Certificate, pool *x509.CertPool, node tls.Certificate) {
	t.Helper()
	certPEM, keyPEM, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	authority, err := pki.LoadAuthority(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(name string) tls.Certificate {
		request, key, err := pki.NewKey(name)
		if err != nil {
			t.Fatal(err)
		}
		issued, _, err := authority.Issue(request, name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(issued, key)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	return issue(pki.ManagementName), authority.Pool(), issue(pki.NodeName(1))
}

// tied connects node 1 to a bus, which gives it that snapshot, and returns the
// connection of the Management Node and what the node tells of itself.
func tied(t *testing.T, snapshot func() []byte, node Subject, log *slog.Logger) (*nats.Conn, chan bus.NodeStatus) {
	t.Helper()
	management, pool, certificate := identities(t)
	server, err := bus.Listen(bus.ServerConfig{
		Address: "127.0.0.1:0", Certificate: management, Authority: pool, Admit: func(int64, *x509.Certificate) error { return nil }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	statuses := make(chan bus.NodeStatus, 1000)
	if _, err := conn.Subscribe(bus.StatusSubject(1), func(m *nats.Msg) {
		var s bus.NodeStatus
		if err := json.Unmarshal(m.Data, &s); err != nil {
			t.Error(err)
		}
		statuses <- s
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Subscribe(bus.AskSubject(int64(1), bus.AskSnapshot), func(m *nats.Msg) { _ = m.Respond(snapshot()) }); err != nil {
		t.Fatal(err)
	}
	tie, err := Start(Config{
		Identity: &Identity{Node: 1, Bus: server.Addr().String(), Certificate: certificate, Authority: pool},
		DataDir:  t.TempDir(), Deployment: config.DefaultDeployment(), Node: node, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tie.Close)
	return conn, statuses
}

// A node that cannot take a version of the configuration says so, keeps the one
// that it has, and takes the next that it can.
func TestRejected(t *testing.T) {
	whole := config.DefaultDeployment()
	whole.Version = 1
	snapshot, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	node := &subject{versions: make(chan int64, 100)}
	conn, statuses := tied(t, func() []byte { return snapshot }, node, slog.New(slog.DiscardHandler))
	patience := time.After(30 * time.Second)
	reach := func(want int64) {
		t.Helper()
		for {
			select {
			case v := <-node.versions:
				if v == want {
					return
				}
			case <-patience:
				t.Fatalf("version %d never came", want)
			}
		}
	}
	told := func(what string, holds func(bus.NodeStatus) bool) {
		t.Helper()
		for {
			select {
			case s := <-statuses:
				if holds(s) {
					return
				}
			case <-patience:
				t.Fatalf("never told: %s", what)
			}
		}
	}
	publish := func(version int64, body string) {
		t.Helper()
		text, err := json.Marshal(bus.Delta{Previous: version - 1, Version: version, Changes: []bus.Change{{Kind: "conference", ID: 1, Body: json.RawMessage(body)}}})
		if err == nil {
			err = conn.Publish(bus.DeltaSubject, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reach(1)
	publish(2, `{"id": "one"}`)
	told("version 2 is rejected", func(s bus.NodeStatus) bool {
		return s.Rejected != nil && s.Rejected.Version == 2 && s.Rejected.Reason != "" && len(s.Certificates) == 1 && s.Certificates[0].Name == "bus"
	})
	publish(2, `{"id": 1, "name": "Board"}`)
	reach(2)
	told("nothing is rejected any more", func(s bus.NodeStatus) bool { return s.Rejected == nil })
}
