//go:build cgo && asan

package x264_test

// asanEnabled: under the address sanitizer package math allocates.
const asanEnabled = true
