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
	c.Refused = func() map[string]uint64 { return map[string]uint64{"load": 3, "unknown_alias": 0} }
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
		"parley_cpu_usage 0.46", "parley_capacity_free_ports 11",
		`parley_quality_step{step="thumbnails"} 1`, `parley_quality_step{step="full"} 0`, `parley_quality_step{step="half rate"} 0`,
		`parley_calls_refused_total{reason="load"} 3`, `parley_calls_refused_total{reason="unknown_alias"} 0`,
		"parley_video_frames_total 88001", "parley_video_key_frames_total 36", "parley_video_frames_skipped_total 16",
		`parley_rtp_packets_total{direction="rx"} 39600`, `parley_rtp_packets_total{direction="tx"} 49000`,
		"parley_rtp_packets_lost_total 21", "parley_rtp_packets_discarded_total 12",
		"parley_rtp_packets_passed_total 410",
	)
	if !strings.Contains(get(h, "/metrics").Body.String(), "\ngo_goroutines ") {
		t.Error("no metrics of the Go runtime")
	}

	// Counters are of the whole life of the node, whoever is still there.
	state.Totals["rx_packets"] += 500
	state.Conferences = nil
	expect("parley_conferences 0", "parley_participants 0", "parley_video_frames_total 88001", `parley_rtp_packets_total{direction="rx"} 40100`)
}
