package report

import (
	"encoding/json"
	"math"
	"strconv"
)

// Which side of its limit a figure should be on.
const (
	Lower  = "lower"  // at most the limit
	Higher = "higher" // at least the limit
)

// Figure is one number that a run found.
type Figure struct {
	Name   string   `json:"name"`
	Unit   string   `json:"unit"`             // "" = a ratio or a count
	Value  float64  `json:"value"`            // NaN = not measured, null in JSON
	Limit  *float64 `json:"limit,omitempty"`  // the target, nil = none
	Better string   `json:"better,omitempty"` // Lower, Higher or ""
	Note   string   `json:"note,omitempty"`
}

// Met reports whether the figure has a target and meets it.
func (f Figure) Met() bool {
	switch {
	case f.Limit == nil:
		return false
	case f.Better == Higher:
		return f.Value >= *f.Limit
	default:
		return f.Value <= *f.Limit
	}
}

// figureJSON is Figure with a value that may be missing: JSON has no NaN.
type figureJSON struct {
	figureFields
	Value *float64 `json:"value"`
}

type figureFields Figure

// MarshalJSON writes a value that is no finite number as null.
func (f Figure) MarshalJSON() ([]byte, error) {
	j := figureJSON{figureFields: figureFields(f)}
	if finite(f.Value) {
		j.Value = &f.Value
	}
	if f.Limit != nil && !finite(*f.Limit) {
		j.Limit = nil
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads null as NaN.
func (f *Figure) UnmarshalJSON(text []byte) error {
	var j figureJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*f = Figure(j.figureFields)
	f.Value = math.NaN()
	if j.Value != nil {
		f.Value = *j.Value
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Number writes a value with the digits that a reader needs: about four, and no
// exponent between 0.001 and a billion.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case !finite(v):
		return "-"
	case v == math.Trunc(v) && a < 1e9:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 1000 && a < 1e9:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 100 && a < 1000:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 10 && a < 100:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a >= 0.1 && a < 10:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case a >= 0.001 && a < 0.1:
		return strconv.FormatFloat(v, 'f', 5, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
