//go:build cgo

package ffmpeg

// #include "decoder.h"
import "C"

import (
	"errors"
	"sync"

	"parley/codecs"
)

// idleFrames bounds the native frames that a decoder keeps for reuse.
const idleFrames = 16

// frames are the native frames of one decoder: those in pictures given out,
// which may outlive the decoder, and the idle ones.
type frames struct {
	mu     sync.Mutex
	idle   []*frame
	closed bool
}

// frame is a native frame and the picture over its memory.
type frame struct {
	native  *C.pd_frame
	picture codecs.Picture
	release func(*codecs.Picture) // made once, so that a picture costs no allocation
}

// take returns an empty frame.
func (fs *frames) take() (*frame, error) {
	fs.mu.Lock()
	if n := len(fs.idle); n > 0 {
		f := fs.idle[n-1]
		fs.idle = fs.idle[:n-1]
		fs.mu.Unlock()
		return f, nil
	}
	fs.mu.Unlock()
	f := &frame{native: C.pd_frame_new()}
	if f.native == nil {
		return nil, errors.New("ffmpeg: out of memory")
	}
	live.Add(1)
	f.release = func(p *codecs.Picture) {
		p.Y, p.U, p.V = nil, nil, nil
		C.pd_frame_unref(f.native)
		fs.put(f)
	}
	return f, nil
}

// put keeps an empty frame for reuse, or frees it.
func (fs *frames) put(f *frame) {
	fs.mu.Lock()
	keep := !fs.closed && len(fs.idle) < idleFrames
	if keep {
		fs.idle = append(fs.idle, f)
	}
	fs.mu.Unlock()
	if !keep {
		f.free()
	}
}

// close frees the idle frames now and the others at their last Release.
func (fs *frames) close() {
	fs.mu.Lock()
	idle := fs.idle
	fs.idle, fs.closed = nil, true
	fs.mu.Unlock()
	for _, f := range idle {
		f.free()
	}
}

func (f *frame) free() {
	C.pd_frame_free(f.native)
	f.native = nil
	live.Add(-1)
}
