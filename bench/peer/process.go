// Package peer starts other people's programs for tests: phones, SIP load
// makers, capture and media tools, as Debian packages them. Each is started
// with a configuration of its own in a temporary folder, driven by its own
// means, and ended by its process id. A program that is missing is an error,
// not a reason to skip.
package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrMissing says that the program is not installed.
var ErrMissing = errors.New("peer: program not installed (make e2e installs it)")

// ErrEnded says that the program ended while something was expected of it.
var ErrEnded = errors.New("peer: program ended")

// find returns the path of a program.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, ErrMissing)
	}
	return path, nil
}

// Process is a program that runs. Its methods may be called from any goroutine.
type Process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{} // closed when it has ended and all its output is read
	err   error         // of Wait, valid after done
	once  sync.Once

	mu      sync.Mutex
	lines   []string      // guarded by mu: what it wrote, both streams
	dropped int           // guarded by mu: lines before these
	changed chan struct{} // guarded by mu: closed at the next line
}

// keptLines bounds what is kept of a program's output; the oldest go first.
const keptLines = 20000

// start runs a program in a folder with more environment.
func start(dir string, env []string, name string, args ...string) (*Process, error) {
	path, err := find(name)
	if err != nil {
		return nil, err
	}
	p := &Process{name: name, cmd: exec.Command(path, args...), done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	// A group of its own: an interrupt at the terminal ends the tests, and they end it.
	// If they die first, so does it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	started := make(chan error)
	go func() {
		// The kernel takes the end of the thread that started it for the end of
		// its parent: keep that thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		w.Close()
		started <- err
		if err == nil {
			p.attend(out)
		}
	}()
	if err := <-started; err != nil {
		out.Close()
		return nil, fmt.Errorf("peer: %s: %w", name, err)
	}
	return p, nil
}

// attend reads its output until it ends.
func (p *Process) attend(out *os.File) {
	var reading sync.WaitGroup
	reading.Go(func() { p.read(out) })
	p.err = p.cmd.Wait()
	// A child of its own may hold the pipe open for longer than it lives.
	timer := time.AfterFunc(time.Second, func() { out.Close() })
	reading.Wait()
	timer.Stop()
	out.Close()
	close(p.done)
}

// read splits the output at line feeds and carriage returns.
func (p *Process) read(r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 4<<20)
	s.Split(func(data []byte, end bool) (int, []byte, error) {
		for i, c := range data {
			if c == '\n' || c == '\r' {
				return i + 1, data[:i], nil
			}
		}
		if end && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for s.Scan() {
		p.mu.Lock()
		if len(p.lines) >= keptLines {
			p.lines = append([]string(nil), p.lines[keptLines/2:]...)
			p.dropped += keptLines / 2
		}
		p.lines = append(p.lines, s.Text())
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
}

// Output returns everything that it wrote so far.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// Await waits for a line that matches, written before or after, and returns
// the match and its groups.
func (p *Process) Await(ctx context.Context, pattern string) ([]string, error) {
	return p.awaitFrom(ctx, 0, pattern)
}

// written returns how many lines it wrote so far.
func (p *Process) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped + len(p.lines)
}

// awaitFrom is Await without the first lines.
func (p *Process) awaitFrom(ctx context.Context, seen int, pattern string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	for ended := false; ; {
		p.mu.Lock()
		lines, dropped, changed := p.lines, p.dropped, p.changed
		p.mu.Unlock()
		for seen = max(seen, dropped); seen < dropped+len(lines); seen++ {
			if m := re.FindStringSubmatch(lines[seen-dropped]); m != nil {
				return m, nil
			}
		}
		if ended {
			return nil, fmt.Errorf("%s, waiting for %q: %w: %w", p.name, pattern, ErrEnded, p.err)
		}
		select {
		case <-changed:
		case <-p.done:
			ended = true
		case <-ctx.Done():
			return nil, fmt.Errorf("%s, waiting for %q: %w", p.name, pattern, ctx.Err())
		}
	}
}

// write gives it a line of input.
func (p *Process) write(line string) error {
	_, err := io.WriteString(p.stdin, line+"\n")
	return err
}

// Done is closed when it has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// wait waits for its end and returns its error.
func (p *Process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("peer: %s: %w", p.name, ctx.Err())
	}
}

// grace is how long a program may take to end when asked to.
const grace = 3 * time.Second

// end asks it to end by the signal, kills it after a while, and waits.
func (p *Process) end(signal os.Signal) {
	p.once.Do(func() {
		p.stdin.Close()
		_ = p.cmd.Process.Signal(signal) // it may have ended by itself
		select {
		case <-p.done:
		case <-time.After(grace):
			p.cmd.Process.Kill()
		}
	})
	<-p.done
}

// Close ends it and waits. A second Close does nothing.
func (p *Process) Close() { p.end(syscall.SIGTERM) }

// freePort returns a UDP and TCP port of 127.0.0.1 that is free at the moment,
// even, with the given count of free ones following it.
func freePort(following int) (int, error) {
	for range 200 {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return 0, err
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		c.Close()
		if port&1 == 0 && allFree(port, following) {
			return port, nil
		}
	}
	return 0, errors.New("peer: no free ports")
}

func allFree(port, following int) bool {
	for i := port; i <= port+following; i++ {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: i})
		if err != nil {
			return false
		}
		c.Close()
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: i})
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// poll tries until it succeeds or ctx ends: for what other programs do without
// telling, such as writing a file.
func poll(ctx context.Context, try func() error) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}
