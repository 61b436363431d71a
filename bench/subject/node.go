package subject

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley/config"
	"parley/engine"
	"parley/node"
)

// Errors of this package.
var (
	// ErrNode: the node did not start, or ended.
	ErrNode = errors.New("subject: node")
	// ErrProcess: the process cannot be looked at.
	ErrProcess = errors.New("subject: process")
)

// NodeConfig says which node is started.
type NodeConfig struct {
	Binary       string              // path of parley
	OwnThumbnail config.OwnThumbnail // "" = the default
	MaxQuality   config.Quality      // "" = HD
	Layout       string              // "" = the default
	Limit        int                 // percent of the processors that it may use, 0 = it refuses nobody
	Log          io.Writer           // what it writes once it runs; nil = nobody reads it
}

// Node is a parley that serves, as a process of its own, on free ports of the
// loopback interface. Its rooms are meet and meet-<anything>.
type Node struct {
	process *exec.Cmd
	folder  string
	uri     string // what callers dial
	page    string // http://host:port/
	log     io.Writer
}

// startPatience is how long a node may take to start.
const startPatience = 20 * time.Second

// Start starts a node. Close ends it, and so does the end of ctx.
func Start(ctx context.Context, c NodeConfig) (*Node, error) {
	folder, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	n := &Node{folder: folder, log: c.Log}
	if n.log == nil {
		n.log = io.Discard
	}
	d := config.DefaultDeployment()
	d.Global.MaxPixelsPerSecond = string(cmp.Or(c.MaxQuality, config.HD))
	d.Global.OwnThumbnail = cmp.Or(string(c.OwnThumbnail), d.Global.OwnThumbnail)
	d.Global.HostView = cmp.Or(c.Layout, d.Global.HostView)
	file := filepath.Join(folder, "parley.yaml")
	err = errors.Join(node.SaveDeployment(folder, d), os.WriteFile(file, fmt.Appendf(nil, `sip: {udp: "127.0.0.1:0", tcp: ""}
http: {address: "127.0.0.1:0"}
log: {format: json}
capacity: {limit: %d} # PARLEY_CAPACITY_LIMIT changes it
data_dir: %q
`, c.Limit, folder), 0o600))
	if err != nil {
		n.Close()
		return nil, err
	}
	process := exec.CommandContext(ctx, c.Binary, "node", "--config", file)
	logs, err := process.StderrPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	n.process = process
	if err := n.awaitAddresses(logs); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// awaitAddresses reads from the node's log where it listens.
func (n *Node) awaitAddresses(logs io.Reader) error {
	type entry struct{ Msg, Dial, Page string }
	found, all := make(chan entry, 1), make(chan string, 1)
	go func() { // ends with the node
		var text strings.Builder
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			var e entry
			if json.Unmarshal(lines.Bytes(), &e) == nil && e.Dial != "" {
				found <- e
				_, _ = io.Copy(n.log, logs) // so that the node never waits for us
				return
			}
			fmt.Fprintln(&text, lines.Text())
		}
		all <- text.String()
	}()
	select {
	case e := <-found:
		n.uri, n.page = strings.Fields(e.Dial)[0], e.Page
		return nil
	case text := <-all:
		return fmt.Errorf("%w: it ended at once: %s", ErrNode, text)
	case <-time.After(startPatience):
		return fmt.Errorf("%w: it said nothing for %v", ErrNode, startPatience)
	}
}

// URI returns what to dial for the node's first room.
func (n *Node) URI() string { return n.uri }

// Room returns what to dial for a room of that number.
func (n *Node) Room(i int) string {
	user, host, _ := strings.Cut(n.uri, "@")
	return fmt.Sprintf("%s-%d@%s", user, i, host)
}

// Page returns where the node's page is, http://host:port/.
func (n *Node) Page() string { return n.page }

// PID returns its process.
func (n *Node) PID() int { return n.process.Process.Pid }

// Status asks the node what it does. The node answers from memory when it was
// asked within the last half second.
func (n *Node) Status(ctx context.Context) (engine.Status, error) {
	var s engine.Status
	body, err := get(ctx, n.page+"status")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("%w: status: %w", ErrNode, err)
	}
	return s, nil
}

// Metrics asks the node for its metrics.
func (n *Node) Metrics(ctx context.Context) (Metrics, error) {
	body, err := get(ctx, n.page+"metrics")
	if err != nil {
		return nil, err
	}
	return ParseMetrics(body), nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	defer reply.Body.Close()
	return io.ReadAll(reply.Body)
}

// Close ends the node and removes what it left.
func (n *Node) Close() {
	if n.process != nil && n.process.Process != nil {
		_ = n.process.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(10*time.Second, func() { _ = n.process.Process.Kill() })
		_ = n.process.Wait()
		timer.Stop()
	}
	_ = os.RemoveAll(n.folder)
}
