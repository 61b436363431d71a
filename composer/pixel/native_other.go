//go:build cgo && !amd64

package pixel

type vectorVariant struct {
	name string
	isa  int
}

// vectorVariants: on other CPUs the compiler's vectors serve.
func vectorVariants() []vectorVariant { return nil }
