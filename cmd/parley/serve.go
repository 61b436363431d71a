package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"

	"parley/codecs/native"
	"parley/composer"
	"parley/config"
	"parley/node"
	"parley/node/journal"
	"parley/node/managed"
)

// fileFlags are those of commands that read a configuration file.
type fileFlags struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration of the process, YAML. Without it: the defaults."`
}

// load reads the configuration, with the folder for what outlives the program.
func (f *fileFlags) load() (config.Config, error) {
	cfg, err := config.Load(f.Config, os.Environ())
	cfg.DataDir = cmp.Or(cfg.DataDir, "parley-data")
	return cfg, err
}

// serveCommand is `parley serve`.
type serveCommand struct {
	fileFlags
	Check   bool `help:"Check the configuration and end."`
	Example bool `help:"Write a configuration with every key, its default and its documentation."`
}

// Help is the longer text of --help.
func (*serveCommand) Help() string {
	return `Everything in one process: a Management Node, where rooms are configured, by its
pages or by REST, and a Conferencing Node, where calls arrive. sip:meet@<this host> and
sip:meet-<anything>@<this host> open rooms from the start.

Examples:

  parley serve                            calls on port 5060, admin pages and REST API on 8443, page of the node on 8080
  parley serve --example > parley.yaml    a file to change
  parley serve -c parley.yaml --check     is it right?
  parley serve -c parley.yaml
  PARLEY_SIP_UDP=:5070 parley serve       every key has a variable, too`
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, o *output) error {
	if c.Example {
		_, err := o.out.Write(config.Example())
		return err
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.Check {
		fmt.Fprintln(o.out, "the configuration is right")
		return nil
	}
	log := newLog(o.progress, cfg.Log)
	m, err := startManagement(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer m.Close()
	if !managed.Joined(cfg.DataDir) {
		if err := m.joinOwn(ctx, cfg.DataDir); err != nil {
			return err
		}
	}
	n, err := startManaged(cfg, log)
	if err != nil {
		return err
	}
	defer n.Close()
	log.Info("parley serves", "version", version, "dial", strings.Join(dialled(n.Node), " "), "page", pageURL(n.HTTPAddr()), "admin", m.URL())
	m.invite()
	<-ctx.Done()
	log.Info("ending calls")
	return nil
}

// startNode starts a node with the native codecs.
func startNode(cfg config.Config, d config.Deployment, j *journal.Journal, log *slog.Logger) (*node.Node, error) {
	tuneMemory()
	n, err := node.New(node.Config{Config: cfg, Deployment: d, Journal: j, Codecs: native.Codecs(), Log: log, Version: version})
	if err != nil {
		return nil, explain(err)
	}
	return n, nil
}

// tuneMemory lets garbage wait longer: a node makes little of it, and each
// collection takes a share of all cores from the codecs. GOGC still decides.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// explain adds the next step to errors that newcomers meet.
func explain(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "address already in use"):
		return fmt.Errorf("%w\nAnother program has this port. Find it with: ss -lntup\nor take another, such as: PARLEY_SIP_UDP=:5070 PARLEY_SIP_TCP=:5070 PARLEY_HTTP_ADDRESS=:8090 PARLEY_MANAGEMENT_ADDRESS=:8453 parley serve", err)
	case strings.Contains(text, "permission denied"):
		return fmt.Errorf("%w\nPorts below 1024 need the right CAP_NET_BIND_SERVICE; ports above do not", err)
	case strings.Contains(text, "cannot assign requested address"):
		return fmt.Errorf("%w\nThis machine does not have that address; the ones it has are shown by: ip address", err)
	}
	return err
}

func newLog(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.Level)) != nil {
		level = slog.LevelInfo // cannot be: the configuration was checked
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == config.FormatJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func layoutNames() []string {
	var names []string
	for _, l := range composer.Layouts() {
		names = append(names, l.Name)
	}
	return names
}

// sipAddress returns where a node listens for what it tells callers to dial.
func sipAddress(n *node.Node) netip.Addr {
	for _, network := range []string{"udp", "tcp", "tls"} {
		if at := n.SIPAddr(network).Addr(); at.IsValid() {
			return at
		}
	}
	return netip.Addr{}
}

// dialled returns what a caller may dial.
func dialled(n *node.Node) []string { return n.Dial(hostText(reachable(sipAddress(n)))) }

// hostText returns an address as the host of a URI.
func hostText(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func pageURL(at netip.AddrPort) string {
	if !at.IsValid() {
		return ""
	}
	return "http://" + netip.AddrPortFrom(reachable(at.Addr()), at.Port()).String() + "/"
}

// reachable returns an address of this machine that others may use where the
// node listens on all of them.
func reachable(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.IsValid() && !a.IsUnspecified() {
		return a
	}
	addresses, err := net.InterfaceAddrs()
	if err == nil {
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil {
				if ip := prefix.Addr(); ip.Is4() && ip.IsGlobalUnicast() {
					return ip
				}
			}
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
