package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"parley/bench/capacity"
	"parley/bench/clip"
	"parley/bench/report"
	"parley/config"
)

// benchLimitCommand is `parley bench limit`.
type benchLimitCommand struct {
	benchFlags
	Parties      int           `default:"8" help:"Callers of the conference, 2 to 16."`
	Size         string        `default:"1280x720" help:"Size of what each sends, at 30 pictures/s."`
	Bitrate      int           `default:"1000" help:"Of the pictures that each sends, kbit/s."`
	Take         int           `placeholder:"KBIT/S" help:"Most that each takes. Default: what the node sends."`
	Profile      string        `enum:"baseline,main,high" default:"baseline" help:"H.264 profile both ways: baseline (constrained), main or high."`
	OwnThumbnail string        `enum:"hidden,shown" default:"hidden" help:"Own thumbnails of the node: hidden or shown."`
	Duration     time.Duration `short:"d" default:"60s" help:"How long the conference is measured, in slices of five seconds."`
}

// Help is the longer text of --help.
func (*benchLimitCommand) Help() string {
	return `It holds a conference on a node and does the same codec work, no more, in another
process, in turns of five seconds, so that what else the machine does meets both
alike. The ratio of the two says how much the node takes for all that is not
decoding and encoding.

Examples:

  parley bench limit
  parley bench limit --own-thumbnail shown -d 20s`
}

// Run implements the command.
func (c *benchLimitCommand) Run(ctx context.Context, o *output) error {
	width, height, err := parseSize(c.Size)
	if err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	options := capacity.Options{
		Binary: binary, Parties: c.Parties, Duration: c.Duration, OwnThumbnail: config.OwnThumbnail(c.OwnThumbnail),
		Width: width, Height: height, Bitrate: 1000 * c.Bitrate, Profile: profiles[c.Profile], MaxBitrate: 1000 * c.Take,
		Told: tell(o.progress),
	}
	if c.Parties < 2 || c.Parties > clip.Callers || c.Duration < time.Second {
		return &usageError{fmt.Sprintf("--parties are 2 to %d, --duration is a second or more", clip.Callers)}
	}
	return perform(ctx, o, c.benchFlags, "limit", func(r *report.Run) error {
		for name, v := range map[string]any{
			"parties": c.Parties, "size": c.Size, "bitrate sent": options.Bitrate, "profile": options.Profile,
			"own thumbnail": c.OwnThumbnail, "duration": c.Duration,
		} {
			r.Setting(name, v)
		}
		result, err := capacity.Measure(ctx, options)
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		result.Fill(r)
		return nil
	})
}
