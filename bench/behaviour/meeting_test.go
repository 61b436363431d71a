//go:build cgo

package behaviour

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
	"parley/composer"
	"parley/config"
	"parley/engine/rtp"
	"parley/node"
)

// library encodes each clip once for all tests.
var library = sync.OnceValue(func() *clip.Library { return clip.NewLibrary(native.Codecs()) })

// meeting is a node with callers.
type meeting struct {
	t       *testing.T
	ctx     context.Context
	node    *node.Node
	callers []*caller.Caller
}

// patience is how long a condition may take; far more than it needs, since the
// machine may be slow.
const patience = 60 * time.Second

// open starts a node on free ports, and checks at the end of the test that
// nothing of it is left.
func open(t *testing.T, change func(*node.Config)) *meeting {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() && os.Getenv("PARLEY_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return openLogged(t, log, change)
}

// openLogged is open with a log for the node.
func openLogged(t *testing.T, log *slog.Logger, change func(*node.Config)) *meeting {
	t.Helper()
	library()
	goroutines, pictures, sockets := runtime.NumGoroutine(), codecs.PicturesLive(), rtp.TransportsOpen()
	c := node.Config{Config: config.Default(), Deployment: config.DefaultDeployment(), Codecs: native.Codecs(), Version: "test"}
	c.Config.Capacity.Limit = 0 // the callers take the same processors
	c.Config.SIP.UDP, c.Config.SIP.TCP, c.Config.HTTP.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Deployment.Global.OwnThumbnail, c.Deployment.Global.MaxPixelsPerSecond = "hidden", "fullhd"
	if change != nil {
		change(&c)
	}
	c.Log = log
	n, err := node.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	m := &meeting{t: t, ctx: ctx, node: n}
	t.Cleanup(func() {
		var closing sync.WaitGroup
		for _, c := range m.callers {
			closing.Go(c.Close)
		}
		closing.Wait()
		n.Close()
		cancel()
		if left := codecs.PicturesLive() - pictures; left != 0 {
			t.Errorf("%d pictures never given back\n%s", left, strings.Join(codecs.PictureHolders(), "\n\n"))
		}
		if left := rtp.TransportsOpen() - sockets; left != 0 {
			t.Errorf("%d pairs of sockets never closed", left)
		}
		settle(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	})
	return m
}

// settle waits for a condition that nothing announces.
func settle(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<18)
			t.Fatalf("never: %s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}

// uri is what one dials for the alias.
func (m *meeting) uri(alias string) string {
	return fmt.Sprintf("sip:%s@%v", alias, m.node.SIPAddr("udp"))
}

// spec is caller i: his colour, his tone, 360p both ways to be cheap.
func (m *meeting) spec(i int) caller.Config {
	c := caller.Config{
		URI: m.uri("meet"), Name: "Caller " + string(rune('A'+i)), Library: library(),
		Video: &clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 30, Bitrate: 300_000},
		Sound: &clip.SoundSpec{Kind: clip.Tone, Caller: i, Level: -26},
	}
	c.H264.Level = 30
	return c
}

// call adds a caller.
func (m *meeting) call(c caller.Config) *caller.Caller {
	m.t.Helper()
	got, err := caller.Dial(m.ctx, c)
	if err != nil {
		m.t.Fatalf("%s: %v", c.Name, err)
	}
	m.callers = append(m.callers, got)
	return got
}

// await waits until what a caller sees and hears fits.
func (m *meeting) await(c *caller.Caller, what string, holds func(*caller.Caller) bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.ctx, patience)
	defer cancel()
	if err := c.Await(ctx, holds); err != nil {
		m.t.Fatalf("never: %s (%v); he sees %q", what, err, faces(c))
	}
}

// faces tells who is in the cells of what a caller sees: the letter of a
// caller, '.' for black, '?' for anything else.
func faces(c *caller.Caller) string { return facesIn(c, composer.OneMainSevenPips) }

// facesIn is faces in the cells of that layout.
func facesIn(c *caller.Caller, name string) string {
	p := c.Picture()
	if p == nil {
		return ""
	}
	defer p.Release()
	return cellsIn(p, name)
}

func cells(p *codecs.Picture) string { return cellsIn(p, composer.OneMainSevenPips) }

func cellsIn(p *codecs.Picture, name string) string {
	layout, _ := composer.Find(name)
	var s strings.Builder
	for _, r := range layout.Resolve(p.Width, p.Height) {
		colour, _ := clip.CellColour(p, clip.Rect{X: r.X, Y: r.Y, W: r.W, H: r.H}.Backdrop())
		who, _ := clip.NearestCaller(colour)
		switch {
		case who >= 0:
			s.WriteByte(byte('A' + who))
		case colour.Y < 40:
			s.WriteByte('.')
		default:
			s.WriteByte('?')
		}
	}
	return s.String()
}
