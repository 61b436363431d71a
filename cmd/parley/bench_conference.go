package main

import (
	"context"
	"fmt"
	"time"

	"parley/bench/report"
	"parley/bench/trial"
)

// benchConferenceCommand is `parley bench conference`.
type benchConferenceCommand struct {
	benchFlags
	loadFlags
	Duration time.Duration `short:"d" default:"60s" help:"How long is measured."`
}

// Help is the longer text of --help.
func (*benchConferenceCommand) Help() string {
	return `It starts a node, has callers call it by SIP from a third process, which sends
pictures and voices that were encoded before, and measures what the node takes and
what becomes of pictures and sound on their way: processor time and memory a port,
frame rate, bitrate and losses at every receiver, and at those that decode (probes)
the delay of pictures, which are numbered, and of beeps in the voices, and how well
the two stay together.

Examples:

  parley bench conference                                        eight parties, a minute
  parley bench conference --conferences 3 --own-thumbnail shown
  parley bench conference --parties 100 --size 360p30 -d 30s
  parley bench conference --video talk.y4m`
}

// Run implements the command.
func (c *benchConferenceCommand) Run(ctx context.Context, o *output) error {
	options, err := c.options(o)
	if err != nil {
		return err
	}
	if c.Duration < time.Second {
		return &usageError{fmt.Sprintf("--duration %v: a second or more", c.Duration)}
	}
	options.Duration = c.Duration
	return perform(ctx, o, c.benchFlags, "conference", func(r *report.Run) error { return trial.Conference(ctx, options, r) })
}
