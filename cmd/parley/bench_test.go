package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/bench/report"
)

func TestBenchCommandLine(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file.json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	flat := report.New("flat", "v1")
	paths, err := flat.Write(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code int
		want string // in what is written
	}{
		{"bench", 2, `expected one of "conference"`},
		{"bench --help", 0, "Examples:"},
		{"bench codecs --help", 0, "--presets"},
		{"bench codecs --only dance --out=", 2, "decode, scale, compose, encode, sound, srtp, udp"},
		{"bench codecs --sizes 3x3 --out=", 2, "--sizes 3x3"},
		{"bench codecs --time 0s --out=", 2, "--time 0s"},
		{"bench codecs --out " + file, 1, "--out:"},
		{"bench quality --help", 0, "--rounds"},
		{"bench quality --rates 0.001 --out=", 2, "1000 bit/s"},
		{"bench quality --pictures 0 --out=", 2, "1 or more"},
		{"bench quality --out " + file, 1, "--out:"},
		{"bench bands --help", 0, "--preset"},
		{"bench bands --length 10ms --out=", 2, "--length 10ms"},
		{"bench bands --profile tall --out=", 2, "baseline"},
		{"bench plot", 2, "<file.json>"},
		{"bench plot --help", 0, "--format"},
		{"bench plot /nonexistent.json", 1, "no such file"},
		{"bench plot " + file, 1, "not a run of the bench"},
		{"bench plot " + paths[0], 1, "no curves"},
		{"bench plot --format bmp " + file, 2, "svg and png"},
		{"bench plot --size 9x9 " + file, 2, "--size 9x9"},
	} {
		var out bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("parley %s: code %d, want %d with %q:\n%s", test.args, code, test.code, test.want, out.String())
		}
	}
}

// A short run: its JSON is printed, its files are written, its progress is told.
func TestBenchCodecs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "runs")
	var out, progress bytes.Buffer
	if code := run([]string{"bench", "codecs", "--only", "sound,srtp", "--time", "1ns", "--json", "--out", folder}, &out, &progress); code != 0 {
		t.Fatalf("code %d: %s", code, progress.String())
	}
	var printed report.Run
	if err := json.Unmarshal(out.Bytes(), &printed); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	files, err := filepath.Glob(filepath.Join(folder, "codecs-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: %v", err, files)
	}
	written, err := report.Read(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if printed.Bench != "codecs" || len(printed.Tables) != 2 || len(written.Tables) != 2 || printed.Seconds != written.Seconds || written.Seconds <= 0 {
		t.Errorf("printed %+v\nwritten %+v", printed, written)
	}
	if printed.Settings["only"] != "sound,srtp" || printed.Settings["time"] != "1ns" {
		t.Errorf("settings %v", printed.Settings)
	}
	for _, want := range []string{" 1 of 18  opus encode", "18 of 18", "written " + files[0], ".md\n"} {
		if !strings.Contains(progress.String(), want) {
			t.Errorf("%q is not told:\n%s", want, progress.String())
		}
	}
}

func TestBenchPlot(t *testing.T) {
	folder := t.TempDir()
	r := report.New("ramp", "v1")
	r.Curve("hidden", "ports", "CPU, cores", []float64{1, 2, 3}, []float64{1, 2, 3})
	paths, err := r.Write(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	charts := filepath.Join(folder, "charts")
	if code := run([]string{"bench", "plot", paths[0], "--out", charts}, &out, &out); code != 0 {
		t.Fatalf("code %d: %s", code, out.String())
	}
	base := filepath.Join(charts, strings.TrimSuffix(filepath.Base(paths[0]), ".json")+"-cpu-against-ports")
	if want := base + ".svg\n" + base + ".png\n"; out.String() != want {
		t.Errorf("have %swant %s", out.String(), want)
	}
	for _, format := range []string{".svg", ".png"} {
		if info, err := os.Stat(base + format); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", format, err)
		}
	}
	out.Reset()
	if code := run([]string{"bench", "plot", paths[0], paths[0], "--format", "svg"}, &out, &out); code != 0 || out.String() != filepath.Join(folder, "ramp-cpu-against-ports.svg\n") {
		t.Errorf("two runs, beside the first: code %d: %s", code, out.String())
	}
}
