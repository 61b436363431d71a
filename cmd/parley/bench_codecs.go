package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"parley/bench/onecore"
	"parley/bench/report"
	"parley/codecs/native"
)

// benchCodecsCommand is `parley bench codecs`.
type benchCodecsCommand struct {
	benchFlags
	Only    []string      `placeholder:"GROUP" help:"Measure only these of decode, scale, compose, encode, sound, srtp, udp."`
	Sizes   []string      `placeholder:"WxH" help:"Sizes of pictures. Default: 1920x1080,1280x720,640x360,320x180."`
	Presets []string      `placeholder:"NAME" help:"x264 presets; chosen: the settings that a node uses. Default: chosen,ultrafast,superfast,veryfast."`
	Time    time.Duration `default:"500ms" help:"Processor time that each operation gets, at least."`
}

// Help is the longer text of --help.
func (*benchCodecsCommand) Help() string {
	return `It does each operation that a conference is made of, again and again on one
thread, and counts that thread's processor time. No node can hold more callers than
these figures allow; how near it comes is for the other runs to tell. The pictures
are made: people who move before a noisy camera, the same on every machine.

The last column is how much longer the middle round took than the fastest. Far
above 1 means that the machine had other work; measure again.

Examples:

  parley bench codecs                                 all, about two minutes
  parley bench codecs --only encode --sizes 1280x720 --presets superfast,veryfast
  parley bench codecs --only srtp,udp --json --out=`
}

// Run implements the command.
func (c *benchCodecsCommand) Run(ctx context.Context, o *output) error {
	options, err := c.options(o.progress)
	if err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	r := report.New("codecs", version)
	results, err := onecore.Measure(ctx, native.Codecs(), options)
	switch {
	case errors.Is(err, onecore.ErrOptions):
		return &usageError{err.Error()}
	case ctx.Err() != nil:
		return errors.New("ended before all was measured")
	case err != nil:
		return err
	}
	c.settings(r)
	onecore.Fill(r, results)
	return c.deliver(o, r)
}

func (c *benchCodecsCommand) options(progress io.Writer) (onecore.Options, error) {
	o := onecore.Options{Groups: c.Only, Presets: c.Presets, Time: c.Time, Progress: showProgress(progress)}
	if c.Time <= 0 {
		return o, &usageError{fmt.Sprintf("--time %v: more than nothing is needed", c.Time)}
	}
	for _, text := range c.Sizes {
		width, height, err := parseSize(text)
		if err != nil {
			return o, &usageError{strings.Replace(err.Error(), "--size ", "--sizes ", 1)}
		}
		o.Sizes = append(o.Sizes, onecore.Size{Width: width, Height: height})
	}
	return o, nil
}

// settings notes what was asked for.
func (c *benchCodecsCommand) settings(r *report.Run) {
	for name, list := range map[string][]string{"only": c.Only, "sizes": c.Sizes, "presets": c.Presets} {
		if len(list) > 0 {
			r.Setting(name, strings.Join(list, ","))
		}
	}
	r.Setting("time", c.Time)
}

// showProgress returns a function that writes a line for each operation that is
// done, and one for what is made before.
func showProgress(w io.Writer) func(onecore.Progress) {
	doing := ""
	return func(p onecore.Progress) {
		switch r := p.Result; {
		case p.Doing != "":
			if p.Doing != doing {
				fmt.Fprintf(w, "making %s\n", p.Doing)
			}
			doing = p.Doing
		case r == nil:
			fmt.Fprintf(w, "%3d of %d  not possible here\n", p.Done, p.Total)
		default:
			fmt.Fprintf(w, "%3d of %d  %-44s %-10s %10.2f µs\n", p.Done, p.Total, r.Name, r.Size, r.Each.Seconds()*1e6)
		}
	}
}
