package main

import (
	"context"
	"math"
	"time"

	"parley/bench/report"
	"parley/bench/trial"
)

// benchRampCommand is `parley bench ramp`.
type benchRampCommand struct {
	benchFlags
	loadFlags
	rampFlags
}

// rampFlags say how the number of callers is raised.
type rampFlags struct {
	One      bool          `help:"All callers are in one conference that grows; --parties does not count then."`
	Step     int           `default:"4" help:"Callers that are added each time."`
	Most     int           `default:"1000" help:"Callers at which it ends."`
	Rate     float64       `default:"0.9" help:"Share of the frame rate that every receiver must have."`
	Delay    time.Duration `default:"40ms" help:"What 99 % of the pictures may be delayed at most; 0 for no limit."`
	Duration time.Duration `short:"d" default:"10s" help:"How long each step is measured."`
}

// options completes those of a trial.
func (f *rampFlags) options(o trial.Options) trial.RampOptions {
	o.Duration = f.Duration
	ramp := trial.RampOptions{Options: o, Step: f.Step, Most: f.Most, Rate: f.Rate, Delay: f.Delay.Seconds()}
	if f.One {
		ramp.Parties = 0
	}
	if f.Delay == 0 {
		ramp.Delay = math.Inf(1)
	}
	return ramp
}

// Help is the longer text of --help.
func (*benchRampCommand) Help() string {
	return `It adds callers until one is sent fewer pictures than he should be, or pictures
come out too late, twice in a row, or a call is refused. What held last is the
capacity. The curve of processor time a port tells whether large conferences are
dearer than small ones.

Examples:

  parley bench ramp                                   conferences of eight, one after the other
  parley bench ramp --one --step 10 --size 360p30     one conference that grows
  parley bench ramp --own-thumbnail shown --delay 80ms`
}

// Run implements the command.
func (c *benchRampCommand) Run(ctx context.Context, o *output) error {
	options, err := c.loadFlags.options(o)
	if err != nil {
		return err
	}
	if c.Step < 1 || c.Most < 1 || c.Duration < time.Second {
		return &usageError{"--step and --most are 1 or more, --duration is a second or more"}
	}
	return perform(ctx, o, c.benchFlags, "ramp", func(r *report.Run) error { return trial.Ramp(ctx, c.rampFlags.options(options), r) })
}
