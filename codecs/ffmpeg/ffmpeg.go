//go:build cgo

// Package ffmpeg is our narrow way into FFmpeg's libraries: an H.264 decoder
// without copies, G.722, a resampler, and a muxer and a reader of media files
// for callers that play and record.
package ffmpeg

/*
#cgo pkg-config: libavformat libavcodec libswscale libswresample libavutil
#include "decoder.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
*/
import "C"

import (
	"fmt"
	"sync/atomic"
)

// live counts the native handles and frames that are open.
var live atomic.Int64

// Live returns how many native handles and frames are open, for leak checks.
func Live() int64 { return live.Load() }

// Version returns FFmpeg's version, such as "5.1.6".
func Version() string { return C.GoString(C.av_version_info()) }

// Libraries returns the version of each library that is linked in.
func Libraries() map[string]string {
	text := func(v C.unsigned) string { return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff) }
	return map[string]string{
		"ffmpeg":        Version(),
		"libavcodec":    text(C.avcodec_version()),
		"libavformat":   text(C.avformat_version()),
		"libavutil":     text(C.avutil_version()),
		"libswresample": text(C.swresample_version()),
		"libswscale":    text(C.swscale_version()),
	}
}

// errorText returns the library's words for an AVERROR.
func errorText(code int) string {
	var text [128]C.char
	C.pd_error(C.int(code), &text[0], C.int(len(text)))
	if s := C.GoString(&text[0]); s != "" {
		return s
	}
	return fmt.Sprintf("error %d", code)
}
