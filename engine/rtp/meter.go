package rtp

import "time"

// meter turns counts into rates over windows of about one second.
type meter struct {
	start          time.Time
	packets, bytes uint64
	packetRate     float64 // packets/s of the last full window
	bitRate        float64 // bit/s of the last full window
}

const meterWindow = time.Second

// add counts one packet. It reports whether a window has just ended.
func (m *meter) add(now time.Time, bytes int) bool {
	rolled := m.roll(now)
	m.packets++
	m.bytes += uint64(bytes)
	return rolled
}

// roll closes the window when its time is over.
func (m *meter) roll(now time.Time) bool {
	if m.start.IsZero() {
		m.start = now
		return false
	}
	elapsed := now.Sub(m.start)
	if elapsed < meterWindow {
		return false
	}
	seconds := elapsed.Seconds()
	m.packetRate = float64(m.packets) / seconds
	m.bitRate = float64(m.bytes) * 8 / seconds
	m.packets, m.bytes, m.start = 0, 0, now
	return true
}
