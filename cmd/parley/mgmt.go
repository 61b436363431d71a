package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"parley/config"
	"parley/mgmt"
	"parley/node/managed"
	"parley/pki"
)

// mgmtCommand is `parley mgmt`.
type mgmtCommand struct {
	Serve   mgmtServeCommand   `cmd:"" default:"withargs" help:"Run the Management Node (what parley mgmt alone does)."`
	Backup  mgmtBackupCommand  `cmd:"" help:"Write the configuration of the deployment into a file."`
	Restore mgmtRestoreCommand `cmd:"" help:"Replace the configuration of the deployment by that in a file."`
}

// Help is the longer text of --help.
func (*mgmtCommand) Help() string {
	return `The Management Node alone: no calls arrive here.

Examples:

  parley mgmt                                                        admin pages and REST API on port 8443
  PARLEY_MANAGEMENT_DATABASE=postgres://parley@db/parley parley mgmt
  parley mgmt backup /backups/parley.jsonl.gz                        also while it runs
  parley mgmt restore /backups/parley.jsonl.gz                       while it does not run, into any database`
}

// mgmtServeCommand is `parley mgmt` and `parley mgmt serve`.
type mgmtServeCommand struct{ fileFlags }

// Run implements the command.
func (c *mgmtServeCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLog(o.progress, cfg.Log)
	m, err := startManagement(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer m.Close()
	log.Info("the Management Node serves", "version", version, "admin", m.URL())
	m.invite()
	<-ctx.Done()
	return nil
}

// management is a Management Node with its server.
type management struct {
	*mgmt.Management
	server *mgmt.Server
	log    *slog.Logger
}

// managementConfig returns the configuration of the Management Node.
func managementConfig(cfg config.Config, log *slog.Logger) mgmt.Config {
	return mgmt.Config{
		DSN: cmp.Or(cfg.Management.Database, filepath.Join(cfg.DataDir, "parley.db")), Layouts: layoutNames(), Log: log, Version: version,
		Bus: cfg.Management.Bus, DataDir: cfg.DataDir,
	}
}

// openManagement opens the database, which is made if there is none.
func openManagement(ctx context.Context, cfg config.Config, log *slog.Logger) (*mgmt.Management, error) {
	if cfg.Management.Database == "" {
		if err := os.MkdirAll(cfg.DataDir, 0o750); err != nil {
			return nil, fmt.Errorf("data_dir: %w", err)
		}
	}
	return mgmt.Open(ctx, managementConfig(cfg, log))
}

// startManagement opens the database and serves the admin pages and the REST API.
func startManagement(ctx context.Context, cfg config.Config, log *slog.Logger) (*management, error) {
	m, err := openManagement(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	certificate, err := pki.Own(cfg.Management.CertFile, cfg.Management.KeyFile, cfg.DataDir, "management")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("management certificate: %w", err), m.Close())
	}
	server, err := m.Listen(cfg.Management.Address, reachableHost(cfg.Management.Address), certificate)
	if err != nil {
		return nil, errors.Join(explain(fmt.Errorf("management.address: %w", err)), m.Close())
	}
	return &management{m, server, log}, nil
}

// reachableHost returns the address of this machine that others may use where
// something listens at address.
func reachableHost(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	at, err := netip.ParseAddr(host)
	if err != nil && host != "" {
		return host
	}
	return reachable(at).String()
}

// URL returns where the admin pages are; the REST API is below it.
func (m *management) URL() string {
	at := m.server.Addr()
	return "https://" + netip.AddrPortFrom(reachable(at.Addr()), at.Port()).String() + "/"
}

// invite tells whoever started the program how to make the first administrator.
func (m *management) invite() {
	if token := m.SetupToken(); token != "" {
		m.log.Warn("nobody can manage this deployment yet: open this link, once, to set the administrator's password", "link", m.URL()+"setup#"+token)
	}
}

// Close ends the server and closes the database.
func (m *management) Close() {
	m.server.Close()
	if err := m.Management.Close(); err != nil {
		m.log.Error("the database did not close", "err", err)
	}
}

// joinOwn has the node of this process join.
func (m *management) joinOwn(ctx context.Context, dataDir string) error {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	link, err := m.PlaceFor(host)
	if err == nil {
		_, err = managed.Join(ctx, link, dataDir)
	}
	if err != nil {
		return fmt.Errorf("the node of this process does not join: %w", err)
	}
	return nil
}
