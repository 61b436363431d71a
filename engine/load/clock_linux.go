package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadClock returns the processor time of the calling thread.
func threadClock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
