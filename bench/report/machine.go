package report

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// Machine is where it was measured.
type Machine struct {
	Processor string   `json:"processor"` // model name, else the architecture
	Cores     int      `json:"cores"`     // that this program may use
	Flags     []string `json:"flags"`     // instruction sets that the codecs and the kernels choose by
	Kernel    string   `json:"kernel"`
	Go        string   `json:"go"`
	Memory    uint64   `json:"memory"` // bytes, 0 = unknown
}

// ThisMachine describes the one that the program runs on.
func ThisMachine() Machine {
	m := Machine{Processor: runtime.GOARCH, Cores: runtime.NumCPU(), Flags: flags(), Kernel: runtime.GOOS, Go: runtime.Version()}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.Processor = name
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel += " " + strings.TrimSpace(string(text))
	}
	if kib, err := strconv.ParseUint(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = kib << 10
	}
	return m
}

// field returns the first value of that name in a file of proc(5), "" if there
// is none.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(n) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func flags() []string {
	list := []string{}
	for _, f := range []cpuid.FeatureID{
		cpuid.SSE4, cpuid.AVX2, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VBMI, cpuid.AVX512VNNI,
		cpuid.AESNI, cpuid.CLMUL, cpuid.VAES, cpuid.VPCLMULQDQ, cpuid.ASIMD, cpuid.AESARM,
	} {
		if cpuid.CPU.Supports(f) {
			list = append(list, f.String())
		}
	}
	return list
}
