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
		"parley_encoders 6", "parley_decoders 4", "parley_load 0.43", "parley_video_frames_total 88000",
		"parley_video_frames_skipped_total 16", `parley_rtp_packets_total{direction="rx",media="video"} 36000`,
		`parley_rtp_packets_lost_total{media="video"} 21`, `parley_rtp_packets_discarded_total{media="audio"} 12`,
		`parley_conference_events_total{event="ticks"} 22620`,
	)
	if !strings.Contains(get(h, "/metrics").Body.String(), "\ngo_goroutines ") {
		t.Error("no metrics of the Go runtime")
	}

	// Asking again adds nothing; growth is added; what a leaver counted stays.
	conference := &state.Conferences[0]
	expect("parley_video_frames_total 88000")
	conference.Participants[0].Video.RxPackets += 500
	expect(`parley_rtp_packets_total{direction="rx",media="video"} 36500`)
	conference.Participants = conference.Participants[1:]
	expect("parley_participants 3", `parley_rtp_packets_total{direction="rx",media="video"} 36500`)
	state.Conferences = nil
	expect("parley_conferences 0", "parley_video_frames_total 88000", `parley_rtp_packets_total{direction="rx",media="video"} 36500`)
}
