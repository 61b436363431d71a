package bus

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// seldom lets one line a second into the log of what strangers cause.
type seldom struct {
	mu      sync.Mutex
	last    time.Time // guarded by mu
	skipped int       // guarded by mu
}

// pass reports whether a line may be written, and how many were not since the
// last one.
func (s *seldom) pass(now time.Time) (skipped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last) < time.Second {
		s.skipped++
		return 0, false
	}
	skipped, s.last, s.skipped = s.skipped, now, 0
	return skipped, true
}

// logger passes on what the server has to say, if it is serious.
type logger struct {
	log        *slog.Logger
	handshakes *seldom
}

// Noticef implements server.Logger, as the others do.
func (l logger) Noticef(string, ...any) {}

// Debugf implements server.Logger.
func (l logger) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l logger) Tracef(string, ...any) {}

// Warnf implements server.Logger.
func (l logger) Warnf(format string, v ...any) { l.log.Debug("bus", "text", fmt.Sprintf(format, v...)) }

// Errorf implements server.Logger: mostly connections that ended, and those that
// showed a certificate which is foreign or has expired.
func (l logger) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if !strings.Contains(format, "TLS handshake error") {
		l.log.Debug("bus", "text", text)
	} else if skipped, ok := l.handshakes.pass(time.Now()); ok {
		l.log.Warn("connection refused on the bus", "text", text[:min(len(text), 500)], "not_logged", skipped)
	}
}

// Fatalf implements server.Logger.
func (l logger) Fatalf(format string, v ...any) {
	l.log.Error("bus", "text", fmt.Sprintf(format, v...))
}
