//go:build cgo && !amd64

package pixel

// vectorVariants: on other CPUs the compiler's vectors serve.
func vectorVariants(Kernels) []Kernels { return nil }
