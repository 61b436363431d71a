package load

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/cpuid/v2"

	"parley/codecs"
)

// stored is a measurement and what it was made on.
type stored struct {
	Processor string            `json:"processor"`
	Libraries map[string]string `json:"libraries"`
	Costs     Costs             `json:"costs"`
}

// Stored returns the costs in the file, if they were measured on this processor
// with these libraries.
func Stored(file string, set codecs.Set) (Costs, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Costs{}, false
	}
	var s stored
	if json.Unmarshal(text, &s) != nil || s.Processor != cpuid.CPU.BrandName || !maps.Equal(s.Libraries, set.Libraries) {
		return Costs{}, false
	}
	c := s.Costs
	return c, c.Decode > 0 && c.Encode > 0 && c.AudioDecode > 0 && c.AudioEncode > 0
}

// Store writes the costs for the next start.
func Store(file string, set codecs.Set, c Costs) error {
	text, err := json.MarshalIndent(stored{cpuid.CPU.BrandName, set.Libraries, c}, "", "  ")
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

// MeasureOnThread is Measure on a thread of its own, so that the clock is right.
func MeasureOnThread(set codecs.Set) (Costs, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return Measure(set, ThreadClock)
}
