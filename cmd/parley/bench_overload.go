package main

import (
	"context"
	"time"

	"parley/bench/report"
	"parley/bench/trial"
)

// benchOverloadCommand is `parley bench overload`.
type benchOverloadCommand struct {
	benchFlags
	loadFlags
	overloadFlags
}

// overloadFlags say how much is too much.
type overloadFlags struct {
	Limit    int           `default:"60" help:"Percent of the processors that the node may use. The load runs on the same machine."`
	Offer    float64       `default:"1.5" help:"Callers who call, by those whom the node admits at first."`
	Duration time.Duration `short:"d" default:"20s" help:"How long each phase is measured."`
}

// Help is the longer text of --help.
func (*benchOverloadCommand) Help() string {
	return `Callers call one after the other until the node refuses one; then half as many again
call, and those who are in are watched: they must keep their frame rate, and who is
refused must be told so (503). At last half of them leave, and the node must give full
quality again.

Examples:

  parley bench overload
  parley bench overload --size 360p30 --offer 3 --limit 60`
}

// Run implements the command.
func (c *benchOverloadCommand) Run(ctx context.Context, o *output) error {
	options, err := c.loadFlags.options(o)
	if err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > 100 || c.Offer <= 1 || c.Duration < 3*time.Second {
		return &usageError{"--limit is 1 to 100, --offer above 1, --duration three seconds or more"}
	}
	options.Duration = c.Duration
	return perform(ctx, o, c.benchFlags, "overload", func(r *report.Run) error {
		return trial.Overload(ctx, trial.OverloadOptions{Options: options, Limit: c.Limit, Offer: c.Offer}, r)
	})
}
