package web

import (
	"strings"
	"testing"

	"parley/engine"
)

func TestMetrics(t *testing.T) {
	state := fakeStatus()
	c := fakeConfig()
	c.Status = func() engine.Status { return state }
	h := New(c)
	defer h.Close()
	expect := func(lines ...string) {
		t.Helper()
		body := get(h, "/metrics").Body.String()
		for _, line := range lines {
			if !strings.Contains(body, "\n"+line+"\n") {
				name, _, _ := strings.Cut(line, " ")
				_, rest, _ := strings.Cut(body, "\n"+name+" ")
				have, _, _ := strings.Cut(rest, "\n")
				t.Errorf("want %s, have %s", line, have)
			}
		}
	}
	expect(
		`parley_build_info{version="v0-test"} 1`, "parley_conferences 1", "parley_participants 4", "parley_views 3",
		"parley_encoders 6", "parley_decoders 4", "parley_load 0.43",
		"parley_video_frames_total 88001", "parley_video_key_frames_total 36", "parley_video_frames_skipped_total 16",
		`parley_rtp_packets_total{direction="rx"} 39600`, `parley_rtp_packets_total{direction="tx"} 49000`,
		"parley_rtp_packets_lost_total 21", "parley_rtp_packets_discarded_total 12",
	)
	if !strings.Contains(get(h, "/metrics").Body.String(), "\ngo_goroutines ") {
		t.Error("no metrics of the Go runtime")
	}

	// Counters are of the whole life of the node, whoever is still there.
	state.Totals["rx_packets"] += 500
	state.Conferences = nil
	expect("parley_conferences 0", "parley_participants 0", "parley_video_frames_total 88001", `parley_rtp_packets_total{direction="rx"} 40100`)
}
