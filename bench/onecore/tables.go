package onecore

import (
	"fmt"
	"slices"
	"strings"

	"parley/bench/report"
	"parley/composer/pixel"
)

// titles say what the last column of a group's table counts.
var titles = map[string]string{
	Decode:  "Decode H.264 (streams of 30 pictures/s)",
	Scale:   "Scale a picture to a cell (streams of 30 pictures/s)",
	Compose: "Compose (views of 30 pictures/s)",
	Encode:  "Encode H.264 with x264 (streams of 30 pictures/s)",
	Sound:   "Sound (streams of 50 frames/s)",
	SRTP:    "SRTP (streams of 180 packets/s, 1.5 Mbit/s; of sound: 50 packets/s)",
	UDP:     "UDP on loopback (streams of 180 packets/s, 1.5 Mbit/s; of sound: 50 packets/s)",
}

// Fill puts the results into a run: a table for each group, the curves of time
// against size, and what they add up to for one caller.
func Fill(r *report.Run, results []Result) {
	r.Setting("kernels", pixel.Active())
	r.Setting("pictures", "people who move, camera noise of 6 steps; 1.5 Mbit/s at 1280x720, constrained baseline")
	r.Setting("clock", "processor time of one thread, fastest of the rounds")
	if ports, ok := portsPerCore(results); ok {
		r.Figures = append(r.Figures, report.Figure{
			Name: "ports per core, nothing shared", Value: ports, Better: report.Higher,
			Note: "decode, compose, encode with the chosen settings at 1280x720p30; Opus both ways; six packets a picture both ways",
		})
	}
	for _, group := range Groups() {
		t := report.Table{Title: titles[group], Columns: []string{"operation", "size", "µs each", "per second", "streams per core", "median/fastest"}}
		for _, o := range results {
			if o.Group == group {
				t.Row(o.Name, o.Size, microseconds(o), fmt.Sprintf("%.0f", o.PerSecond()), fmt.Sprintf("%.1f", o.Streams()),
					fmt.Sprintf("%.2f", float64(o.Median)/float64(o.Each)))
			}
		}
		if len(t.Rows) > 0 {
			r.Table(t)
		}
	}
	curves(r, results)
}

func microseconds(r Result) float64 { return r.Each.Seconds() * 1e6 }

// curves draws time against size for all operations on whole pictures.
func curves(r *report.Run, results []Result) {
	type point struct{ x, y float64 }
	points := map[string][]point{}
	var names []string
	for _, o := range results {
		if o.Area == 0 || o.Group == Scale || strings.Contains(o.Name, "band") {
			continue
		}
		if points[o.Name] == nil {
			names = append(names, o.Name)
		}
		points[o.Name] = append(points[o.Name], point{float64(o.Area) / 1e6, o.Each.Seconds() * 1000})
	}
	for _, name := range names {
		list := points[name]
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b point) int { return int(1e6 * (a.x - b.x)) })
		var x, y []float64
		for _, p := range list {
			x, y = append(x, p.x), append(y, p.y)
		}
		r.Curve(name, "size of the picture, million luma samples", "time on one core, ms", x, y)
	}
}

// portsPerCore returns how many callers one core holds when each sends a
// picture and gets one of his own, and there is no other work; false when not
// all of that was measured.
func portsPerCore(results []Result) (float64, bool) {
	var load float64 // cores
	for _, need := range [...]struct{ group, name, size string }{
		{Decode, "decode", "1280x720"},
		{Compose, "compose", "1280x720"},
		{Encode, "encode " + Chosen, "1280x720"},
		{Sound, "opus encode", ""},
		{Sound, "opus decode", ""},
		{UDP, "send, 6 in a call (sendmmsg)", ""},
		{UDP, "receive, 6 in a call (recvmmsg)", ""},
	} {
		i := slices.IndexFunc(results, func(r Result) bool {
			return r.Group == need.group && strings.HasPrefix(r.Name, need.name) && (need.size == "" || r.Size == need.size)
		})
		if i < 0 {
			return 0, false
		}
		load += 1 / results[i].Streams()
	}
	return 1 / load, true
}
