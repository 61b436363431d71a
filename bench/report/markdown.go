package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown returns the run for people: its figures and tables, then what is
// needed to measure again. Of curves it has only the ends; package chart draws
// them.
func (r *Run) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bench %s\n", r.Bench)
	if len(r.Figures) > 0 {
		b.WriteString("\n" + r.figures().Markdown())
	}
	for _, t := range r.Tables {
		if t.Title != "" {
			fmt.Fprintf(&b, "\n## %s\n", t.Title)
		}
		b.WriteString("\n" + t.Markdown())
	}
	if len(r.Curves) > 0 {
		t := Table{Columns: []string{"curve", "points", "axes", "from", "to"}}
		for _, c := range r.Curves {
			point := func(i int) string {
				if i < 0 || i >= min(len(c.X), len(c.Y)) {
					return ""
				}
				return fmt.Sprintf("(%s, %s)", Number(c.X[i]), Number(c.Y[i]))
			}
			t.Row(c.Name, len(c.X), fmt.Sprintf("%s / %s", c.XLabel, c.YLabel), point(0), point(len(c.X)-1))
		}
		b.WriteString("\n" + t.Markdown())
	}
	b.WriteString("\n## Measured\n\n" + r.circumstances().Markdown())
	return b.String()
}

func (r *Run) figures() Table {
	t := Table{Columns: []string{"figure", "value", "unit"}}
	targets, notes := false, false
	for _, f := range r.Figures {
		targets = targets || f.Limit != nil
		notes = notes || f.Note != ""
	}
	if targets {
		t.Columns = append(t.Columns, "target", "met")
	}
	if notes {
		t.Columns = append(t.Columns, "note")
	}
	for _, f := range r.Figures {
		row := []any{f.Name, f.Value, f.Unit}
		if targets {
			row = append(row, f.target(), f.verdict())
		}
		if notes {
			row = append(row, f.Note)
		}
		t.Row(row...)
	}
	return t
}

func (f Figure) target() string {
	switch {
	case f.Limit == nil:
		return ""
	case f.Better == Higher:
		return "≥ " + Number(*f.Limit)
	default:
		return "≤ " + Number(*f.Limit)
	}
}

func (f Figure) verdict() string {
	switch {
	case f.Limit == nil:
		return ""
	case f.Met():
		return "yes"
	default:
		return "no"
	}
}

// circumstances are what the figures depend on.
func (r *Run) circumstances() Table {
	m := r.Machine
	t := Table{Columns: []string{"what", "which"}}
	t.Row("began", r.Began.UTC().Format("2006-01-02 15:04:05 UTC"))
	if r.Seconds > 0 {
		t.Row("took", fmt.Sprintf("%.1f s", r.Seconds))
	}
	t.Row("version", r.Version)
	t.Row("processor", fmt.Sprintf("%s, %d cores", m.Processor, m.Cores))
	if len(m.Flags) > 0 {
		t.Row("instruction sets", strings.Join(m.Flags, " "))
	}
	if m.Memory > 0 {
		t.Row("memory", fmt.Sprintf("%.1f GiB", float64(m.Memory)/(1<<30)))
	}
	t.Row("system", m.Kernel+", "+m.Go)
	for _, name := range slices.Sorted(maps.Keys(r.Libraries)) {
		t.Row(name, r.Libraries[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		t.Row("setting "+name, r.Settings[name])
	}
	return t
}
