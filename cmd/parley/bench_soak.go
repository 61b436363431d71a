package main

import (
	"context"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/trial"
)

// benchSoakCommand is `parley bench soak`.
type benchSoakCommand struct {
	benchFlags
	loadFlags
	Hours     float64       `default:"1" help:"How long, in hours."`
	Duration  time.Duration `short:"d" help:"How long, in place of --hours."`
	Churn     time.Duration `default:"5s" help:"Time between two changes: one caller leaves and another joins."`
	Loss      float64       `default:"1" help:"Packets lost each way, percent."`
	Burst     int           `default:"3" help:"Packets lost together."`
	Jitter    time.Duration `default:"10ms" help:"By how much packets are delayed at most, each differently."`
	Reorder   float64       `default:"0.5" help:"Packets that come behind later ones, percent."`
	Duplicate float64       `default:"0.2" help:"Packets that come twice, percent."`
}

// Help is the longer text of --help.
func (*benchSoakCommand) Help() string {
	return `Callers join and leave, talk in turns, and their packets are lost, delayed, put out
of order and doubled, the same with every run of a seed. It watches the node's
memory, goroutines, sockets and calls for anything that grows, looks for calls that
are sent nothing, and at the end for what is left when all have hung up.

Examples:

  parley bench soak --hours 8
  parley bench soak -d 10m --conferences 4 --parties 4 --size 360p30 --loss 3`
}

// Run implements the command.
func (c *benchSoakCommand) Run(ctx context.Context, o *output) error {
	options, err := c.options(o)
	if err != nil {
		return err
	}
	options.Duration = c.Duration
	if c.Duration == 0 {
		options.Duration = time.Duration(c.Hours * float64(time.Hour))
	}
	if options.Duration < time.Second || c.Churn < 100*time.Millisecond {
		return &usageError{"--duration is a second or more, --churn 100ms or more"}
	}
	options.Load.Network = load.Network{
		Loss: c.Loss / 100, Burst: c.Burst, Jitter: c.Jitter, Reorder: c.Reorder / 100, Duplicate: c.Duplicate / 100,
	}
	if _, err := options.Load.WithDefaults(); err != nil {
		return &usageError{err.Error()}
	}
	return perform(ctx, o, c.benchFlags, "soak", func(r *report.Run) error {
		return trial.Soak(ctx, trial.SoakOptions{Options: options, Churn: c.Churn}, r)
	})
}
