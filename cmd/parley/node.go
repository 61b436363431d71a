package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"parley/config"
	"parley/node"
	"parley/node/journal"
	"parley/node/managed"
)

// nodeCommand is `parley node`.
type nodeCommand struct {
	fileFlags
	Join string `placeholder:"LINK" help:"Take the place of a node: the link that the Management Node gave for it. Needed once; afterwards the data folder knows."`
}

// Help is the longer text of --help.
func (*nodeCommand) Help() string {
	return `A Conferencing Node alone. Make the node at the Management Node first (worker_vm),
which gives the command to run here. It serves calls also while the Management
Node is gone, with the last configuration that it got. A node that has never
joined has the rooms sip:meet@<this host> and sip:meet-<anything>@<this host>.

Examples:

  parley node --join 'https://192.0.2.1:8443/#parley_join_...'
  parley node -c node.yaml`
}

// Run implements the command.
func (c *nodeCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLog(o.progress, cfg.Log)
	if c.Join != "" {
		id, err := managed.Join(ctx, c.Join, cfg.DataDir)
		if err != nil {
			return err
		}
		log.Info("joined the deployment", "node", id.Name, "id", id.Node)
	}
	n, err := startManaged(cfg, log)
	if err != nil {
		return err
	}
	defer n.Close()
	log.Info("the node serves", "version", version, "dial", strings.Join(dialled(n.Node), " "), "page", pageURL(n.HTTPAddr()))
	<-ctx.Done()
	log.Info("ending calls")
	return nil
}

// managedNode is a node, tied to its Management Node if it has joined one.
type managedNode struct {
	*node.Node
	tie     *managed.Managed // nil = it has never joined
	journal *journal.Journal // likewise
	log     *slog.Logger
}

// startManaged starts a node with what its data folder keeps.
func startManaged(cfg config.Config, log *slog.Logger) (*managedNode, error) {
	d, err := node.LoadDeployment(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	id, err := managed.Load(cfg.DataDir)
	if err != nil && managed.Joined(cfg.DataDir) {
		return nil, fmt.Errorf("the identity of the node is not whole (have it join anew, by a new join command): %w", err)
	}
	n := &managedNode{log: log}
	if id != nil {
		if n.journal, err = journal.Open(filepath.Join(cfg.DataDir, "journal")); err != nil {
			return nil, fmt.Errorf("the journal of the node: %w", err)
		}
	}
	if n.Node, err = startNode(cfg, d, n.journal, log); err != nil {
		return nil, err
	}
	if id == nil {
		return n, nil
	}
	n.Identify(id.Node)
	n.Configure(d)
	if n.tie, err = managed.Start(managed.Config{Identity: id, DataDir: cfg.DataDir, Deployment: d, Node: n.Node, Journal: n.journal, Log: log}); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close ends the calls, and then the tie, which tells of it.
func (n *managedNode) Close() {
	n.Node.Close()
	if n.tie != nil {
		n.tie.Close()
	}
	if n.journal != nil {
		if err := n.journal.Close(); err != nil {
			n.log.Error("the journal did not close", "err", err)
		}
	}
}
