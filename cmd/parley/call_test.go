package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/engine/rtp"
	"parley/signaling/sip"
)

func TestRefusalsSayWhy(t *testing.T) {
	for _, test := range []struct {
		code          int
		warning, want string
	}{
		{404, `399 parley "no conference is called \"x\""`, `no conference is called "x"`},
		{488, `305 parley "Incompatible media format: no common codec"`, "Incompatible media format: no common codec"},
		{486, "", "is full"},
		{603, "399 parley no quotes", "603"},
		{603, `399 parley "never closed`, "603"},
		{603, "399 a \"red \x1b[31m\"", "red [31m"},
	} {
		status := &sip.StatusError{Code: test.code, Reason: "Refused", Header: map[string]string{"Warning": test.warning}}
		err := explainCall(fmt.Errorf("calling: %w", status), "sip:x@y")
		if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, "never closed") || strings.Contains(text, "\x1b") {
			t.Errorf("%d, Warning %s: %q", test.code, test.warning, err)
		}
		if !errors.As(err, &status) {
			t.Errorf("%v hides the answer", err)
		}
	}
}

func TestReport(t *testing.T) {
	var s caller.Stats
	s.Transport, s.Joined, s.Length = "tcp", 12_345_678*time.Nanosecond, 10_040*time.Millisecond
	s.InfoKeyFrames = 2
	s.Video.Codec, s.Video.Width, s.Video.Decoded, s.Video.KeyFrames = "H264", 1280, 300, 4
	s.Video.LongestFreeze = 70 * time.Millisecond
	s.Video.RTP = rtp.Stats{
		ReceivedPackets: 997, Lost: 3, ReceivedBitrate: 1_234_567, SentBitrate: 300_049, Jitter: 1234 * time.Microsecond,
		RTT: 20_049 * time.Microsecond, RemoteLoss: 0.01234, KeyFrameRequestsReceived: 3, SentPackets: 77,
	}
	s.Audio.Codec, s.Audio.SendCodec, s.Audio.Packets, s.Audio.Concealed, s.Audio.Level = "opus", "PCMU", 99, 1, -26.04
	var out bytes.Buffer
	if err := (&callCommand{JSON: true}).report(&out, s); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"transport": "tcp", "answered_ms": 12.3, "seconds": 10.0,
		"video codec": "H264", "video width": 1280.0, "video pictures": 300.0, "video key_frames": 4.0, "video longest_freeze_ms": 70.0,
		"video received_kbps": 1234.6, "video sent_kbps": 300.0, "video lost_percent": 0.3, "video jitter_ms": 1.2,
		"video round_trip_ms": 20.0, "video remote_lost_percent": 1.23, "video packets_sent": 77.0,
		"video key_frame_requests_received": 5.0,
		"audio codec":                       "opus", "audio codec_sent": "PCMU", "audio packets_concealed": 1.0, "audio concealed_percent": 1.0,
		"audio level_dbov": -26.0, "audio lost_percent": 0.0,
	} {
		at, last := got, path
		if part, name, ok := strings.Cut(path, " "); ok {
			at, _ = got[part].(map[string]any)
			last = name
		}
		have, isNumber := at[last].(float64)
		if n, ok := want.(float64); ok && (!isNumber || math.Abs(have-n) > 1e-9) || !ok && at[last] != want {
			t.Errorf("%s: %v, want %v", path, at[last], want)
		}
	}
	out.Reset()
	if err := (&callCommand{}).report(&out, s); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%v: %s", err, out.String())
	}
	if err := (&callCommand{}).report(&out, caller.Stats{}); err == nil {
		t.Error("a call without media is none")
	}
}
