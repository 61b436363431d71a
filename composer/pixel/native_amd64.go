//go:build cgo

package pixel

// #cgo noescape parley_scale_sse41
// #cgo nocallback parley_scale_sse41
// #cgo noescape parley_scale_avx2
// #cgo nocallback parley_scale_avx2
// #cgo noescape parley_blend_avx2
// #cgo nocallback parley_blend_avx2
// #include "bridge.h"
import "C"

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// vectorVariants returns what this CPU can run above portable C.
func vectorVariants(k Kernels) []Kernels {
	var variants []Kernels
	if cpuid.CPU.Supports(cpuid.SSSE3, cpuid.SSE4) {
		k.Name, k.scale = "sse41", scaleSSE41
		variants = append(variants, k)
	}
	if cpuid.CPU.Supports(cpuid.AVX2) {
		k.Name, k.scale, k.blend = "avx2", scaleAVX2, blendAVX2
		variants = append(variants, k)
	}
	return variants
}

func scaleSSE41(dst, src Plane, s *Scaler) {
	p := &s.plan
	C.parley_scale_sse41((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride), C.int(dst.Width), C.int(dst.Height),
		(*C.uint8_t)(&src.Pix[0]), C.ptrdiff_t(src.Stride), C.int(src.Width),
		(*C.int32_t)(&s.x.start[0]), (*C.int16_t)(&s.x.weights[0]), C.int(s.x.taps),
		(*C.int32_t)(&s.y.start[0]), (*C.int16_t)(&s.y.weights[0]), C.int(s.y.taps),
		(*C.int16_t)(&s.row[0]),
		(*C.int32_t)(&p.base[0]), (*C.uint8_t)(unsafe.SliceData(p.shuffle)), (*C.int16_t)(&p.weights[0]),
		C.int(p.pairs), C.int(p.blocks))
}

func scaleAVX2(dst, src Plane, s *Scaler) {
	p := &s.plan
	C.parley_scale_avx2((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride), C.int(dst.Width), C.int(dst.Height),
		(*C.uint8_t)(&src.Pix[0]), C.ptrdiff_t(src.Stride), C.int(src.Width),
		(*C.int32_t)(&s.x.start[0]), (*C.int16_t)(&s.x.weights[0]), C.int(s.x.taps),
		(*C.int32_t)(&s.y.start[0]), (*C.int16_t)(&s.y.weights[0]), C.int(s.y.taps),
		(*C.int16_t)(&s.row[0]),
		(*C.int32_t)(&p.base[0]), (*C.uint8_t)(unsafe.SliceData(p.shuffle)), (*C.int16_t)(&p.weights[0]),
		C.int(p.pairs), C.int(p.blocks))
}

func blendAVX2(dst, mask Plane, value byte) {
	C.parley_blend_avx2((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride),
		(*C.uint8_t)(&mask.Pix[0]), C.ptrdiff_t(mask.Stride), C.int(dst.Width), C.int(dst.Height), C.uint8_t(value))
}
