package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
	"parley/config"
	"parley/signaling/sdp"
)

// demoCommand is `parley demo`.
type demoCommand struct {
	Callers  int           `short:"n" default:"9" help:"How many callers to make, 1 to 16."`
	Duration time.Duration `short:"d" help:"End after this time. Without it: at Ctrl-C."`
	Record   string        `short:"r" placeholder:"FILE.mp4" help:"Record what one caller sees and hears."`
	Size     string        `default:"640x360" help:"Size of the pictures that the callers send."`
	Turn     time.Duration `default:"6s" help:"How long each talks."`
	Verbose  bool          `short:"v" help:"Log what the node does."`
}

// Help is the longer text of --help.
func (*demoCommand) Help() string {
	return `The callers look and sound different and talk in turns, so that you see the
picture follow the speaker. Dial in with any SIP phone to be the one more.

Examples:

  parley demo                               until Ctrl-C
  parley demo --callers 3 --size 1280x720   few, but large
  parley demo -d 30s -r demo.mp4            half a minute, recorded`
}

// demoName is the conference of the demonstration.
const demoName = "demo"

// people are the names of those in a demonstration.
var people = [clip.Callers]string{
	"Ada", "Blaise", "Chandra", "Dorothy", "Emmy", "Fatima", "Grace", "Hedy", "Ibn", "Joan", "Katherine", "Leonhard", "Maryam", "Noor", "Olga", "Paul",
}

// Run implements the command.
func (c *demoCommand) Run(ctx context.Context, o *output) (err error) {
	if c.Callers < 1 || c.Callers > len(people) {
		return &usageError{fmt.Sprintf("--callers %d: 1 to %d can be told apart", c.Callers, len(people))}
	}
	if c.Turn < time.Second {
		return &usageError{fmt.Sprintf("--turn %v is too short to be seen; take 2s or more", c.Turn)}
	}
	if _, _, err := parseSize(c.Size); err != nil {
		return err
	}
	if c.Record != "" {
		if err := writable(c.Record); err != nil {
			return err
		}
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	level := config.LevelError
	if c.Verbose {
		level = config.LevelInfo
	}
	log := newLog(o.progress, config.Log{Level: level, Format: config.FormatText})
	if cfg.DataDir, err = os.MkdirTemp("", "parley-demo-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cfg.DataDir)) }()
	m, err := startManagement(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer m.Close()
	password, err := c.configure(ctx, m)
	if err != nil {
		return fmt.Errorf("configuring the demo: %w", err)
	}
	if err := m.joinOwn(ctx, cfg.DataDir); err != nil {
		return err
	}
	n, err := startManaged(cfg, log)
	if err != nil {
		return err
	}
	if err := configured(ctx, n, m.Deployment().Version); err != nil {
		return err
	}
	defer func() {
		n.Close()
		if err == nil && c.Record != "" {
			fmt.Fprintln(o.out, "recorded in", c.Record)
		}
	}()
	address := sipAddress(n.Node).Unmap()
	if address.IsUnspecified() {
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	uri := n.Dial(hostText(address))[0] // the conference's first alias
	calls, err := c.dial(ctx, o, uri, address)
	defer hangUp(calls, o)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return explainCall(err, uri)
	}
	fmt.Fprintf(o.out, `
A conference of %d is running.

  dial in     %s
  look at it  %s
  or          parley call '%s' -d 10s -r call.mp4
  rooms       %s (sign in as admin, %s)

Ctrl-C ends it.
`, c.Callers, dialled(n.Node)[0], pageURL(n.HTTPAddr()), uri, m.URL(), password)
	err = c.turns(ctx, o, calls)
	fmt.Fprintln(o.progress, "ending the calls")
	return err
}

// config returns that of the process: the defaults and the environment, on
// other ports where the usual ones are taken.
func (c *demoCommand) config() (config.Config, error) {
	cfg, err := config.Load("", os.Environ())
	if err != nil {
		return config.Config{}, err
	}
	cfg.Capacity.Limit = 0 // the callers take the same processors
	cfg.Management.Database = ""
	if cfg.SIP.UDP == cfg.SIP.TCP {
		free, err := freeAddress(cfg.SIP.UDP, "udp", "tcp")
		if err != nil {
			return config.Config{}, err
		}
		cfg.SIP.UDP, cfg.SIP.TCP = free, free
	}
	for _, address := range []*string{&cfg.HTTP.Address, &cfg.Management.Address, &cfg.Management.Bus} {
		if *address, err = freeAddress(*address, "tcp"); err != nil {
			return config.Config{}, err
		}
	}
	return cfg, nil
}

// configure makes the administrator and the room as anybody would, by the REST
// API, and returns the administrator's password.
func (c *demoCommand) configure(ctx context.Context, m *management) (password string, err error) {
	password = strings.ToLower(rand.Text()[:12])
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, // our own, made a moment ago
	}}
	defer client.CloseIdleConnections()
	for _, request := range []struct{ path, body string }{
		{"api/setup/", fmt.Sprintf(`{"token": %q, "password": %q}`, m.SetupToken(), password)},
		{"api/admin/configuration/v1/conference/", fmt.Sprintf(`{"name": %q, "aliases": [{"alias": %q}, {"alias": "meet"}]}`, demoName, demoName)},
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL()+request.path, strings.NewReader(request.body))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("admin", password)
		answer, err := client.Do(r)
		if err != nil {
			return "", err
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			return "", fmt.Errorf("%s: %s %s", request.path, answer.Status, text)
		}
	}
	return password, nil
}

// configured waits until the node has that version of the configuration.
func configured(ctx context.Context, n *managedNode, version int64) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n.Configured() < version {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the node did not get its configuration: %w", ctx.Err())
		}
	}
	return nil
}

// freeAddress returns the first address from the given one up, by port, that
// nobody listens on.
func freeAddress(address string, networks ...string) (string, error) {
	if address == "" {
		return "", nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	start, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return "", err
	}
	for port := start.Port; port < start.Port+20; port++ {
		try := net.JoinHostPort(host, fmt.Sprint(port))
		free := true
		for _, network := range networks {
			free = free && isFree(network, try)
		}
		if free {
			return try, nil
		}
	}
	return "", fmt.Errorf("the ports %d to %d are all taken; give another one in PARLEY_SIP_UDP and PARLEY_SIP_TCP, or PARLEY_HTTP_ADDRESS", start.Port, start.Port+19)
}

func isFree(network, address string) bool {
	if network == "udp" {
		conn, err := net.ListenPacket(network, address)
		return err == nil && conn.Close() == nil
	}
	listener, err := net.Listen(network, address)
	return err == nil && listener.Close() == nil
}

// dial makes all callers call. It returns those that are in also when one
// could not get in.
func (c *demoCommand) dial(ctx context.Context, o *output, uri string, address netip.Addr) ([]*caller.Caller, error) {
	fmt.Fprintf(o.progress, "making pictures and voices of %d callers\n", c.Callers)
	library := clip.NewLibrary(native.Codecs())
	calls := make([]*caller.Caller, c.Callers)
	joined := make(chan string)
	group, dialing := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		n := 0
		for name := range joined {
			n++
			fmt.Fprintf(o.progress, "  %d of %d: %s is in\n", n, c.Callers, name)
		}
	}()
	for i := range calls {
		group.Go(func() error {
			call, err := caller.Dial(dialing, c.caller(i, library, uri, address))
			if err != nil {
				return err
			}
			calls[i] = call
			joined <- people[i]
			return nil
		})
	}
	err := group.Wait()
	close(joined)
	<-counted
	return calls, err
}

// caller returns the i-th caller. One of them is sent what a person would be;
// the others ask for little, so that a small machine holds them all.
func (c *demoCommand) caller(i int, library *clip.Library, uri string, address netip.Addr) caller.Config {
	width, height, err := parseSize(c.Size)
	if err != nil {
		width, height = 640, 360 // cannot be: Run looked at it
	}
	cfg := caller.Config{
		URI: uri, Name: people[i], UserAgent: "Parley-demo/" + version, Library: library, Address: address,
		Video: &clip.VideoSpec{
			Caller: i, Style: clip.Person, Name: people[i], Width: width, Height: height, Profile: codecs.ConstrainedBaseline,
		},
		Sound:  &clip.SoundSpec{Kind: clip.Speech, Caller: i},
		Decode: caller.DecodeNone,
		H264:   sdp.H264Local{Level: 13}, MaxBitrate: 384_000,
	}
	if i == 0 {
		cfg.H264, cfg.MaxBitrate = sdp.H264Local{Level: 31}, 0
		if c.Record != "" {
			cfg.Record, cfg.Decode = c.Record, caller.DecodeKeys // the file begins with a picture that was looked at
		}
	}
	return cfg
}

// turns lets one after the other talk until the time is over.
func (c *demoCommand) turns(ctx context.Context, o *output, calls []*caller.Caller) error {
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	turn := time.NewTicker(c.Turn)
	defer turn.Stop()
	for now := 0; ; now = next(now, len(calls)) {
		fmt.Fprintf(o.progress, "%s talks\n", people[now])
		calls[now].Talk(true)
		select {
		case <-turn.C:
		case <-calls[now].Done():
			return errors.New("the node ended a call; with --verbose it says why")
		case <-ctx.Done():
			return nil
		}
		calls[now].Talk(false)
	}
}

// next returns who talks after now: anybody else, as in life.
func next(now, callers int) int {
	if callers == 1 {
		return 0
	}
	return (now + 1 + mathrand.IntN(callers-1)) % callers
}

// hangUp ends all calls at the same time.
func hangUp(calls []*caller.Caller, o *output) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var group errgroup.Group
	for _, call := range calls {
		if call != nil {
			group.Go(func() error { return call.Hangup(ctx) })
		}
	}
	if err := group.Wait(); err != nil {
		fmt.Fprintln(o.progress, "hanging up:", err)
	}
}
