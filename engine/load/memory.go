package load

import (
	"os"
	"strconv"
	"strings"
)

// Memory returns how many bytes the machine has; 0 where that is not known.
func Memory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64) // kB
			return n << 10
		}
	}
	return 0
}
