//go:build !linux

package load

import "time"

var started = time.Now()

// threadClock returns the time since the program's start: here threads have no
// clock of their own.
func threadClock() time.Duration { return time.Since(started) }
