//go:build cgo

package ffmpeg

/*
#cgo noescape pm_resample
#cgo nocallback pm_resample
#include "media.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"parley/codecs"
)

// Resampler converts mono float32 sound from one sampling rate to another, as
// a stream. It is used by one goroutine at a time.
type Resampler struct {
	handle *C.pm_resampler // nil when closed
}

// NewResampler opens a resampler; rates are in Hz.
func NewResampler(from, to int) (*Resampler, error) {
	if from < 1000 || from > 384000 || to < 1000 || to > 384000 {
		return nil, fmt.Errorf("ffmpeg: %w: from %d to %d Hz", codecs.ErrUnsupported, from, to)
	}
	r := &Resampler{}
	if code := C.pm_resampler_open(&r.handle, C.int(from), C.int(to)); code < 0 {
		return nil, fmt.Errorf("ffmpeg: open resampler: %s", errorText(int(code)))
	}
	live.Add(1)
	return r, nil
}

// Resample appends to dst what the samples give at the new rate; a little stays
// inside until the next call.
func (r *Resampler) Resample(dst, samples []float32) ([]float32, error) {
	if len(samples) == 0 {
		return dst, nil
	}
	return r.convert(dst, (*C.float)(unsafe.Pointer(&samples[0])), len(samples))
}

// Flush appends what is still inside, at the end of a stream.
func (r *Resampler) Flush(dst []float32) ([]float32, error) { return r.convert(dst, nil, 0) }

func (r *Resampler) convert(dst []float32, samples *C.float, count int) ([]float32, error) {
	if r.handle == nil {
		return dst, codecs.ErrClosed
	}
	room := int(C.pm_resample_room(r.handle, C.int(count)))
	if room < 0 {
		return dst, fmt.Errorf("ffmpeg: resample: %s", errorText(room))
	}
	n := len(dst)
	dst = slices.Grow(dst, room+1)
	got := C.pm_resample(r.handle, samples, C.int(count), (*C.float)(unsafe.Pointer(&dst[:n+1][n])), C.int(room))
	if got < 0 {
		return dst[:n], fmt.Errorf("ffmpeg: resample: %s", errorText(int(got)))
	}
	return dst[:n+int(got)], nil
}

// Close frees the native memory. A second Close does nothing.
func (r *Resampler) Close() {
	if r.handle != nil {
		C.pm_resampler_close(r.handle)
		r.handle = nil
		live.Add(-1)
	}
}
