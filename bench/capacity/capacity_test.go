//go:build cgo

package capacity_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"parley/bench/capacity"
	"parley/bench/load"
	"parley/config"
)

func TestMain(m *testing.M) {
	load.Serve()
	capacity.ServeCodecs()
	os.Exit(m.Run())
}

// binary builds the program, or takes the one that PARLEY_BINARY names.
func binary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PARLEY_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "parley")
	build := exec.Command("go", "build", "-o", path, "parley/cmd/parley")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return path
}

// A short small conference: pictures flow and the figures are there.
func TestSmoke(t *testing.T) {
	r, err := capacity.Measure(t.Context(), capacity.Options{
		Binary: binary(t), Parties: 3, Duration: 2 * time.Second, OwnThumbnail: config.Shown,
		Width: 320, Height: 180, Bitrate: 200_000, Level: 13, MaxBitrate: 300_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + r.String())
	m := r.Mean
	if m.Node.Encoders != 2 || m.Node.Decoders != 3 {
		t.Errorf("%d encoders and %d decoders, want 2 (the common view and the speaker's) and 3", m.Node.Encoders, m.Node.Decoders)
	}
	if m.Node.Encoded <= 0 || m.Node.Decoded <= 0 {
		t.Errorf("%.1f pictures encoded and %.1f decoded per second", m.Node.Encoded, m.Node.Decoded)
	}
	for i, f := range m.Receivers {
		if f <= 0 {
			t.Errorf("caller %d was sent no picture", i)
		}
	}
	for what, v := range map[string]float64{
		"node's time": m.CPU(), "ratio": m.Ratio(), "ports per core": r.PortsPerCore(),
		"decoding": m.Codec.VideoDecode, "encoding": m.Codec.VideoEncode,
		"decoding sound": m.Codec.AudioDecode, "encoding sound": m.Codec.AudioEncode,
	} {
		if v <= 0 {
			t.Errorf("%s: %v", what, v)
		}
	}
	if text, err := json.Marshal(r); err != nil || !json.Valid(text) {
		t.Errorf("JSON: %s, %v", text, err)
	}
}

// TestMeasure prints the figures of a conference of eight; only with
// PARLEY_BENCH=1, since it takes minutes. PARLEY_BENCH_JSON names a file for
// the figures.
func TestMeasure(t *testing.T) {
	if os.Getenv("PARLEY_BENCH") == "" {
		t.Skip("PARLEY_BENCH is not set")
	}
	path := binary(t)
	var all []capacity.Result
	for _, own := range []config.OwnThumbnail{config.Hidden, config.Shown} {
		r, err := capacity.Measure(t.Context(), capacity.Options{Binary: path, Duration: 20 * time.Second, OwnThumbnail: own})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("\n" + r.String())
		all = append(all, r)
	}
	file := os.Getenv("PARLEY_BENCH_JSON")
	if file == "" {
		return
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
