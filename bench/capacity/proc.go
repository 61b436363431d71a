package capacity

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTicks is USER_HZ, the unit of times in /proc (proc(5)); it is 100 on
// every architecture that Go runs on.
const clockTicks = 100

// usage is processor time in seconds at a moment.
type usage struct {
	at           time.Time
	user, system float64
	machine      float64 // of all processes, and stolen from this machine
}

// usageOf reads what a process has taken since its start.
func usageOf(pid int) (usage, error) {
	u := usage{at: time.Now()}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("%w: %w", ErrNode, err)
	}
	// The name in parentheses may hold anything; fields are counted after it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("%w: /proc/%d/stat: %q", ErrNode, pid, text)
	}
	u.user, u.system = ticks(fields[11]), ticks(fields[12]) // utime and stime
	text, err = os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		switch i {
		case 1, 2, 3, 6, 7, 8: // user, nice, system, irq, softirq, steal
			u.machine += ticks(field)
		}
	}
	return u, nil
}

func ticks(field string) float64 {
	n, err := strconv.ParseUint(field, 10, 64)
	if err != nil {
		return 0
	}
	return float64(n) / clockTicks
}
