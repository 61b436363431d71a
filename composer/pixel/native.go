//go:build cgo

package pixel

// #cgo CFLAGS: -O3
// #cgo noescape parley_scale
// #cgo nocallback parley_scale
// #cgo noescape parley_blend
// #cgo nocallback parley_blend
// #cgo noescape parley_fill
// #cgo nocallback parley_fill
// #cgo noescape parley_copy
// #cgo nocallback parley_copy
// #include "bridge.h"
import "C"

import "unsafe"

// nativeVariants returns the C variants that this CPU can run, in rising order.
func nativeVariants() []Kernels {
	variants := []Kernels{native("c", C.PARLEY_C)}
	for _, v := range vectorVariants() {
		variants = append(variants, native(v.name, C.int(v.isa)))
	}
	return variants
}

func native(name string, isa C.int) Kernels {
	return Kernels{
		Name: name,
		scale: func(dst, src Plane, s *Scaler) {
			C.parley_scale(isa, native8(dst), native8(src), nativeScaler(s))
		},
		blend: func(dst, mask Plane, value byte) {
			C.parley_blend(isa, native8(dst), native8(mask), C.uint8_t(value))
		},
		fill: func(dst Plane, value byte) { C.parley_fill(native8(dst), C.uint8_t(value)) },
		copy: func(dst, src Plane) { C.parley_copy(native8(dst), native8(src)) },
	}
}

func native8(p Plane) C.parley_plane {
	return C.parley_plane{
		pix: (*C.uint8_t)(unsafe.SliceData(p.Pix)), stride: C.ptrdiff_t(p.Stride),
		width: C.int(p.Width), height: C.int(p.Height),
	}
}

// nativeScaler lends the tables of s: they hold no pointers themselves.
func nativeScaler(s *Scaler) C.parley_scaler {
	return C.parley_scaler{
		src_width: C.int(s.srcWidth), rows_first: flag(s.rowsFirst), groups: C.int(s.groups),
		pairs: C.int(s.pick.pairs), outputs: C.int(s.pick.outputs),
		blocks: C.int(s.gather.blocks), fours: C.int(s.gather.fours),
		x: nativeAxis(s.x), y: nativeAxis(s.y),
		by_group:       (*C.int16_t)(unsafe.SliceData(s.byGroup)),
		lane:           nativePicker(s.pick.lane),
		wide:           nativePicker(s.pick.wide),
		pick_weights:   (*C.uint8_t)(unsafe.SliceData(s.pick.weights)),
		dot_weights:    (*C.int16_t)(unsafe.SliceData(s.gather.weights)),
		gather_base:    (*C.int32_t)(unsafe.SliceData(s.gather.base)),
		gather_index:   (*C.uint16_t)(unsafe.SliceData(s.gather.index)),
		gather_weights: (*C.int16_t)(unsafe.SliceData(s.gather.byFour)),
		mid:            (*C.int16_t)(unsafe.SliceData(s.mid)),
		mid_stride:     C.ptrdiff_t(s.midStride()),
		sums:           (*C.int32_t)(unsafe.SliceData(s.sums)),
	}
}

func nativeAxis(a axis) C.parley_axis {
	return C.parley_axis{
		start:   (*C.int32_t)(unsafe.SliceData(a.start)),
		weights: (*C.int16_t)(unsafe.SliceData(a.weights)),
		taps:    C.int(a.taps),
	}
}

func nativePicker(p picker) C.parley_picker {
	return C.parley_picker{
		base:  (*C.int32_t)(unsafe.SliceData(p.base)),
		index: (*C.uint8_t)(unsafe.SliceData(p.index)),
		same:  flag(p.same),
	}
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
