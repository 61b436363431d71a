//go:build cgo

package behaviour

import (
	"log/slog"
	"testing"
	"time"

	"parley/config"
	"parley/node/managed"
)

// A node whose certificate nears its end gets a new one, keeps it, and is
// connected with it; the old one is worth nothing from then on.
func TestCertificateIsRenewed(t *testing.T) {
	d := manage(t, t.TempDir(), "127.0.0.1:0")
	defer d.end()
	id := d.newNode("oslo-1")
	expires := id.Certificate.Leaf.NotAfter
	follow := func(now time.Time) *managed.Managed {
		t.Helper()
		tie, err := managed.Start(managed.Config{
			Identity: id, DataDir: d.nodeDir("oslo-1"), Deployment: config.DefaultDeployment(), Node: &follower{version: make(chan int64, 1000)},
			Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		return tie
	}
	node := func() map[string]any { return d.list(configurationAPI + "worker_vm/")[0] }
	before := node()["certificate_serial"]
	connected := func() bool { return d.list(statusAPI + "worker_vm/")[0]["is_connected"] == true }

	early := follow(expires.AddDate(-1, 0, 0))
	d.settle("the node is connected", connected)
	early.Close()
	if node()["certificate_serial"] != before {
		t.Error("a certificate with half its time left was renewed")
	}

	late := follow(expires.AddDate(0, -7, 0))
	d.settle("the node shows a new certificate", func() bool {
		return node()["certificate_serial"] != before && node()["next_certificate_serial"] == ""
	})
	late.Close()
	kept, err := managed.Load(d.nodeDir("oslo-1"))
	if err != nil {
		t.Fatal(err)
	}
	if kept.Certificate.Leaf.SerialNumber.Text(16) != node()["certificate_serial"] {
		t.Error("the new certificate is not on disk")
	}
	if d.connects(*id) {
		t.Error("the old certificate is let in")
	}
	if !d.connects(*kept) {
		t.Error("the new certificate is not let in")
	}
}
