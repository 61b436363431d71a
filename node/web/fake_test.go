package web

import (
	"context"
	"errors"
	"time"

	"parley/codecs"
	"parley/engine"
	"parley/engine/load"
)

// fakeStatus is a node with one conference of four, one with a hostile name.
func fakeStatus() engine.Status {
	start := time.Now().Add(-754 * time.Second)
	video := func(resolution string, rx, tx int, loss float64) engine.StreamStatus {
		return engine.StreamStatus{
			RxCodec: codecs.H264, TxCodec: codecs.H264, RxBitrate: rx, TxBitrate: tx, RxResolution: resolution,
			TxResolution: "1280x720", RxFPS: 29.97, TxFPS: 30, RxPackets: 12000, TxPackets: 15000, RxLost: 7, RxLoss: loss, RxJitter: 4.2,
		}
	}
	audio := func(codec string, bits int) engine.StreamStatus {
		return engine.StreamStatus{RxCodec: codec, TxCodec: codec, RxBitrate: bits, TxBitrate: bits, RxPackets: 900, TxPackets: 1000, RxDiscarded: 3}
	}
	rendition := func(w, h, fps, rate, receivers int, profile string) engine.RenditionStatus {
		return engine.RenditionStatus{Width: w, Height: h, FPS: fps, Bitrate: rate, Profile: profile, Receivers: receivers, Frames: 22000, KeyFrames: 9, Skipped: 4}
	}
	return engine.Status{
		Encoders: 6, Decoders: 4, Load: 0.43,
		Capacity: load.State{Usage: 0.46, Step: load.Thumbnails.String(), Free: 0.7, Ports: 11, Refused: 3},
		Totals: map[string]uint64{
			"frames": 88001, "key_frames": 36, "skipped_frames": 16,
			"rx_packets": 39600, "tx_packets": 49000, "rx_lost": 21, "rx_discarded": 12, "rx_passed": 410,
		},
		Conferences: []engine.ConferenceStatus{{
			Name: "weekly / всё", Started: start, Layout: "one_main_seven_pips", OwnThumbnail: "hidden", Speaker: "p1",
			Counters: map[string]uint64{"ticks": 22620, "skipped_frames": 12, "late_mixes": 1},
			Participants: []engine.ParticipantStatus{
				{
					ID: "p1", DisplayName: "Ada Lovelace", RemoteAlias: "sip:ada@example.com", Protocol: "sip", Vendor: "Linphone/5.1", RemoteAddress: "192.0.2.7:5060",
					Joined: start, Speaking: true, Stage: 0, View: "own:p1", Audio: audio(codecs.Opus, 31800), Video: video("1280x720", 1480000, 1510000, 0),
				},
				{
					ID: "p2", DisplayName: "<img src=x onerror=alert(1)>", RemoteAlias: "sip:room-4@example.com", Protocol: "sip", Vendor: "baresip 1.0.0",
					Joined: start.Add(80 * time.Second), Stage: 1, View: "own:p2", Audio: audio(codecs.G722, 64000), Video: video("1920x1080", 3970000, 1490000, 3.4),
				},
				{
					ID: "p3", DisplayName: "会議室 東京", RemoteAlias: "sip:tokyo@example.jp", Protocol: "sip", Vendor: "Room Kit 9.1",
					Joined: start.Add(300 * time.Second), Stage: 2, View: "common", Audio: audio(codecs.Opus, 29000), Video: video("1280x720", 1210000, 1504000, 0.4),
				},
				{
					ID: "p4", RemoteAlias: "sip:+4930123456@gateway.example.com", Protocol: "sip", Joined: start.Add(700 * time.Second), Stage: -1, View: "common", OnHold: true,
					Audio: audio(codecs.PCMA, 64000),
				},
			},
			Views: []engine.ViewStatus{
				{ID: "common", Cells: []string{"p1", "p2", "p3"}, Receivers: 2, Renditions: []engine.RenditionStatus{
					rendition(1280, 720, 30, 1500000, 1, "high"), rendition(640, 360, 30, 500000, 1, "constrained baseline"),
				}},
				{ID: "own:p1", Cells: []string{"p2", "p3"}, Receivers: 1, Renditions: []engine.RenditionStatus{rendition(1280, 720, 30, 1500000, 1, "high")}},
				{ID: "own:p2", Cells: []string{"p1", "p3"}, Receivers: 1, Renditions: []engine.RenditionStatus{rendition(1280, 720, 30, 1500000, 1, "high")}},
			},
		}},
	}
}

var errNoSuchView = errors.New("no such view")

// fakeSnapshot draws a large cell over a row of small ones, in colours of the view.
func fakeSnapshot(_ context.Context, conference, view string) (*codecs.Picture, error) {
	if conference != "weekly / всё" || view == "" || view == "nobody" {
		return nil, errNoSuchView
	}
	p := codecs.NewPicture(1280, 720)
	rect := func(x0, y0, w, h int, y, u, v byte) {
		for j := y0; j < y0+h; j++ {
			for i := x0; i < x0+w; i++ {
				p.Y[j*p.StrideY+i] = y
				p.U[j/2*p.StrideUV+i/2], p.V[j/2*p.StrideUV+i/2] = u, v
			}
		}
	}
	n := byte(len(view) % 4)
	rect(0, 0, 1280, 720, 16, 128, 128)
	rect(142, 0, 996, 560, 235, 128, 128)
	rect(182, 40, 916, 480, 90+20*n, 100+10*n, 160-15*n)
	for i := range 2 {
		rect(464+182*i, 624, 170, 96, 120, 170-byte(i)*60, 90+byte(i)*60)
	}
	return p, nil
}
