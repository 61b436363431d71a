package mgmt

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// linesKept is how many lines of the log a snapshot can show.
const linesKept = 2000

// lineMost is how much of a line is kept, in bytes.
const lineMost = 4 << 10

// logRing keeps the last lines of a log. Safe for concurrent use.
type logRing struct {
	mu    sync.Mutex
	lines []logLine // guarded by mu; the oldest is at next when there are linesKept
	next  int       // guarded by mu
}

type logLine struct {
	at   time.Time
	text string
}

// Write implements io.Writer, as slog writes: a line at a time.
func (r *logRing) Write(line []byte) (int, error) {
	text := string(line)
	if len(text) > lineMost {
		text = strings.ToValidUTF8(text[:lineMost], "") + "…\n"
	}
	r.add(time.Now(), text)
	return len(line), nil
}

func (r *logRing) add(at time.Time, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < linesKept {
		r.lines = append(r.lines, logLine{at, text})
		return
	}
	r.lines[r.next] = logLine{at, text}
	r.next = (r.next + 1) % linesKept
}

// since returns the lines from a time on, the oldest first.
func (r *logRing) since(from time.Time) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range slices.Concat(r.lines[r.next:], r.lines[:r.next]) {
		if !l.at.Before(from) {
			list = append(list, l.text)
		}
	}
	return list
}

// tee is a handler of a log that has another one see all but what is for debugging.
type tee struct {
	slog.Handler
	kept slog.Handler
}

func newTee(h slog.Handler, ring *logRing) tee { return tee{h, slog.NewJSONHandler(ring, nil)} }

// Enabled implements slog.Handler.
func (t tee) Enabled(ctx context.Context, level slog.Level) bool {
	return t.Handler.Enabled(ctx, level) || t.kept.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (t tee) Handle(ctx context.Context, r slog.Record) error {
	if t.kept.Enabled(ctx, r.Level) {
		_ = t.kept.Handle(ctx, r.Clone()) // memory takes all
	}
	if !t.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (t tee) WithAttrs(a []slog.Attr) slog.Handler {
	return tee{t.Handler.WithAttrs(a), t.kept.WithAttrs(a)}
}

// WithGroup implements slog.Handler.
func (t tee) WithGroup(name string) slog.Handler {
	return tee{t.Handler.WithGroup(name), t.kept.WithGroup(name)}
}
