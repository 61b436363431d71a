package web

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/engine"
	"parley/engine/load"
)

// metricsHandler serves the status as Prometheus metrics from a registry of its own.
func metricsHandler(c Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&metrics{c.Status, c.Refused, c.Version},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, MaxRequestsInFlight: 4})
}

// metrics turns a status into metrics when somebody asks.
type metrics struct {
	status  func() engine.Status
	refused func() map[string]uint64 // nil = nobody counts
	version string
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
	descLoad         = desc("load", "Share of the processors' time that media work takes, 0 to 1.")
	descUsage        = desc("cpu_usage", "Share of the processors that the program takes, 0 to 1.")
	descFree         = desc("capacity_free_ports", "About how many more callers at 720p30 fit.")
	descStep         = desc("quality_step", "How much quality is given up for want of time: 1 for the step that holds.", "step")
	descRefused      = desc("calls_refused_total", "Calls refused, and pictures that calls could not add (load_picture).", "reason")
	descWork         = desc("stage_seconds_total", "Time spent on each kind of media work.", "stage")
)

// counter is a metric that one of the totals of a status becomes.
type counter struct {
	total  string
	desc   *prometheus.Desc
	labels []string
}

// The counters. They never change.
var (
	descPackets = desc("rtp_packets_total", "RTP packets received (rx) and sent (tx).", "direction")
	counters    = []counter{
		{"frames", desc("video_frames_total", "Video frames made, once for all who receive the same."), nil},
		{"key_frames", desc("video_key_frames_total", "Video key frames made."), nil},
		{"skipped_frames", desc("video_frames_skipped_total", "Video frames not made because the one before was not done."), nil},
		{"band_frames", desc("band_frames_total", "Frames of bands encoded."), nil},
		{"band_intra_frames", desc("band_intra_frames_total", "Frames of bands encoded without reference to others."), nil},
		{"band_skipped_frames", desc("band_frames_skipped_total", "Frames of bands not encoded because the one before was not done."), nil},
		{"band_uneven_frames", desc("band_uneven_total", "Times that black rows between bands did not decode flat."), nil},
		{"rx_packets", descPackets, []string{"rx"}},
		{"tx_packets", descPackets, []string{"tx"}},
		{"rx_lost", desc("rtp_packets_lost_total", "RTP packets that did not arrive."), nil},
		{"rx_discarded", desc("rtp_packets_discarded_total", "Packets that were malformed, foreign, replayed or late."), nil},
		{"rx_passed", desc("rtp_packets_passed_total", "Packets of sound that were not decoded because nobody would hear them."), nil},
	}
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descBuild, descConferences, descParticipants, descViews, descEncoders, descDecoders, descLoad, descWork, descUsage, descFree, descStep, descRefused} {
		ch <- d
	}
	for _, c := range counters {
		ch <- c.desc
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
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
	gauge(descUsage, s.Capacity.Usage)
	gauge(descFree, float64(s.Capacity.Ports))
	for step := load.Full; step <= load.HalfRate; step++ {
		holds := 0.0
		if step.String() == s.Capacity.Step {
			holds = 1
		}
		gauge(descStep, holds, step.String())
	}
	if m.refused != nil {
		for reason, n := range m.refused() {
			ch <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(n), reason)
		}
	}
	for stage, seconds := range s.Work {
		ch <- prometheus.MustNewConstMetric(descWork, prometheus.CounterValue, seconds, stage)
	}
	for _, c := range counters {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(s.Totals[c.total]), c.labels...)
	}
}
