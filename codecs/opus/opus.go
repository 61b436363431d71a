//go:build cgo

// Package opus codes sound with libopus (RFC 6716): 48 kHz, mono.
package opus

/*
#cgo pkg-config: opus
#include <opus.h>
*/
import "C"

import "sync/atomic"

// live counts the open native encoders and decoders.
var live atomic.Int64

// Live returns how many native encoders and decoders are open, for leak checks.
func Live() int64 { return live.Load() }

// Version returns the version of libopus.
func Version() string { return C.GoString(C.opus_get_version_string()) }

// errorText returns the library's words for one of its error codes.
func errorText(code C.int) string { return C.GoString(C.opus_strerror(code)) }
