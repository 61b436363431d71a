package subject

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

// Usage is what a process has taken since its start, at a moment.
type Usage struct {
	At           time.Time
	User, System float64 // processor time, seconds
	Machine      float64 // that of all processes together, and stolen from this machine
	Resident     int64   // bytes of memory (VmRSS)
	Threads      int
}

// UsageOf reads what a process has taken.
func UsageOf(pid int) (Usage, error) {
	u := Usage{At: time.Now()}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	if u.User, u.System, u.Threads, err = parseStat(text); err != nil {
		return u, fmt.Errorf("%w %d: %w", ErrProcess, pid, err)
	}
	if text, err = os.ReadFile("/proc/stat"); err != nil {
		return u, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	u.Machine = parseMachine(text)
	if text, err = os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err != nil {
		return u, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	u.Resident = parseResident(text)
	return u, nil
}

// CPU returns the processor time, seconds.
func (u Usage) CPU() float64 { return u.User + u.System }

// parseStat reads /proc/<pid>/stat. The name in parentheses may hold anything;
// fields are counted after it.
func parseStat(text []byte) (user, system float64, threads int, err error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 18 {
		return 0, 0, 0, fmt.Errorf("stat: %q", text)
	}
	threads, err = strconv.Atoi(fields[17])
	return ticks(fields[11]), ticks(fields[12]), threads, err // utime, stime, num_threads
}

// parseMachine reads the processor time of all from /proc/stat.
func parseMachine(text []byte) (seconds float64) {
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		switch i {
		case 1, 2, 3, 6, 7, 8: // user, nice, system, irq, softirq, steal
			seconds += ticks(field)
		}
	}
	return seconds
}

// parseResident reads VmRSS from /proc/<pid>/status; it is given in KiB.
func parseResident(text []byte) int64 {
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			if f := strings.Fields(value); len(f) > 0 {
				n, _ := strconv.ParseInt(f[0], 10, 64) // 0 when it is no number
				return n << 10
			}
		}
	}
	return 0
}

func ticks(field string) float64 {
	n, err := strconv.ParseUint(field, 10, 64)
	if err != nil {
		return 0
	}
	return float64(n) / clockTicks
}

// Descriptors returns how many files and sockets a process has open.
func Descriptors(pid int) (files, sockets int, err error) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(folder + "/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			sockets++
		}
	}
	return len(entries), sockets, nil
}
