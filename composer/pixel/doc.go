// Package pixel holds the kernels that touch every sample of a picture: Scale,
// Blend, Fill and Copy on planes of 8 bits. Each kernel exists in several
// variants (a reference in Go, portable C, SSE4.1, AVX2, AVX-512 with VBMI)
// that agree bit for bit; the best one that the CPU can run is chosen when the
// program starts, capped by the environment variable PARLEY_CPU (ref, c,
// sse41, avx2, avx512).
//
// It knows nothing of pictures, layouts or conferences. Package composer and,
// for what callers send, bench/clip import it.
package pixel
