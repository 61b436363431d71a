package main

import (
	"context"
	"strings"

	"parley/node"
)

// nodeCommand is `parley node`.
type nodeCommand struct{ fileFlags }

// Help is the longer text of --help.
func (*nodeCommand) Help() string {
	return `A Conferencing Node alone, with the configuration of the deployment that its data
folder keeps; without one, the rooms sip:meet@<this host> and
sip:meet-<anything>@<this host>.

Examples:

  parley node -c node.yaml`
}

// Run implements the command.
func (c *nodeCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	d, err := node.LoadDeployment(cfg.DataDir)
	if err != nil {
		return err
	}
	log := newLog(o.progress, cfg.Log)
	n, err := startNode(cfg, d, log)
	if err != nil {
		return err
	}
	log.Info("the node serves", "version", version, "dial", strings.Join(dialled(n), " "), "page", pageURL(n.HTTPAddr()))
	<-ctx.Done()
	log.Info("ending calls")
	n.Close()
	return nil
}
