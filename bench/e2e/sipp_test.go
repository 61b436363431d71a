//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/bench/peer"
	"parley/node"
)

// scenario is one sipp scenario with how often it is run.
type scenario struct {
	name    string
	alias   string // "" = meet-sipp
	calls   int    // 0 = 3
	tcp     bool
	atOnce  int
	rate    int
	inspect func(t *testing.T, messages string)
}

var scenarios = []scenario{
	{name: "basic", calls: 10},
	{name: "basic", calls: 10, tcp: true},
	{name: "late_offer"},
	{name: "hold"},
	{name: "reinvite_without_offer"},
	{name: "update", calls: 30, rate: 30},
	{name: "unknown_alias", alias: "nobody"},
	{name: "no_codec"},
	{name: "bad_sdp"},
	{name: "session_timer"},
	{name: "info"},
	{name: "options"},
	{name: "options_unknown", alias: "nobody"},
	{name: "required_extension"},
	{name: "bye_unknown"},
	{name: "late_ack", calls: 1, inspect: repeats200},
	{name: "load", calls: 50, rate: 25, atOnce: 50},
}

// TestSIPp runs every scenario against one node and counts the calls that went
// as written.
func TestSIPp(t *testing.T) {
	ctx, n := open(t, func(c *node.Config) { c.Deployment.Global.MaxPixelsPerSecond = "sd" })
	for _, s := range scenarios {
		name := s.name
		if s.tcp {
			name += " over TCP"
		}
		t.Run(name, func(t *testing.T) { run(ctx, t, n, s) })
		if legs := participants(n); legs != 0 {
			waitFor(ctx, t, "all calls are gone after "+name, func() bool { return participants(n) == 0 })
		}
	}
}

func run(ctx context.Context, t *testing.T, n *node.Node, s scenario) {
	dir := folder(t)
	alias, calls, network := s.alias, s.calls, "udp"
	if alias == "" {
		alias = "meet-sipp"
	}
	if calls == 0 {
		calls = 3
	}
	if s.tcp {
		network = "tcp"
	}
	r, err := peer.RunSIPp(ctx, peer.SIPpConfig{
		Dir: dir, Scenario: filepath.Join("testdata", "sipp", s.name+".xml"), Target: n.SIPAddr(network).String(),
		Service: alias, Calls: calls, Rate: s.rate, Concurrent: s.atOnce, TCP: s.tcp, Timeout: 40 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	messages, _ := os.ReadFile(filepath.Join(dir, s.name+".messages"))
	if r.Successful != calls || r.Failed != 0 {
		t.Errorf("%d of %d calls good, %d failed\n%s\n%s", r.Successful, calls, r.Failed, r.Errors, cut(string(messages), 6000))
	}
	if s.inspect != nil {
		s.inspect(t, string(messages))
	}
}

// repeats200 checks that the 200 of the INVITE came more than once.
func repeats200(t *testing.T, messages string) {
	received := 0
	for _, m := range strings.Split(messages, "-----------------------------------------------")[1:] {
		if strings.Contains(m, "received") && regexp.MustCompile(`SIP/2\.0 200 OK`).MatchString(m) && strings.Contains(m, "1 INVITE") {
			received++
		}
	}
	if received < 2 {
		t.Errorf("the 200 came %d times in 1.3 s without an ACK", received)
	}
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + " ..."
	}
	return s
}

// participants counts those in all conferences.
func participants(n *node.Node) (count int) {
	for _, c := range n.Status().Conferences {
		count += len(c.Participants)
	}
	return count
}

// waitFor waits for a condition that nothing announces.
func waitFor(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}
