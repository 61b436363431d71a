package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"parley/codecs/native"
)

// versionCommand is `parley version`.
type versionCommand struct {
	JSON bool `help:"Write JSON."`
}

// build is what a build is made of and runs on.
type build struct {
	Version   string            `json:"version"`
	Go        string            `json:"go"`
	System    string            `json:"system"`
	Libraries map[string]string `json:"libraries"`
	CPU       string            `json:"cpu"`
	Cores     int               `json:"cores"`
	Features  []string          `json:"features"`
}

// Run implements the command.
func (c *versionCommand) Run(o *output) error {
	b := build{
		Version: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Libraries: native.Codecs().Libraries, CPU: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), Features: cpuFeatures(),
	}
	if c.JSON {
		return writeJSON(o.out, b)
	}
	fmt.Fprintf(o.out, "parley %s (%s, %s)\n", b.Version, b.Go, b.System)
	for _, name := range slices.Sorted(maps.Keys(b.Libraries)) {
		fmt.Fprintf(o.out, "  %-14s %s\n", name, b.Libraries[name])
	}
	fmt.Fprintf(o.out, "  %-14s %s, %d cores used, %s\n", "cpu", b.CPU, b.Cores, strings.Join(b.Features, " "))
	return nil
}

// cpuFeatures returns those that the kernels and the libraries choose by.
func cpuFeatures() []string {
	features := []string{}
	for _, f := range []cpuid.FeatureID{cpuid.SSE4, cpuid.AVX2, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VBMI, cpuid.ASIMD} {
		if cpuid.CPU.Supports(f) {
			features = append(features, f.String())
		}
	}
	return features
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
