//go:build cgo

package pixel

// #cgo CFLAGS: -O3
// #cgo noescape parley_scale_c
// #cgo nocallback parley_scale_c
// #cgo noescape parley_blend_c
// #cgo nocallback parley_blend_c
// #cgo noescape parley_fill
// #cgo nocallback parley_fill
// #cgo noescape parley_copy
// #cgo nocallback parley_copy
// #include "bridge.h"
import "C"

// nativeVariants returns the C variants that this CPU can run, in rising
// order, each taking from the one before what it does not do better.
func nativeVariants(ref Kernels) []Kernels {
	k := ref
	k.Name = "c"
	k.scale, k.blend, k.fill, k.copy = scaleC, blendC, fillC, copyC
	return append([]Kernels{k}, vectorVariants(k)...)
}

func scaleC(dst, src Plane, s *Scaler) {
	C.parley_scale_c((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride), C.int(dst.Width), C.int(dst.Height),
		(*C.uint8_t)(&src.Pix[0]), C.ptrdiff_t(src.Stride), C.int(src.Width),
		(*C.int32_t)(&s.x.start[0]), (*C.int16_t)(&s.x.weights[0]), C.int(s.x.taps),
		(*C.int32_t)(&s.y.start[0]), (*C.int16_t)(&s.y.weights[0]), C.int(s.y.taps),
		(*C.int16_t)(&s.row[0]), nil, nil, nil, 0, 0)
}

func blendC(dst, mask Plane, value byte) {
	C.parley_blend_c((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride),
		(*C.uint8_t)(&mask.Pix[0]), C.ptrdiff_t(mask.Stride), C.int(dst.Width), C.int(dst.Height), C.uint8_t(value))
}

func fillC(dst Plane, value byte) {
	C.parley_fill((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride), C.int(dst.Width), C.int(dst.Height), C.uint8_t(value))
}

func copyC(dst, src Plane) {
	C.parley_copy((*C.uint8_t)(&dst.Pix[0]), C.ptrdiff_t(dst.Stride),
		(*C.uint8_t)(&src.Pix[0]), C.ptrdiff_t(src.Stride), C.int(dst.Width), C.int(dst.Height))
}
