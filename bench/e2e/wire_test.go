//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/bench/peer"
	"parley/codecs"
	"parley/config"
	"parley/engine/rtp"
	"parley/node"
)

// TestWire has tshark read everything that a node says and hears during calls
// that hold, lose packets and ask for key frames. It must find nothing
// malformed and nothing that it calls an error.
func TestWire(t *testing.T) {
	t.Setenv(rtp.OffloadVariable, "off") // else a run of packets passes the loopback interface as one
	const first, last = 38000, 38099
	ctx, n := open(t, func(c *node.Config) {
		c.Deployment.Global.MaxPixelsPerSecond, c.Config.Media.Ports = "hd", config.PortRange{First: first, Last: last}
	})
	sip := int(n.SIPAddr("udp").Port())
	tcp := int(n.SIPAddr("tcp").Port())
	capture, err := peer.NewCapture(ctx, folder(t),
		fmt.Sprintf("udp port %d or tcp port %d or udp portrange %d-%d", sip, tcp, first, last), sip)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(capture.Close)
	var callers []*caller.Caller
	for i := range 3 {
		cfg := caller.Config{
			URI: uri(n, "meet"), Name: "Caller " + string(rune('A'+i)), Library: library(), Talking: i == 0,
			Video:   &clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 30, Bitrate: 400_000, Noise: 4},
			Sound:   &clip.SoundSpec{Kind: clip.Speech, Caller: i},
			Network: &caller.Network{LossIn: 0.02, LossOut: 0.02, Seed: uint64(i)},
			RTCPMux: i == 1, LateOffer: i == 2,
		}
		if i == 1 {
			cfg.H264.PacketizationModes = []int{0}
			cfg.AudioCodecs = []string{codecs.G722}
		}
		c, err := caller.Dial(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		callers = append(callers, c)
	}
	for i, c := range callers {
		if err := c.Await(ctx, func(c *caller.Caller) bool {
			s := c.Stats()
			return s.Video.Decoded > 60 && s.Dropped > 5 && s.Video.RTP.SenderReports > 0
		}); err != nil {
			t.Fatalf("caller %d: %v, %+v", i, err, c.Stats())
		}
	}
	if err := callers[0].Hold(ctx); err != nil {
		t.Fatal(err)
	}
	if err := callers[0].Resume(ctx); err != nil {
		t.Fatal(err)
	}
	decoded := callers[0].Stats().Video.Decoded
	if err := callers[0].Await(ctx, func(c *caller.Caller) bool { return c.Stats().Video.Decoded > decoded+30 }); err != nil {
		t.Fatal(err)
	}
	for _, c := range callers {
		if err := c.Hangup(ctx); err != nil {
			t.Error(err)
		}
	}
	capture.Stop()
	judge(t, capture, n, first, last)
}

func judge(t *testing.T, capture *peer.Capture, n *node.Node, first, last int) {
	ctx := t.Context()
	read := func(filter string, fields ...string) [][]string {
		t.Helper()
		rows, err := capture.Read(ctx, filter, fields...)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	for _, row := range read("_ws.malformed or _ws.expert.severity >= 0x00800000",
		"frame.number", "udp.srcport", "_ws.col.Protocol", "_ws.expert.message", "_ws.col.Info") {
		t.Errorf("tshark complains: %s", strings.Join(row, " | "))
	}
	for filter, least := range map[string]int{
		"sip.Method == INVITE": 4, "sip.Status-Code == 200": 5, "sdp": 6, "rtp": 500, "h264": 150,
		"rtcp.pt == 200": 3, "rtcp.pt == 202": 3, "rtcp.pt == 206": 1, "rtcp.pt == 205": 1,
	} {
		if rows := read(filter, "frame.number"); len(rows) < least {
			t.Errorf("%d packets of %q, want at least %d: what was judged is not what was meant", len(rows), filter, least)
		}
	}
	ours := fmt.Sprintf("udp.srcport >= %d and udp.srcport <= %d", first, last)
	// Of every stream that we send: no number left out or out of order, and the
	// same payload type throughout.
	type stream struct {
		next int
		pt   string
		n    int
	}
	streams := map[string]*stream{}
	for _, row := range read("rtp and "+ours, "rtp.ssrc", "rtp.seq", "rtp.p_type") {
		seq, _ := strconv.Atoi(row[1])
		s := streams[row[0]]
		if s == nil {
			streams[row[0]] = &stream{next: (seq + 1) & 0xffff, pt: row[2], n: 1}
			continue
		}
		if behind := (s.next - seq) & 0xffff; behind > 0 && behind < 1000 {
			continue // sent again for a NACK
		}
		if seq != s.next {
			t.Errorf("SSRC %s: %d after %d", row[0], seq, s.next-1)
		}
		if row[2] != s.pt {
			t.Errorf("SSRC %s: payload type %s after %s", row[0], row[2], s.pt)
		}
		s.next, s.n = (seq+1)&0xffff, s.n+1
	}
	if len(streams) != 6 {
		t.Errorf("%d streams sent, want sound and pictures for three", len(streams))
	}
	// SPS, PPS, IDR and other slices, by whatever packets carry them.
	seen := map[string]bool{}
	for _, row := range read("h264 and "+ours, "h264.nal_unit_hdr", "h264.start.bit") {
		for _, types := range strings.Split(row[0], ",") {
			seen[types] = true
		}
	}
	for _, want := range []string{"7", "8"} {
		if !seen[want] && !seen["24"] { // alone, or in a STAP-A
			t.Errorf("no NAL unit of type %s among %v", want, seen)
		}
	}
}

// TestRecording has ffprobe decode what a caller recorded.
func TestRecording(t *testing.T) {
	ctx, n := open(t, func(c *node.Config) { c.Deployment.Global.MaxPixelsPerSecond = "hd" })
	path := filepath.Join(folder(t), "meeting.mp4")
	var callers []*caller.Caller
	for i := range 3 {
		cfg := caller.Config{
			URI: uri(n, "meet"), Name: "Caller " + string(rune('A'+i)), Library: library(), Talking: i == 0,
			Video: &clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 30, Bitrate: 400_000},
			Sound: &clip.SoundSpec{Kind: clip.Tone, Caller: i},
		}
		if i == 2 {
			cfg.Record = path
		}
		c, err := caller.Dial(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		callers = append(callers, c)
	}
	if err := callers[2].Await(ctx, func(c *caller.Caller) bool { return c.Stats().Video.Decoded >= 150 }); err != nil {
		t.Fatal(err)
	}
	if err := callers[2].Hangup(ctx); err != nil {
		t.Error(err)
	}
	m, err := peer.Probe(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	var video, audio bool
	for _, s := range m.Streams {
		frames, _ := strconv.Atoi(s.Frames)
		seconds, _ := strconv.ParseFloat(s.Duration, 64)
		switch s.Kind {
		case "video":
			video = s.Codec == "h264" && s.Width == 1280 && s.Height == 720 && frames > 100 && seconds > 3 && seconds < 60
		case "audio":
			audio = s.Codec == "aac" && frames > 100 && seconds > 3 && seconds < 60
		}
	}
	if !video || !audio {
		t.Errorf("recording: %+v", m)
	}
	if st, err := os.Stat(path); err != nil || st.Size() < 50_000 {
		t.Errorf("recording: %v %v", st, err)
	}
}
