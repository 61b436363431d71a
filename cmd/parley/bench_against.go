package main

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"parley/bench/report"
	"parley/bench/trial"
)

// benchAgainstCommand is `parley bench against`.
type benchAgainstCommand struct {
	benchFlags
	loadFlags
	SIP      []string      `required:"" placeholder:"URI" help:"What is dialled, such as sip:3000@127.0.0.1:5080. Given again for each further conference."`
	PID      int           `placeholder:"N" help:"Process of the server, on this machine: its processor time and memory are measured."`
	Main     string        `placeholder:"L,T,R,B" help:"Where its pictures show the speaker, as shares of width and height, such as 0,0,0.75,0.75. Default: where Parley shows him, or all over."`
	Duration time.Duration `short:"d" default:"60s" help:"How long is measured."`
}

// Help is the longer text of --help.
func (*benchAgainstCommand) Help() string {
	return `It does to any SIP conference server what bench conference does to a node, with the
same callers and the same measures, so that two servers can be compared on one
machine. What only a node tells of itself is left out.

Examples:

  parley bench against --sip sip:3000@127.0.0.1:5080 --pid $(pidof freeswitch)
  parley bench against --sip sip:3000@127.0.0.1:5080 --sip sip:3001@127.0.0.1:5080 --conferences 2`
}

// Run implements the command.
func (c *benchAgainstCommand) Run(ctx context.Context, o *output) error {
	options, err := c.options(o)
	if err != nil {
		return err
	}
	options.PID, options.Duration = c.PID, c.Duration
	for _, uri := range c.SIP {
		full, host, err := parseURI(uri, "auto")
		if err != nil {
			return err
		}
		options.URIs = append(options.URIs, full)
		if own := ownAddress(host); own != (netip.Addr{}) {
			options.Address = own
		}
	}
	if options.Load.Main, err = parseMain(c.Main); err != nil {
		return err
	}
	if c.Duration < time.Second {
		return &usageError{fmt.Sprintf("--duration %v: a second or more", c.Duration)}
	}
	return perform(ctx, o, c.benchFlags, "against", func(r *report.Run) error { return trial.Conference(ctx, options, r) })
}

// parseMain reads four shares of a picture; "" = none.
func parseMain(text string) (at [4]float64, err error) {
	if text == "" {
		return at, nil
	}
	parts := strings.Split(text, ",")
	wrong := &usageError{fmt.Sprintf("--main %s: write left, top, right and bottom like 0,0,0.75,0.75", text)}
	if len(parts) != len(at) {
		return at, wrong
	}
	for i, part := range parts {
		if at[i], err = strconv.ParseFloat(strings.TrimSpace(part), 64); err != nil || at[i] < 0 || at[i] > 1 {
			return at, wrong
		}
	}
	if at[0] >= at[2] || at[1] >= at[3] {
		return at, wrong
	}
	return at, nil
}
