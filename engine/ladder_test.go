package engine

import (
	"testing"

	"parley/codecs"
)

// levelLimits is ITU-T H.264 table A-1 for the levels that receivers declare.
var levelLimits = map[int]VideoLimits{
	10: {Level: 10, MaxFS: 99, MaxMBPS: 1485, MaxBitrate: 64_000},
	12: {Level: 12, MaxFS: 396, MaxMBPS: 6000, MaxBitrate: 384_000},
	13: {Level: 13, MaxFS: 396, MaxMBPS: 11880, MaxBitrate: 768_000},
	21: {Level: 21, MaxFS: 792, MaxMBPS: 19800, MaxBitrate: 4_000_000},
	22: {Level: 22, MaxFS: 1620, MaxMBPS: 20250, MaxBitrate: 4_000_000},
	30: {Level: 30, MaxFS: 1620, MaxMBPS: 40500, MaxBitrate: 10_000_000},
	31: {Level: 31, MaxFS: 3600, MaxMBPS: 108000, MaxBitrate: 14_000_000},
	40: {Level: 40, MaxFS: 8192, MaxMBPS: 245760, MaxBitrate: 20_000_000},
}

// Every rung must be a stream of the level that it is sent with.
func TestRungsKeepTheirLevel(t *testing.T) {
	for i, r := range ladder {
		limits, ok := levelLimits[r.Level]
		if !ok {
			t.Fatalf("rung %d has level %d, which the table lacks", i, r.Level)
		}
		if !limits.fits(r, 0) {
			t.Errorf("rung %d (%dx%d at %d, %d bit/s) breaks level %d", i, r.Width, r.Height, r.FPS, r.Bitrate, r.Level)
		}
		if i > 0 && (r.Bitrate >= ladder[i-1].Bitrate || r.macroblocks()*r.FPS > ladder[i-1].macroblocks()*ladder[i-1].FPS) {
			t.Errorf("rung %d is not below rung %d", i, i-1)
		}
		if FrameRate%r.FPS != 0 || r.Width%2 != 0 || r.Height%2 != 0 {
			t.Errorf("rung %d: %dx%d at %d", i, r.Width, r.Height, r.FPS)
		}
	}
}

func TestBestRung(t *testing.T) {
	with := func(l VideoLimits, change func(*VideoLimits)) VideoLimits { change(&l); return l }
	cases := []struct {
		name          string
		limits        VideoLimits
		maxHeight     int
		width, height int
	}{
		{"level 4 takes 1080p", levelLimits[40], 0, 1920, 1080},
		{"level 4 in an hd conference", levelLimits[40], 720, 1280, 720},
		{"level 3.1 takes 720p", levelLimits[31], 0, 1280, 720},
		{"level 3 takes 360p", levelLimits[30], 0, 640, 360},
		{"level 1.3 takes 180p", levelLimits[13], 0, 320, 180},
		{"level 1.3 with max-fs and max-mbps of 720p", with(levelLimits[13], func(l *VideoLimits) {
			l.MaxFS, l.MaxMBPS, l.MaxBitrate = 3600, 108000, 2_000_000
		}), 0, 1280, 720},
		{"720p but only 512 kbit/s", with(levelLimits[31], func(l *VideoLimits) { l.MaxBitrate = 512_000 }), 0, 640, 360},
		{"level 1", levelLimits[10], 0, 160, 90},
		{"nothing said", VideoLimits{Profile: codecs.Main}, 0, 1920, 1080},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := ladder[c.limits.bestRung(c.maxHeight)]
			if r.Width != c.width || r.Height != c.height {
				t.Errorf("got %dx%d, want %dx%d", r.Width, r.Height, c.width, c.height)
			}
		})
	}
	if i := (VideoLimits{MaxBitrate: 20_000}).bestRung(0); i != len(ladder) {
		t.Errorf("a receiver of 20 kbit/s is sent rung %d", i)
	}
}
