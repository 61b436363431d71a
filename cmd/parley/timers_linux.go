package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is by how much timers may be late: little beside a picture's 33 ms.
const timerSlack = 500 * time.Microsecond

// coarseTimers begins this program again with timers that may be late by
// timerSlack, unless they may already (prctl(2), PR_SET_TIMERSLACK). While C code
// runs, Go's monitor looks every 20 microseconds whether it takes long, which costs a node a
// tenth of its processor time; threads have the slack of whoever started them,
// and that one is started before any of our code.
func coarseTimers() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || slack >= int(timerSlack) || os.Getenv(coarseVariable) != "" {
		return
	}
	program, err := os.Executable()
	if err != nil {
		return
	}
	if unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) != nil {
		return
	}
	// It returns only when it has failed; then all goes on as it is.
	_ = syscall.Exec(program, os.Args, append(os.Environ(), coarseVariable+"=1"))
}

// coarseVariable says that the program was begun again.
const coarseVariable = "PARLEY_COARSE_TIMERS"
