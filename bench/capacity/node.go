package capacity

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley/engine"
)

// node is a parley that serves, as a process of its own.
type node struct {
	process *exec.Cmd
	folder  string
	uri     string // what callers dial
	page    string // http://host:port/
}

// startPatience is how long a node may take to start.
const startPatience = 20 * time.Second

// startNode starts it on free ports of the loopback interface.
func startNode(ctx context.Context, o Options) (*node, error) {
	folder, err := os.MkdirTemp("", "parley-capacity-")
	if err != nil {
		return nil, err
	}
	n := &node{folder: folder}
	file := filepath.Join(folder, "parley.yaml")
	text := fmt.Sprintf(`sip: {udp: "127.0.0.1:0", tcp: ""}
http: {address: "127.0.0.1:0"}
log: {format: json}
own_thumbnail: %s
max_quality: hd
`, o.OwnThumbnail)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		n.close()
		return nil, err
	}
	process := exec.CommandContext(ctx, o.Binary, "serve", "--config", file)
	logs, err := process.StderrPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	n.process = process
	if err := n.awaitAddresses(logs); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// awaitAddresses reads from the node's log where it listens.
func (n *node) awaitAddresses(logs io.Reader) error {
	type entry struct{ Msg, Dial, Page string }
	found, all := make(chan entry, 1), make(chan string, 1)
	go func() { // ends with the node
		var text strings.Builder
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			var e entry
			if json.Unmarshal(lines.Bytes(), &e) == nil && e.Dial != "" {
				found <- e
				_, _ = io.Copy(io.Discard, logs) // so that the node never waits for us
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

// status asks the node what it does. The node answers from memory when it was
// asked within the last half second.
func (n *node) status(ctx context.Context) (engine.Status, error) {
	var s engine.Status
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.page+"status", http.NoBody)
	if err != nil {
		return s, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrNode, err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("%w: status: %w", ErrNode, err)
	}
	return s, nil
}

// close ends the node and removes what it left.
func (n *node) close() {
	if n.process != nil && n.process.Process != nil {
		_ = n.process.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(10*time.Second, func() { _ = n.process.Process.Kill() })
		_ = n.process.Wait()
		timer.Stop()
	}
	_ = os.RemoveAll(n.folder)
}
