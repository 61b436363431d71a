package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"parley/codecs"
	"parley/config"
	"parley/engine"
	"parley/node/web"
	"parley/signaling/sip"
)

// Config is what a node needs to start.
type Config struct {
	Config  config.Config
	Codecs  codecs.Set
	Log     *slog.Logger
	Version string
}

// Node is a running Conferencing Node.
type Node struct {
	log    *slog.Logger
	engine *engine.Engine
	host   *host
	sip    *sip.Server
	http   *http.Server
	web    net.Listener // nil = no page
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
}

// reapInterval is how often silent legs are looked for.
const reapInterval = time.Second

// New starts a node; all its listeners are up when it returns.
func New(c Config) (*Node, error) {
	services, err := newServices(c.Config)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	n := &Node{log: c.Log, engine: engine.New(engine.Config{Codecs: c.Codecs, Log: c.Log})}
	n.host = newHost(n.engine, services, c.Config, c.Log)
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	if err := n.listen(ctx, c, services); err != nil {
		n.Close()
		return nil, err
	}
	n.tasks.Go(func() { n.reap(ctx) })
	return n, nil
}

func (n *Node) listen(ctx context.Context, c Config, services *services) error {
	cfg := c.Config
	var err error
	n.sip, err = sip.Listen(ctx, sip.Config{
		UDP: cfg.SIP.UDP, TCP: cfg.SIP.TCP, TLS: cfg.SIP.TLS,
		CertFile: cfg.SIP.CertFile, KeyFile: cfg.SIP.KeyFile, DataDir: cfg.DataDir,
		Host: n.host, UserAgent: "Parley/" + c.Version,
		SessionExpires: cfg.SIP.SessionExpires, Log: c.Log,
	})
	if err != nil {
		return err
	}
	if cfg.HTTP.Address == "" {
		return nil
	}
	if n.web, err = net.Listen("tcp", cfg.HTTP.Address); err != nil {
		return fmt.Errorf("http.address: %w", err)
	}
	n.http = &http.Server{
		Handler: web.New(web.Config{
			Status: n.Status, Snapshot: n.Snapshot, Version: c.Version, Log: c.Log,
			Aliases: services.aliases(), AdHoc: services.adhoc != nil, SIPPort: int(n.SIPAddr("udp").Port()),
		}),
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	n.tasks.Go(func() {
		if err := n.http.Serve(n.web); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("http server ended", "err", err)
		}
	})
	return nil
}

func (n *Node) reap(ctx context.Context) {
	ticker := time.NewTicker(reapInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			n.host.reap(now)
		}
	}
}

// SIPAddr returns the address that SIP listens on; network is udp, tcp or tls.
func (n *Node) SIPAddr(network string) netip.AddrPort { return n.sip.Addr(network) }

// HTTPAddr returns the address of the page; invalid when there is none.
func (n *Node) HTTPAddr() netip.AddrPort {
	if n.web == nil {
		return netip.AddrPort{}
	}
	return n.web.Addr().(*net.TCPAddr).AddrPort()
}

// Status tells of everything that runs.
func (n *Node) Status() engine.Status { return n.engine.Status() }

// Snapshot returns the next picture of a view, which the caller owns; an error
// when there is no such view.
func (n *Node) Snapshot(ctx context.Context, conference, view string) (*codecs.Picture, error) {
	c := n.engine.Conference(conference)
	if c == nil {
		return nil, fmt.Errorf("no conference %q is running", conference)
	}
	if p := c.Snapshot(ctx, view); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("conference %q has no view %q", conference, view)
}

// Close says goodbye to every call, ends all media and waits for everything
// that the node started. A second Close does nothing.
func (n *Node) Close() {
	n.once.Do(func() {
		if n.sip != nil {
			if err := n.sip.Close(); err != nil {
				n.log.Warn("sip did not close cleanly", "err", err)
			}
		}
		n.stop()
		if n.http != nil {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := n.http.Shutdown(ctx); err != nil {
				n.http.Close()
			}
		} else if n.web != nil {
			n.web.Close()
		}
		n.tasks.Wait()
		n.host.close()
		n.engine.Close()
	})
}
