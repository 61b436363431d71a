//go:build cgo

package load

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/native"
	"parley/config"
	"parley/node"
)

// openNode starts a node on free ports.
func openNode(t *testing.T) *node.Node {
	t.Helper()
	c := config.Default()
	c.Capacity.Limit = 0 // the callers take the same processors
	c.SIP.UDP, c.SIP.TCP, c.HTTP.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	d := config.DefaultDeployment()
	d.Global.OwnThumbnail, d.Global.MaxPixelsPerSecond = "hidden", "fullhd"
	n, err := node.New(node.Config{Config: c, Deployment: d, Codecs: native.Codecs(), Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// settle waits for a condition that nothing announces.
func settle(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// small is a load that costs little.
func small(uris ...string) Plan {
	return Plan{
		URIs: uris, Width: 320, Height: 180, Bitrate: 200_000, Looks: 2, Level: 30, MaxBitrate: 500_000, Probes: 1,
		Turn: time.Second, Seed: 1,
	}
}

// Two conferences: everybody is sent pictures, the probes read numbers and hear
// beeps, one leaves, and nothing is left at the end.
func TestGenerator(t *testing.T) {
	n := openNode(t)
	goroutines, pictures := runtime.NumGoroutine(), codecs.PicturesLive()
	uri := func(i int) string { return fmt.Sprintf("sip:meet-%d@%v", i, n.SIPAddr("udp")) }
	g, err := New(small(uri(0), uri(1)), native.Codecs(), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for i, callers := range []int{3, 2} {
		if err := g.Join(t.Context(), i, callers); err != nil {
			t.Fatal(err)
		}
	}
	var all Findings
	settle(t, "pictures, delays of pictures and sound, lip-sync", func() bool {
		s := g.Snapshot()
		if len(s.Receivers) != 5 || len(s.Findings) != 2 {
			t.Fatalf("%d receivers and %d probes", len(s.Receivers), len(s.Findings))
		}
		for _, f := range s.Findings {
			all.Delay = append(all.Delay, f.Delay...)
			all.Sound = append(all.Sound, f.Sound...)
			all.LipSync = append(all.LipSync, f.LipSync...)
			all.Pictures += f.Pictures
			all.Unread += f.Unread
		}
		for _, r := range s.Receivers {
			if r.Over {
				t.Fatalf("%s: the call ended", r.Name)
			}
			if r.Frames < 10 || r.AudioPackets < 10 || r.FirstWhole == 0 || r.Sent == 0 {
				return false
			}
		}
		return len(all.Delay) > 20 && len(all.Sound) > 0 && len(all.LipSync) > 0
	})
	t.Logf("delay %.1f ms (p50), sound %.1f, lip-sync %.1f; %d read, %d not", 1000*Quantile(all.Delay, 0.5),
		1000*Quantile(all.Sound, 0.5), 1000*Quantile(all.LipSync, 0.5), all.Pictures, all.Unread)
	if all.Unread > all.Pictures {
		t.Errorf("%d numbers read, %d not", all.Pictures, all.Unread)
	}
	for _, c := range g.callers {
		c.pump.do(func() {
			if c.streams[audio].sending.levelID == 0 {
				t.Errorf("%s tells no audio levels", c.name)
			}
		})
	}
	if err := g.Leave(t.Context(), 0, 1); err != nil {
		t.Error(err)
	}
	if err := g.Leave(t.Context(), 0, 1); err == nil {
		t.Error("left twice")
	}
	has := func() bool {
		return slices.ContainsFunc(g.Snapshot().Receivers, func(r Receiver) bool { return r.Conference == 0 && r.Index == 1 })
	}
	if has() {
		t.Error("he is still there")
	}
	if err := g.Join(t.Context(), 0, 1); err != nil {
		t.Error(err)
	}
	if !has() {
		t.Error("nobody took his place")
	}
	g.Close()
	n.Close()
	if left := codecs.PicturesLive() - pictures; left != 0 {
		t.Errorf("%d pictures never given back", left)
	}
	settle(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
}
