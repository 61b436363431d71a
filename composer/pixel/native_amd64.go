//go:build cgo

package pixel

// #include "bridge.h"
import "C"

import "github.com/klauspost/cpuid/v2"

type vectorVariant struct {
	name string
	isa  int
}

// vectorVariants returns what this CPU can run above portable C.
func vectorVariants() []vectorVariant {
	var variants []vectorVariant
	if cpuid.CPU.Supports(cpuid.SSSE3, cpuid.SSE4) {
		variants = append(variants, vectorVariant{"sse41", C.PARLEY_SSE41})
	}
	if cpuid.CPU.Supports(cpuid.AVX2) {
		variants = append(variants, vectorVariant{"avx2", C.PARLEY_AVX2})
	}
	// VBMI picks single bytes out of 64: what came before it gains little.
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VBMI) {
		variants = append(variants, vectorVariant{"avx512", C.PARLEY_AVX512})
	}
	return variants
}
