package load

import (
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Processors returns how many processors' time this program may take: those of
// the runtime, or less where a control group has a quota. The runtime rounds
// quotas up, to two at least, so in a container with half a processor it
// believes in two.
func Processors() float64 {
	n := float64(runtime.GOMAXPROCS(0))
	if quota, ok := quota(func(file string) (string, error) {
		text, err := os.ReadFile(file)
		return string(text), err
	}); ok {
		n = min(n, quota)
	}
	return n
}

// The control groups of this process, and where Linux keeps what they may have
// (cgroups(7)).
const (
	groupsFile   = "/proc/self/cgroup"
	groupsFolder = "/sys/fs/cgroup"
)

// quota returns the least processor time per time that a control group of this
// process, or one above, allows; read reads a file.
func quota(read func(file string) (string, error)) (least float64, ok bool) {
	text, err := read(groupsFile)
	if err != nil {
		return 0, false // not Linux
	}
	for line := range strings.Lines(text) {
		// hierarchy:controllers:path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		folder, limit := groupsFolder, limitV2
		switch controllers := strings.Split(parts[1], ","); {
		case parts[1] == "":
		case slices.Contains(controllers, "cpu"):
			folder, limit = path.Join(groupsFolder, "cpu"), limitV1
		default:
			continue
		}
		// Inside a container the path may be that of the host, which is not
		// seen there: its own group is then at the top.
		for at := path.Join("/", parts[2]); ; at = path.Dir(at) {
			if q, there := limit(read, path.Join(folder, at)); there && (!ok || q < least) {
				least, ok = q, true
			}
			if at == "/" {
				break
			}
		}
	}
	return least, ok
}

// limitV2 reads cpu.max, "quota period" or "max period".
func limitV2(read func(string) (string, error), folder string) (float64, bool) {
	text, err := read(path.Join(folder, "cpu.max"))
	if err != nil {
		return 0, false
	}
	quota, period, _ := strings.Cut(strings.TrimSpace(text), " ")
	return ratio(quota, period)
}

// limitV1 reads cpu.cfs_quota_us, which is -1 where there is none, and cpu.cfs_period_us.
func limitV1(read func(string) (string, error), folder string) (float64, bool) {
	quota, err := read(path.Join(folder, "cpu.cfs_quota_us"))
	if err != nil {
		return 0, false
	}
	period, err := read(path.Join(folder, "cpu.cfs_period_us"))
	if err != nil {
		return 0, false
	}
	return ratio(strings.TrimSpace(quota), strings.TrimSpace(period))
}

// ratio returns quota/period of two numbers of microseconds above 0.
func ratio(quota, period string) (float64, bool) {
	q, err := strconv.ParseUint(quota, 10, 63)
	if err != nil || q == 0 {
		return 0, false
	}
	p, err := strconv.ParseUint(period, 10, 63)
	if err != nil || p == 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}
