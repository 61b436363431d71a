//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

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

// patience bounds a whole test.
const patience = 2 * time.Minute

// open starts a node on free ports of 127.0.0.1, and checks at the end of the
// test that nothing of it is left.
func open(t *testing.T, change func(*node.Config)) (context.Context, *node.Node) {
	t.Helper()
	pictures, sockets := codecs.PicturesLive(), rtp.TransportsOpen()
	c := node.Config{Config: config.Default(), Deployment: config.DefaultDeployment(), Codecs: native.Codecs(), Version: "test"}
	c.Config.Capacity.Limit = 0 // the callers take the same processors
	c.Config.SIP.UDP, c.Config.SIP.TCP, c.Config.HTTP.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Deployment.Global.OwnThumbnail, c.Deployment.Global.MaxPixelsPerSecond = "hidden", "fullhd"
	if change != nil {
		change(&c)
	}
	out := io.Discard
	if os.Getenv("PARLEY_TEST_LOG") != "" {
		out = os.Stderr
	}
	c.Log = slog.New(slog.NewTextHandler(out, nil))
	n, err := node.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(func() {
		n.Close()
		cancel()
		if left := codecs.PicturesLive() - pictures; left != 0 {
			t.Errorf("%d pictures never given back", left)
		}
		if left := rtp.TransportsOpen() - sockets; left != 0 {
			t.Errorf("%d pairs of sockets never closed", left)
		}
	})
	return ctx, n
}

// uri is what one dials for the alias.
func uri(n *node.Node, alias string) string {
	return fmt.Sprintf("sip:%s@%v", alias, n.SIPAddr("udp"))
}

// folder returns a folder with a short name, as some programs need.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("PARLEY_TEST_KEEP") != "" {
			t.Logf("kept %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	return dir
}

// cells tells who is in the cells of a picture of the default layout: the
// letter of a caller, '.' for black, '?' for anything else.
func cells(p *codecs.Picture) string {
	layout, _ := composer.Find(composer.OneMainSevenPips)
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
