package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/bench/onecore"
	"parley/bench/report"
	"parley/codecs/native"
)

// benchBandsCommand is `parley bench bands`.
type benchBandsCommand struct {
	benchFlags
	Profile string        `enum:"baseline,main,high" default:"baseline" help:"H.264 profile: baseline (constrained), main or high."`
	Preset  string        `default:"chosen" help:"Of x264; chosen: the settings that a node uses."`
	Length  time.Duration `short:"d" default:"10s" help:"Length of the pictures that are measured."`
}

// Help is the longer text of --help.
func (*benchBandsCommand) Help() string {
	return `Nine people on a full stage are shown nine different pictures: each sees the others.
It encodes these with nine encoders, and as two large bands and nine strips that are
stitched for each viewer, in turns picture by picture on one thread, and counts that
thread's processor time.

Examples:

  parley bench bands
  parley bench bands --profile main --preset veryfast -d 30s`
}

// Run implements the command.
func (c *benchBandsCommand) Run(ctx context.Context, o *output) error {
	if c.Length < time.Second {
		return &usageError{fmt.Sprintf("--length %v: a second or more", c.Length)}
	}
	return perform(ctx, o, c.benchFlags, "bands", func(r *report.Run) error {
		result, err := onecore.MeasureViews(ctx, native.Codecs(), onecore.ViewOptions{
			Profile: profiles[c.Profile], Preset: c.Preset, Length: c.Length, Progress: showProgress(o.progress),
		})
		switch {
		case errors.Is(err, onecore.ErrOptions):
			return &usageError{err.Error()}
		case err != nil:
			return err
		}
		r.Setting("profile", profiles[c.Profile])
		r.Setting("preset", c.Preset)
		result.Fill(r)
		return nil
	})
}
