package subject

import (
	"strconv"
	"strings"
)

// Metrics are the samples of a Prometheus text page by name with its labels as
// they are written: `parley_rtp_packets_total{direction="rx"}`.
type Metrics map[string]float64

// ParseMetrics reads the text exposition format, version 0.0.4. What it does
// not understand is left out.
func ParseMetrics(page []byte) Metrics {
	m := Metrics{}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		// Labels may hold spaces; the value comes behind them.
		end := strings.LastIndexByte(line, '}') + 1
		if end == 0 {
			end = strings.IndexByte(line, ' ')
		}
		if end <= 0 {
			continue
		}
		if f := strings.Fields(line[end:]); len(f) > 0 {
			if v, err := strconv.ParseFloat(f[0], 64); err == nil {
				m[line[:end]] = v
			}
		}
	}
	return m
}

// Since returns by how much each sample has risen; samples that were not there
// before count from zero.
func (m Metrics) Since(before Metrics) Metrics {
	d := make(Metrics, len(m))
	for name, v := range m {
		d[name] = v - before[name]
	}
	return d
}

// Labelled returns the samples of a metric by the value of its only label.
func (m Metrics) Labelled(name string) map[string]float64 {
	found := map[string]float64{}
	for full, v := range m {
		if labels, ok := strings.CutPrefix(full, name+"{"); ok {
			_, value, _ := strings.Cut(strings.TrimSuffix(labels, "}"), "=")
			found[strings.Trim(value, `"`)] = v
		}
	}
	return found
}
