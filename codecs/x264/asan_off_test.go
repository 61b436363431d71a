//go:build cgo && !asan

package x264_test

const asanEnabled = false
