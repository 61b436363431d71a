package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/bench/chart"
	"parley/bench/report"
)

// benchPlotCommand is `parley bench plot`.
type benchPlotCommand struct {
	Files  []string `arg:"" name:"file.json" help:"Runs, as bench writes them."`
	Out    string   `short:"o" placeholder:"FOLDER" help:"Where the charts are written. Default: beside the first run."`
	Format []string `default:"svg,png" help:"Formats: svg, png."`
	Size   string   `default:"900x520" help:"Size in points; a PNG has two pixels to the point."`
}

// Help is the longer text of --help.
func (*benchPlotCommand) Help() string {
	return `Curves with the same axes come into one chart, so that runs can be compared: of
two machines, of two versions, before and after a change. Rename the JSON files to
what the legend should say.

Examples:

  parley bench plot bench-runs/codecs-20260102T030405Z.json
  parley bench plot before.json after.json --out charts --format svg`
}

// Run implements the command.
func (c *benchPlotCommand) Run(o *output) error {
	size, err := c.check()
	if err != nil {
		return err
	}
	var sources []chart.Source
	for _, file := range c.Files {
		r, err := report.Read(file)
		if err != nil {
			return err
		}
		sources = append(sources, chart.Source{Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), Run: r})
	}
	charts := chart.Of(sources)
	if len(charts) == 0 {
		return errors.New("there are no curves in what was given; the Markdown beside it has the figures")
	}
	folder := c.Out
	if folder == "" {
		folder = filepath.Dir(c.Files[0])
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	prefix := sources[0].Name // one run: its charts lie beside it
	if len(sources) > 1 {
		prefix = sources[0].Run.Bench
	}
	for _, one := range charts {
		for _, format := range c.Format {
			path := filepath.Join(folder, prefix+"-"+one.Name+"."+format)
			if err := writeChart(path, func(w io.Writer) error { return one.Write(w, format, size) }); err != nil {
				return err
			}
			fmt.Fprintln(o.out, path)
		}
	}
	return nil
}

// check refuses what cannot be drawn before anything is read.
func (c *benchPlotCommand) check() (chart.Size, error) {
	for _, format := range c.Format {
		if !slices.Contains(chart.Formats(), format) {
			return chart.Size{}, &usageError{fmt.Sprintf("--format %s: there are %s", format, strings.Join(chart.Formats(), " and "))}
		}
	}
	var s chart.Size
	if n, err := fmt.Sscanf(c.Size, "%dx%d", &s.Width, &s.Height); n != 2 || err != nil || s.Width < 200 || s.Height < 200 || s.Width > 4000 || s.Height > 4000 {
		return s, &usageError{fmt.Sprintf("--size %s: write it like 900x520, from 200x200 to 4000x4000", c.Size)}
	}
	return s, nil
}

// writeChart writes a file and leaves nothing behind when that fails.
func writeChart(path string, draw func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(draw(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
