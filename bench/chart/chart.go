// Package chart draws the curves of runs of the bench, as SVG and PNG. Curves
// that have the same axes come into one chart, whichever run they are of.
package chart

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"parley/bench/report"
)

// Chart is one drawing.
type Chart struct {
	Title          string
	Subtitle       string // where and when it was measured
	Name           string // for a file
	XLabel, YLabel string
	Lines          []Line
}

// Line is one curve of a chart.
type Line struct {
	Name string
	X, Y []float64
}

// Source is a run and what it is called.
type Source struct {
	Name string
	Run  *report.Run
}

// Of returns the charts of all runs, in the order in which their axes first
// occur. Curves without points are left out.
func Of(sources []Source) []Chart {
	type axes struct{ x, y string }
	type member struct {
		source Source
		curve  report.Curve
	}
	var order []axes
	members := map[axes][]member{}
	for _, s := range sources {
		for _, c := range s.Run.Curves {
			a := axes{c.XLabel, c.YLabel}
			if len(c.X) == 0 || len(c.X) != len(c.Y) {
				continue
			}
			if members[a] == nil {
				order = append(order, a)
			}
			members[a] = append(members[a], member{s, c})
		}
	}
	charts := make([]Chart, 0, len(order))
	for _, a := range order {
		c := Chart{Title: upper(quantity(a.y)) + " against " + quantity(a.x), XLabel: a.x, YLabel: a.y}
		c.Name = slug(a.y) + "-against-" + slug(a.x)
		var from []Source
		curves := map[string]bool{}
		for _, m := range members[a] {
			curves[m.curve.Name] = true
			if !slices.Contains(from, m.source) {
				from = append(from, m.source)
			}
		}
		for _, m := range members[a] {
			name := m.curve.Name
			if len(from) > 1 { // whose it is matters
				name += ", " + m.source.Name
				if len(curves) == 1 {
					name = m.source.Name
				}
			}
			c.Lines = append(c.Lines, Line{name, m.curve.X, m.curve.Y})
		}
		if len(curves) == 1 {
			c.Title += ": " + members[a][0].curve.Name
		}
		c.Subtitle = subtitle(from)
		charts = append(charts, c)
	}
	return charts
}

// subtitle tells what the runs have in common.
func subtitle(from []Source) string {
	only := func(what func(*report.Run) string) string {
		first := what(from[0].Run)
		for _, s := range from {
			if what(s.Run) != first {
				return ""
			}
		}
		return first
	}
	var parts []string
	for _, part := range [...]string{
		"bench " + only(func(r *report.Run) string { return r.Bench }),
		only(func(r *report.Run) string { return fmt.Sprintf("%s, %d cores", r.Machine.Processor, r.Machine.Cores) }),
		only(func(r *report.Run) string { return r.Version }),
		only(func(r *report.Run) string { return r.Began.UTC().Format("2006-01-02 15:04 UTC") }),
	} {
		if part = strings.TrimSpace(part); part != "" && part != "bench" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

// upper begins the text with a capital letter.
func upper(text string) string {
	for i, r := range text {
		return string(unicode.ToUpper(r)) + text[i+len(string(r)):]
	}
	return text
}

// quantity returns a label without its unit, which stands after a comma.
func quantity(label string) string {
	label, _, _ = strings.Cut(label, ",")
	return label
}

// slug makes a quantity fit for the name of a file: letters and digits.
func slug(label string) string {
	words := strings.FieldsFunc(strings.ToLower(quantity(label)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	name := strings.Join(words, "-")
	if name == "" {
		return "unnamed"
	}
	return string([]rune(name)[:min(40, len([]rune(name)))])
}

// Formats are those that a chart can be written in.
func Formats() []string { return []string{"svg", "png"} }

// Size of a chart in points of 1/72 inch. PNG has two pixels to the point.
type Size struct{ Width, Height int }

// Write draws the chart in one of the formats.
func (c Chart) Write(w io.Writer, format string, size Size) error {
	d, err := newDrawing(format, size)
	if err != nil {
		return err
	}
	if err := d.draw(c); err != nil {
		return fmt.Errorf("chart %q: %w", c.Title, err)
	}
	if format != "svg" {
		_, err = d.file.WriteTo(w)
		return err
	}
	var text bytes.Buffer
	if _, err := d.file.WriteTo(&text); err != nil {
		return err
	}
	_, err = w.Write(bytes.ReplaceAll(text.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:"+family+";")))
	return err
}

// family is what an SVG asks for: whoever has no Liberation Sans has one of the
// others, the first of which has letters of the same width.
const family = "Liberation Sans,Arial,Helvetica,sans-serif"
