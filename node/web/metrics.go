package web

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/engine"
)

// metricsHandler serves the status as Prometheus metrics from a registry of its own.
func metricsHandler(c Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newMetrics(c.Status, c.Version),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, MaxRequestsInFlight: 4})
}

// metrics turns a status into metrics when somebody asks. What the status
// counts for each participant and view ends with him; totals keeps the sums
// rising as Prometheus expects of counters. What came between the last
// question and somebody's leaving is not in them.
type metrics struct {
	status  func() engine.Status
	version string

	mu     sync.Mutex
	last   map[string]uint64 // newest value of each counter of the status
	totals map[series]uint64
}

// series is one line of a counter metric: its description and up to two label values.
type series struct {
	desc   *prometheus.Desc
	labels [2]string
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parley_"+name, help, labels, nil)
}

// Descriptions of the metrics. They never change.
var (
	descBuild        = desc("build_info", "The program: always 1.", "version")
	descConferences  = desc("conferences", "Conferences running.")
	descParticipants = desc("participants", "Participants in all conferences.")
	descViews        = desc("views", "Different pictures composed.")
	descEncoders     = desc("encoders", "Video encoders running.")
	descDecoders     = desc("decoders", "Video decoders running.")
	descLoad         = desc("load", "Share of the codec workers' time in use, 0 to 1.")
	descFrames       = desc("video_frames_total", "Video frames encoded.")
	descKeyFrames    = desc("video_key_frames_total", "Video key frames encoded.")
	descSkipped      = desc("video_frames_skipped_total", "Video frames not encoded because the one before was not done.")
	descPackets      = desc("rtp_packets_total", "RTP packets received (rx) and sent (tx).", "media", "direction")
	descLost         = desc("rtp_packets_lost_total", "RTP packets that did not arrive.", "media")
	descDiscarded    = desc("rtp_packets_discarded_total", "Packets that were malformed, foreign, replayed or late.", "media")
	descEvents       = desc("conference_events_total", "What conferences count of themselves, by name.", "event")
)

func newMetrics(status func() engine.Status, version string) *metrics {
	return &metrics{status: status, version: version, last: map[string]uint64{}, totals: map[series]uint64{
		{desc: descFrames}: 0, {desc: descKeyFrames}: 0, {desc: descSkipped}: 0,
	}}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descBuild, descConferences, descParticipants, descViews, descEncoders, descDecoders, descLoad, descFrames,
		descKeyFrames, descSkipped, descPackets, descLost, descDiscarded, descEvents,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.status()
	participants, views := 0, 0
	for _, c := range s.Conferences {
		participants += len(c.Participants)
		views += len(c.Views)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(descBuild, 1, m.version)
	gauge(descConferences, float64(len(s.Conferences)))
	gauge(descParticipants, float64(participants))
	gauge(descViews, float64(views))
	gauge(descEncoders, float64(s.Encoders))
	gauge(descDecoders, float64(s.Decoders))
	gauge(descLoad, s.Load)
	m.count(s)
	for k, total := range m.totals {
		var labels []string
		for _, l := range k.labels {
			if l != "" {
				labels = append(labels, l)
			}
		}
		ch <- prometheus.MustNewConstMetric(k.desc, prometheus.CounterValue, float64(total), labels...)
	}
}

// count adds to the totals what the counters of s grew by.
func (m *metrics) count(s engine.Status) {
	now := make(map[string]uint64, len(m.last))
	add := func(key string, value uint64, d *prometheus.Desc, labels ...string) {
		k := series{desc: d}
		copy(k.labels[:], labels)
		key += "\x00" + d.String() + "\x00" + k.labels[0] + "\x00" + k.labels[1]
		grown := value - m.last[key]
		if value < m.last[key] { // the counter began anew
			grown = value
		}
		now[key] = value
		m.totals[k] += grown
	}
	for _, c := range s.Conferences {
		conference := c.Name + "\x00" + c.Started.String()
		for name, n := range c.Counters {
			add(conference, n, descEvents, name)
		}
		for _, v := range c.Views {
			same := map[string]int{} // renditions of one size differ in their rung, which changes
			for _, r := range v.Renditions {
				size := fmt.Sprintf("%dx%d %s", r.Width, r.Height, r.Profile)
				same[size]++
				key := fmt.Sprint(conference, "\x00", v.ID, "\x00", size, same[size])
				add(key, r.Frames, descFrames)
				add(key, r.KeyFrames, descKeyFrames)
				add(key, r.Skipped, descSkipped)
			}
		}
		for _, p := range c.Participants {
			for media, stream := range map[string]engine.StreamStatus{"audio": p.Audio, "video": p.Video} {
				key := conference + "\x00" + p.ID
				add(key, stream.RxPackets, descPackets, media, "rx")
				add(key, stream.TxPackets, descPackets, media, "tx")
				add(key, stream.RxLost, descLost, media)
				add(key, stream.RxDiscarded, descDiscarded, media)
			}
		}
	}
	m.last = now
}
