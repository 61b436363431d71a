package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCoarseTimers begins this test again, as a program that begins itself again.
func TestCoarseTimers(t *testing.T) {
	if os.Getenv("PARLEY_TEST_TIMERS") != "" {
		coarseTimers()
		slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		fmt.Println("slack", slack, err)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestCoarseTimers$")
	c.Env = append(os.Environ(), "PARLEY_TEST_TIMERS=1", coarseVariable+"=")
	out, err := c.CombinedOutput()
	var slack int64
	at := strings.Index(string(out), "slack ")
	if at >= 0 {
		_, _ = fmt.Sscanf(string(out[at:]), "slack %d <nil>", &slack)
	}
	if err != nil || slack < timerSlack.Nanoseconds() {
		t.Fatalf("%v: %s", err, out)
	}
}
