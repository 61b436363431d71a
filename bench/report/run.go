// Package report holds what a run of the bench found, on which machine and with
// which settings, writes it for people and for programs, and reads it again.
// It measures nothing itself; all of bench and cmd may import it.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"parley/codecs/native"
)

// ErrNotARun says that a file holds something else than a run of the bench.
var ErrNotARun = errors.New("not a run of the bench")

// Run is what one run of the bench found.
type Run struct {
	Bench     string            `json:"bench"` // codecs, conference, ...
	Began     time.Time         `json:"began"`
	Seconds   float64           `json:"seconds"` // how long it took
	Version   string            `json:"version"` // commit that was built
	Machine   Machine           `json:"machine"`
	Libraries map[string]string `json:"libraries"` // name -> version
	Settings  map[string]string `json:"settings"`
	Figures   []Figure          `json:"figures"`
	Tables    []Table           `json:"tables"`
	Curves    []Curve           `json:"curves"`
}

// New returns a run that begins now on this machine.
func New(bench, version string) *Run {
	return &Run{
		Bench: bench, Began: time.Now().UTC().Round(time.Millisecond), Version: version,
		Machine: ThisMachine(), Libraries: native.Codecs().Libraries, Settings: map[string]string{},
		Figures: []Figure{}, Tables: []Table{}, Curves: []Curve{},
	}
}

// Figure adds a figure that has no target. One that could not be measured is
// NaN: JSON has it as null.
func (r *Run) Figure(name, unit string, value float64) {
	r.Figures = append(r.Figures, Figure{Name: name, Unit: unit, Value: value})
}

// Target adds a figure that should be at most (Lower) or at least (Higher) the
// limit.
func (r *Run) Target(name, unit string, value, limit float64, better string) {
	r.Figures = append(r.Figures, Figure{Name: name, Unit: unit, Value: value, Limit: &limit, Better: better})
}

// Setting notes what the run was told.
func (r *Run) Setting(k string, v any) { r.Settings[k] = fmt.Sprint(v) }

// Table adds a table.
func (r *Run) Table(t Table) { r.Tables = append(r.Tables, t) }

// Curve adds a curve; x and y are of one length and are kept.
func (r *Run) Curve(name, xLabel, yLabel string, x, y []float64) {
	r.Curves = append(r.Curves, Curve{Name: name, XLabel: xLabel, YLabel: yLabel, X: x, Y: y})
}

// Missed returns the figures whose targets are not met.
func (r *Run) Missed() []Figure {
	var missed []Figure
	for _, f := range r.Figures {
		if f.Limit != nil && !f.Met() {
			missed = append(missed, f)
		}
	}
	return missed
}

// Finish notes how long the run took. Only the first call does; Write makes it
// when nobody else has.
func (r *Run) Finish() {
	if r.Seconds == 0 {
		r.Seconds = math.Round(1000*time.Since(r.Began).Seconds()) / 1000
	}
}

// Write writes the run into the folder, which it makes, as <bench>-<time>.json
// and as <bench>-<time>.md, and returns their paths. A run of the same second
// is not overwritten: the names go on with -2, -3 and so on.
func (r *Run) Write(folder string) (paths []string, err error) {
	r.Finish()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	base := filepath.Join(folder, r.Bench+"-"+r.Began.UTC().Format("20060102T150405Z"))
	for i, name := 2, base; ; i, name = i+1, fmt.Sprintf("%s-%d", base, i) {
		err := writeNew(name+".json", append(text, '\n'))
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(name+".md", []byte(r.Markdown()), 0o644); err != nil {
			return []string{name + ".json"}, err
		}
		return []string{name + ".json", name + ".md"}, nil
	}
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// Read reads a run that Write wrote.
func Read(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrNotARun, err)
	}
	if r.Bench == "" || r.Began.IsZero() {
		return nil, fmt.Errorf("%s: %w: it says neither which nor when", path, ErrNotARun)
	}
	for _, c := range r.Curves {
		if len(c.X) != len(c.Y) {
			return nil, fmt.Errorf("%s: %w: curve %q has %d and %d coordinates", path, ErrNotARun, c.Name, len(c.X), len(c.Y))
		}
	}
	return r, nil
}
