//go:build asan

package codectest

// sanitized: the address sanitizer adds allocations of its own.
const sanitized = true
