//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/bench/peer"
	"parley/codecs"
)

// script is deployment.sh with its surroundings.
type script struct {
	t    *testing.T
	ctx  context.Context
	env  []string
	port int
}

// newScript builds the program that the script runs.
func newScript(ctx context.Context, t *testing.T) *script {
	t.Helper()
	program := filepath.Join(t.TempDir(), "parley")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "parley/cmd/parley").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := &script{t: t, ctx: ctx, port: freePorts(t, 4)}
	s.env = []string{"PARLEY=" + program, "WORK=" + folder(t), fmt.Sprint("PORT=", s.port)}
	return s
}

// start starts the deployment, which ends with the test.
func (s *script) start() {
	s.t.Helper()
	s.run("start")
	s.t.Cleanup(func() {
		c := exec.Command("./deployment.sh", "stop") //nolint:noctx // ctx is over
		c.Env = append(os.Environ(), s.env...)
		if out, err := c.CombinedOutput(); err != nil {
			s.t.Errorf("stop: %v\n%s", err, out)
		}
	})
}

// baresip returns a phone that sends the tone and the picture of caller i.
func baresip(ctx context.Context, t *testing.T, i int, name string) *peer.Baresip {
	t.Helper()
	b, err := peer.NewBaresip(ctx, peer.PhoneConfig{
		Dir: folder(t), Name: name, Library: library(), Tone: clip.ToneOf(i),
		Picture: clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 15, Bitrate: 300_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// run runs the script and returns what it printed.
func (s *script) run(arguments ...string) string {
	s.t.Helper()
	c := exec.CommandContext(s.ctx, "./deployment.sh", arguments...)
	c.Env = append(os.Environ(), s.env...)
	out, err := c.Output()
	if err != nil {
		detail := ""
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // it is not wrapped
			detail = string(exit.Stderr)
		}
		s.t.Fatalf("deployment.sh %s: %v\n%s%s", strings.Join(arguments, " "), err, out, detail)
	}
	return string(out)
}

// list returns the objects of a list of the API.
func (s *script) list(path string) []map[string]any {
	s.t.Helper()
	var answer struct{ Objects []map[string]any }
	if text := s.run("get", path); json.Unmarshal([]byte(text), &answer) != nil {
		s.t.Fatalf("%s: %s", path, text)
	}
	return answer.Objects
}

// await waits until the API tells what is wanted.
func (s *script) await(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.t.Fatalf("never: %s", what)
		}
	}
}

// freePorts returns the first of so many ports that nobody listens on.
func freePorts(t *testing.T, n int) int {
	t.Helper()
search:
	for first := 18000; first < 19000; first += n {
		for port := first; port < first+n; port++ {
			tcp, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				continue search
			}
			tcp.Close()
			udp, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				continue search
			}
			udp.Close()
		}
		return first
	}
	t.Fatal("no free ports")
	return 0
}

// From nothing, by curl in a script: a location, a node as a process of its own, a
// room; baresip dials it at once, is seen in the status, muted, locked, shown
// otherwise and disconnected, and is in the history, also when the Management
// Node was killed in between.
func TestDeploymentByScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := newScript(ctx, t)
	a, b := baresip(ctx, t, 0, "Ada"), baresip(ctx, t, 1, "Blaise")
	s.start()
	room := fmt.Sprintf("sip:board@127.0.0.1:%d", s.port+2)
	begun := time.Now()
	if err := a.Dial(ctx, room); err != nil {
		t.Fatalf("%v\n%s", err, a.Output())
	}
	t.Logf("baresip is in %v after the last request", time.Since(begun).Round(time.Millisecond))
	if err := b.Dial(ctx, room); err != nil {
		t.Fatalf("%v\n%s", err, b.Output())
	}

	const status, history = "/api/admin/status/v1/", "/api/admin/history/v1/"
	var ada, board string
	s.await("the status has both, with codecs and rates", func() bool {
		people := s.list(status + "participant/?conference=Board")
		if len(people) != 2 {
			return false
		}
		for _, p := range people {
			streams := s.list(status + "participant/" + p["id"].(string) + "/media_stream/")
			if len(streams) != 2 || streams[1]["rx_codec"] != "H264" || streams[1]["rx_bitrate"].(float64) == 0 || streams[1]["tx_bitrate"].(float64) == 0 ||
				p["media_node"] != "oslo-1" || p["system_location"] != "Oslo" || !strings.Contains(p["vendor"].(string), "baresip") {
				return false
			}
			if p["display_name"] == "Ada" {
				ada = p["id"].(string)
			}
		}
		board = s.list(status + "conference/")[0]["id"].(string)
		return ada != ""
	})
	sees := func(what string, holds func(*codecs.Picture) bool) {
		t.Helper()
		s.await(what, func() bool {
			p, err := b.Picture(ctx)
			if err != nil {
				return false
			}
			defer p.Release()
			return holds(p)
		})
	}
	sees("a picture", func(p *codecs.Picture) bool { return p.Width > 0 })
	s.run("command", "participant/mute", fmt.Sprintf(`{"participant_id": %q}`, ada))
	s.await("Ada is muted", func() bool { return s.list(status + "participant/?display_name=Ada")[0]["is_muted"] == true })
	s.run("command", "conference/lock", fmt.Sprintf(`{"conference_id": %q}`, board))
	late := baresip(ctx, t, 2, "Late")
	if _, err := late.Command(ctx, "dial", room); err != nil {
		t.Fatal(err)
	}
	if e, err := late.AwaitEvent(ctx, "CALL_CLOSED"); err != nil || !strings.Contains(e.Param, "486") {
		t.Errorf("a newcomer to a locked conference: %+v, %v", e, err)
	}
	s.run("command", "conference/transform_layout", fmt.Sprintf(`{"conference_id": %q, "layout": "four_by_four_speaker"}`, board))
	s.await("the layout is another", func() bool { return s.list(status + "conference/")[0]["layout"] == "four_by_four_speaker" })

	// The Management Node is killed in the middle; the calls go on, and one ends.
	s.run("kill")
	if err := b.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	s.run("again")
	s.await("the status has Ada alone", func() bool {
		people := s.list(status + "participant/")
		return len(people) == 1 && people[0]["display_name"] == "Ada"
	})
	s.run("command", "participant/disconnect", fmt.Sprintf(`{"participant_id": %q}`, ada))
	if _, err := a.AwaitEvent(ctx, "CALL_CLOSED"); err != nil {
		t.Error(err)
	}
	s.await("the history has both, in order", func() bool {
		people := s.list(history + "participant/?order_by=end_time")
		return len(people) == 2 && people[0]["display_name"] == "Blaise" && people[1]["display_name"] == "Ada"
	})
	s.await("and the conference", func() bool { return len(s.list(history+"conference/?name=Board")) == 1 })
}
