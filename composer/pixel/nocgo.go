//go:build !cgo

package pixel

// Without cgo there is only the reference.
func nativeVariants() []Kernels { return nil }
