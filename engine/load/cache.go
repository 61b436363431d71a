package load

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"time"

	"github.com/klauspost/cpuid/v2"

	"parley/codecs"
)

// made is what costs depend on.
type made struct {
	Processor  string            `json:"processor"`
	Family     int               `json:"family"`
	Model      int               `json:"model"`
	Stepping   int               `json:"stepping"`
	Processors int               `json:"processors"`
	Kernels    string            `json:"kernels"` // PARLEY_CPU, which caps what the program uses of the processor
	Libraries  map[string]string `json:"libraries"`
	Program    string            `json:"program"` // which settings of codecs it has, and what it measures
}

// here is this machine and this program.
func here(set codecs.Set) made {
	return made{
		Processor: cpuid.CPU.BrandName, Family: cpuid.CPU.Family, Model: cpuid.CPU.Model, Stepping: cpuid.CPU.Stepping,
		Processors: runtime.NumCPU(), Kernels: os.Getenv("PARLEY_CPU"), Libraries: set.Libraries, Program: program(),
	}
}

// program names the file that runs, which another build is not equal to.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s, %d bytes", info.ModTime().UTC().Format(time.RFC3339Nano), info.Size())
}

// stored is a measurement and what it was made on.
type stored struct {
	On    made  `json:"on"`
	Costs Costs `json:"costs"`
}

// Stored returns the costs in the file, if they were measured on such a machine
// by such a program.
func Stored(file string, set codecs.Set) (Costs, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Costs{}, false
	}
	var s stored
	if json.Unmarshal(text, &s) != nil || !reflect.DeepEqual(s.On, here(set)) || !s.Costs.valid() {
		return Costs{}, false
	}
	return s.Costs, true
}

// Store writes the costs for the next start.
func Store(file string, set codecs.Set, c Costs) error {
	text, err := json.MarshalIndent(stored{here(set), c}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temporary := file + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
