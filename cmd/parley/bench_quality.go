package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/bench/encoding"
	"parley/bench/report"
	"parley/codecs/native"
)

// benchQualityCommand is `parley bench quality`.
type benchQualityCommand struct {
	benchFlags
	Rates    []float64 `placeholder:"MBIT/S" help:"Rates of a whole picture. Default: 0.5,1,1.5,2.5."`
	Pictures int       `default:"120" help:"How many are measured at each rate."`
	Rounds   int       `default:"3" help:"How often each is encoded; the fastest time counts."`
}

// Help is the longer text of --help.
func (*benchQualityCommand) Help() string {
	return `It encodes composed pictures of eight callers with the settings that a node uses,
whole and in bands, and with the plain presets superfast and veryfast beside them,
and compares what a decoder makes of them with the original: PSNR and SSIM of the
luma of the cells, without the black around them. The pictures are made, the same on
every machine; only the times differ from one to the next.

Examples:

  parley bench quality                          all, about two minutes
  parley bench quality --rates 1 --rounds 5     one rate, steadier times`
}

// Run implements the command.
func (c *benchQualityCommand) Run(ctx context.Context, o *output) error {
	begin := time.Now()
	options := encoding.Options{Pictures: c.Pictures, Rounds: c.Rounds, Progress: func(text string) {
		fmt.Fprintf(o.progress, "%6.1f s  %s\n", time.Since(begin).Seconds(), text)
	}}
	for _, r := range c.Rates {
		options.Rates = append(options.Rates, int(r*1e6))
	}
	if c.Pictures < 1 || c.Rounds < 1 {
		return &usageError{"--pictures and --rounds are 1 or more"}
	}
	if err := c.prepare(); err != nil {
		return err
	}
	r := report.New("quality", version)
	results, err := encoding.Measure(ctx, native.Codecs(), options)
	switch {
	case errors.Is(err, encoding.ErrOptions):
		return &usageError{err.Error()}
	case ctx.Err() != nil:
		return errors.New("ended before all was measured")
	case err != nil:
		return err
	}
	r.Setting("measured pictures", c.Pictures)
	r.Setting("rounds", c.Rounds)
	encoding.Fill(r, results)
	return c.deliver(o, r)
}
