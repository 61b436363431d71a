package main

import (
	"errors"
	"fmt"
	"os"

	"parley/bench/report"
)

// benchCommand is `parley bench`: one field for each kind of run.
type benchCommand struct {
	Conference benchConferenceCommand `cmd:"" help:"Hold conferences on a node and measure what they cost, and the delay of pictures and sound."`
	Limit      benchLimitCommand      `cmd:"" help:"What a conference costs by what its codec work alone costs, side by side."`
	Ramp       benchRampCommand       `cmd:"" help:"How many callers a node holds: more and more until one misses his frame rate."`
	Overload   benchOverloadCommand   `cmd:"" set:"own_thumbnail=auto" help:"More callers than a node holds: are those who are in served, and the others told so?"`
	Against    benchAgainstCommand    `cmd:"" help:"The load of bench conference, and its measures, on any SIP conference server."`
	Soak       benchSoakCommand       `cmd:"" help:"Hours of joins, leaves and bad networks: does anything leak, drift or get stuck?"`
	Codecs     benchCodecsCommand     `cmd:"" help:"What one core does alone: decode, scale, compose, encode, sound, SRTP, UDP."`
	Quality    benchQualityCommand    `cmd:"" help:"What encoders make of composed pictures: likeness at several rates, and time."`
	Bands      benchBandsCommand      `cmd:"" help:"What nine views of a conference cost by shared bands, beside nine full encodes."`
	Plot       benchPlotCommand       `cmd:"" help:"Draw the curves of earlier runs as SVG and PNG."`
}

// Help is the longer text of --help.
func (*benchCommand) Help() string {
	return `Each run tells its figures with the machine, the libraries and the settings that
they belong to, and leaves them in a folder: as JSON for programs and for
bench plot, as Markdown for people. Measure on a machine that does nothing else.

Examples:

  parley bench conference                   what eight callers cost, and what they get
  parley bench ramp                         how many callers a node holds
  parley bench against --sip sip:3000@127.0.0.1:5080 --pid 4711
                                            the same for another server
  parley bench overload                     half as many callers again as a node holds
  parley bench limit                        a conference beside its codec work alone
  parley bench codecs                       the limit: what the codecs alone take
  parley bench plot bench-runs/*.json       the curves of all runs so far`
}

// benchFlags are those of every run that measures.
type benchFlags struct {
	Out  string `short:"o" default:"bench-runs" placeholder:"FOLDER" help:"Where the run is written as JSON and as Markdown; --out= for nowhere. Default: ${default}."`
	JSON bool   `help:"Print the run as JSON, not as Markdown."`
}

// prepare finds out whether the run can be written before it takes its time.
func (f benchFlags) prepare() error {
	if f.Out == "" {
		return nil
	}
	if err := os.MkdirAll(f.Out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	probe, err := os.CreateTemp(f.Out, ".probe-")
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// deliver prints what a run found and writes it into the folder.
func (f benchFlags) deliver(o *output, r *report.Run) error {
	r.Finish()
	if f.JSON {
		if err := writeJSON(o.out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprint(o.out, r.Markdown())
	}
	if f.Out == "" {
		return nil
	}
	paths, err := r.Write(f.Out)
	for _, path := range paths {
		fmt.Fprintln(o.progress, "written", path)
	}
	return err
}
