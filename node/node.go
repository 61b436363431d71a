package node

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/config"
	"parley/engine"
	"parley/node/journal"
	"parley/node/still"
	"parley/node/web"
	"parley/signaling/sip"
)

// Config is what a node needs to start.
type Config struct {
	Config     config.Config
	Deployment config.Deployment // until Configure brings another
	Journal    *journal.Journal  // takes the history; nil = nobody does. It stays the caller's
	Codecs     codecs.Set
	Log        *slog.Logger
	Version    string
}

// Node is a running Conferencing Node.
type Node struct {
	log    *slog.Logger
	engine *engine.Engine
	host   *host
	sip    *sip.Server
	web    *web.Server // nil = no page
	camera *still.Camera
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once

	version    string
	dataDir    string
	boot       time.Time
	configured atomic.Int64 // version of the configuration that holds
	identity   atomic.Int64 // id of the node in its deployment; 0 = none
}

// reapInterval is how often silent legs are looked for.
const reapInterval = time.Second

// New starts a node; all its listeners are up when it returns.
func New(c Config) (*Node, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	n := &Node{log: c.Log, version: c.Version, dataDir: c.Config.DataDir, boot: time.Now().UTC(), engine: engine.New(engine.Config{
		Codecs: c.Codecs, Log: c.Log,
		Limit: float64(c.Config.Capacity.Limit) / 100, CostsFile: costsFile(c.Config),
		SmallBitrate: c.Config.Media.SmallBitrate * 1000,
	})}
	n.camera = still.New(n.Snapshot)
	n.host = newHost(n.engine, c.Config, c.Log)
	n.host.chronicle = newChronicle(c.Journal, c.Log)
	n.Configure(c.Deployment)
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	if err := n.listen(ctx, c); err != nil {
		n.Close()
		return nil, err
	}
	n.tasks.Go(func() { n.reap(ctx) })
	return n, nil
}

// costsFile returns where the node keeps what work costs, "" = nowhere.
func costsFile(c config.Config) string {
	if c.Capacity.Cache == "" && c.DataDir != "" {
		return filepath.Join(c.DataDir, "costs.json")
	}
	return c.Capacity.Cache
}

func (n *Node) listen(ctx context.Context, c Config) error {
	cfg := c.Config
	advertise, err := netip.ParseAddr(cmp.Or(cfg.SIP.Address, cfg.Media.Address))
	if err != nil {
		advertise = netip.Addr{} // none is configured
	}
	n.sip, err = sip.Listen(ctx, sip.Config{
		UDP: cfg.SIP.UDP, TCP: cfg.SIP.TCP, TLS: cfg.SIP.TLS,
		CertFile: cfg.SIP.CertFile, KeyFile: cfg.SIP.KeyFile, DataDir: cfg.DataDir,
		Host: n.host, UserAgent: "Parley/" + c.Version,
		Advertise: advertise, SessionExpires: cfg.SIP.SessionExpires, Log: c.Log,
	})
	if err != nil {
		return err
	}
	if cfg.HTTP.Address == "" {
		return nil
	}
	n.web, err = web.Listen(cfg.HTTP.Address, web.Config{
		Status: n.Status, Refused: n.host.refused.read, Snapshot: n.camera.Take, Version: c.Version, Log: c.Log,
		Dial:  func() []string { return n.Dial(web.HostPlaceholder) },
		AdHoc: func() bool { return n.host.directory.Load().AdHoc() }, Profiling: cfg.HTTP.Profiling,
	})
	if err != nil {
		return fmt.Errorf("http.address: %w", err)
	}
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
	return n.web.Addr()
}

// Configure puts a configuration of the deployment into force. Conferences that
// run keep what they began with.
func (n *Node) Configure(d config.Deployment) {
	n.host.directory.Store(d.Directory())
	n.configured.Store(d.Version)
	list, settings, at := sinksOf(&d, n.identity.Load())
	n.host.chronicle.at.Store(&at)
	n.host.chronicle.sinks.Configure(list, settings)
	for i := range d.Nodes {
		if w := &d.Nodes[i]; w.ID == n.identity.Load() && n.host.maintenance.Swap(w.MaintenanceMode) != w.MaintenanceMode {
			n.log.Info("maintenance mode", "on", w.MaintenanceMode, "reason", w.MaintenanceModeReason)
		}
	}
}

// Configured returns the version of the configuration that holds.
func (n *Node) Configured() int64 { return n.configured.Load() }

// Identify says which node of the deployment this is; before Configure.
func (n *Node) Identify(id int64) { n.identity.Store(id) }

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

// Picture returns what most of those in a conference see now, as a JPEG. id is
// that of this run of the conference.
func (n *Node) Picture(ctx context.Context, id string) ([]byte, error) {
	for _, c := range n.engine.Status().Conferences {
		if c.ID != id {
			continue
		}
		view, most := "", -1
		for _, v := range c.Views {
			if v.Receivers > most {
				view, most = v.ID, v.Receivers
			}
		}
		return n.camera.Take(ctx, c.Name, view)
	}
	return nil, errNoConference
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
		if n.web != nil {
			n.web.Close()
		}
		n.tasks.Wait()
		n.host.close()
		n.host.chronicle.sinks.Close()
		n.engine.Close()
	})
}
