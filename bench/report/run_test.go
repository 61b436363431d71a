package report_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/bench/report"
)

func filled() *report.Run {
	r := report.New("codecs", "v1-2-gabc")
	r.Figure("decode 720p", "µs", 512.25)
	r.Figure("impossible", "s", math.NaN())
	r.Target("ports per core", "", 12.5, 12, report.Higher)
	r.Target("ratio", "", 1.2, 1.1, report.Lower)
	r.Target("unmeasured", "", math.NaN(), 1.1, report.Lower)
	r.Setting("seconds", 1.5)
	t := report.Table{Title: "Encode", Columns: []string{"preset", "size", "µs"}}
	t.Row("superfast", "1280x720", 1234.5678)
	t.Row("a|b\nc", "1280x720", 9.5)
	r.Table(t)
	r.Curve("cpu", "ports", "CPU, cores", []float64{1, 2, 3}, []float64{0.1, math.Inf(1), 0.3})
	return r
}

func TestWriteAndRead(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	r := filled()
	r.Seconds = 3
	paths, err := r.Write(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 2 || filepath.Ext(paths[0]) != ".json" || filepath.Ext(paths[1]) != ".md" ||
		!strings.HasPrefix(filepath.Base(paths[0]), "codecs-"+r.Began.Format("20060102T150405Z")) {
		t.Errorf("written: %v", paths)
	}
	back, err := report.Read(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 4} {
		if !math.IsNaN(back.Figures[i].Value) {
			t.Errorf("%q is %g", back.Figures[i].Name, back.Figures[i].Value)
		}
		back.Figures[i].Value, r.Figures[i].Value = 0, 0 // NaN is not equal to itself
	}
	if c := back.Curves[0]; !reflect.DeepEqual(c.X, []float64{1, 3}) || !reflect.DeepEqual(c.Y, []float64{0.1, 0.3}) {
		t.Errorf("points %v, %v", c.X, c.Y)
	}
	back.Curves, r.Curves = nil, nil
	if !reflect.DeepEqual(back, r) {
		t.Errorf("read  %+v\nwrote %+v", back, r)
	}
	text, err := os.ReadFile(paths[1])
	if err != nil || !strings.HasPrefix(string(text), "# bench codecs\n") {
		t.Errorf("%v: %s", err, text)
	}
	again, err := r.Write(folder)
	if err != nil || again[0] == paths[0] || !strings.HasSuffix(again[0], "-2.json") || !strings.HasSuffix(again[1], "-2.md") {
		t.Errorf("a second of the same second: %v, %v", again, err)
	}
}

func TestWriteFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if paths, err := filled().Write(file); err == nil {
		t.Errorf("written into a file: %v", paths)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":       "# bench",
		"anything else": `{"parties": 8}`,
		"no time":       `{"bench": "codecs"}`,
		"a lame curve":  `{"bench": "x", "began": "2026-01-02T03:04:05Z", "curves": [{"name": "c", "x": [1, 2], "y": [1]}]}`,
	} {
		path := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := report.Read(path); !errors.Is(err, report.ErrNotARun) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := report.Read("/nonexistent.json"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestMarkdown(t *testing.T) {
	text := filled().Markdown()
	for _, want := range []string{
		"| decode 720p    | 512.2 | µs ",
		"|     - | s ",
		"|    ≥ 12 | yes |",
		"| 1.200 |      | ≤ 1.100 | no  |",
		"|     - |      | ≤ 1.100 | no  |",
		"| superfast | 1280x720 |  1235 |",
		`| a\|b c    | 1280x720 | 9.500 |`,
		"| cpu   |      3 | ports / CPU, cores | (1, 0.100) | (3, 0.300) |",
		"| setting seconds",
		"v1-2-gabc",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestMissed(t *testing.T) {
	var names []string
	for _, f := range filled().Missed() {
		names = append(names, f.Name)
	}
	if !reflect.DeepEqual(names, []string{"ratio", "unmeasured"}) {
		t.Errorf("missed: %v", names)
	}
}

func TestFigureOfAnInfiniteTarget(t *testing.T) {
	r := report.New("x", "")
	r.Target("a", "s", 1, math.Inf(1), report.Lower)
	if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), "limit") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		v    float64
		want string
	}{
		{0, "0"},
		{12, "12"},
		{-3, "-3"},
		{1234.5, "1234"},
		{123.45, "123.5"},
		{12.345, "12.35"},
		{1.2345, "1.234"},
		{0.12345, "0.123"},
		{0.0123456, "0.01235"},
		{0.00012345, "0.0001234"},
		{1.5e12, "1.5e+12"},
		{math.Inf(1), "-"},
		{math.NaN(), "-"},
	} {
		if have := report.Number(test.v); have != test.want {
			t.Errorf("%g: %s, want %s", test.v, have, test.want)
		}
	}
}

func TestThisMachine(t *testing.T) {
	m := report.ThisMachine()
	if m.Processor == "" || m.Cores < 1 || m.Go == "" || m.Kernel == "" || m.Memory < 1<<20 {
		t.Errorf("%+v", m)
	}
}
