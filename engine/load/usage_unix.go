//go:build unix

package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// Used returns the processor time that this program has taken so far.
func Used() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
