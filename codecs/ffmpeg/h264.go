//go:build cgo

package ffmpeg

/*
#cgo noescape pd_decode
#cgo nocallback pd_decode
#cgo noescape pd_frame_unref
#cgo nocallback pd_frame_unref
#include "decoder.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"parley/codecs"
)

// H264Decoder is a codecs.VideoDecoder for H.264, 8-bit 4:2:0 up to 4096x2304
// (other streams are ErrUnsupported). Pictures lie in the library's memory and
// are not copied. A picture with missing or concealed parts is not given out:
// Decode returns ErrCorrupt and the decoder goes on.
type H264Decoder struct {
	handle         *C.pd_decoder // nil when closed
	frames         *frames
	out            C.pd_picture
	skipLoopFilter C.int
}

var _ codecs.VideoDecoder = (*H264Decoder)(nil)

// NewH264Decoder opens a decoder of one thread without delay.
func NewH264Decoder() (*H264Decoder, error) {
	d := &H264Decoder{frames: &frames{}}
	if code := C.pd_open(&d.handle); code < 0 {
		return nil, fmt.Errorf("ffmpeg: open h264 decoder: %s", errorText(int(code)))
	}
	live.Add(1)
	return d, nil
}

// SkipLoopFilter leaves out the deblocking filter from the next access unit
// on: cheaper, and nearly exact where the picture is shown small. The error
// stays in the stream until the next key frame.
func (d *H264Decoder) SkipLoopFilter(skip bool) {
	d.skipLoopFilter = 0
	if skip {
		d.skipLoopFilter = 1
	}
}

// Decode implements codecs.VideoDecoder.
func (d *H264Decoder) Decode(accessUnit []byte, timestamp uint32) (*codecs.Picture, error) {
	if d.handle == nil {
		return nil, codecs.ErrClosed
	}
	if len(accessUnit) == 0 {
		return nil, fmt.Errorf("ffmpeg: %w: empty access unit", codecs.ErrCorrupt)
	}
	if len(accessUnit) > maxAccessUnit {
		return nil, fmt.Errorf("ffmpeg: %w: access unit of %d bytes", codecs.ErrCorrupt, len(accessUnit))
	}
	f, err := d.frames.take()
	if err != nil {
		return nil, err
	}
	code := C.pd_decode(d.handle, (*C.uint8_t)(unsafe.Pointer(&accessUnit[0])), C.int(len(accessUnit)),
		C.uint32_t(timestamp), d.skipLoopFilter, f.native, &d.out)
	if code == C.PD_PICTURE || code == C.PD_CORRUPT {
		o := &d.out
		p := &f.picture
		p.Width, p.Height = int(o.width), int(o.height)
		p.StrideY, p.StrideUV = int(o.stride_y), int(o.stride_uv)
		p.Y = unsafe.Slice((*byte)(o.plane[0]), int(o.length[0]))
		p.U = unsafe.Slice((*byte)(o.plane[1]), int(o.length[1]))
		p.V = unsafe.Slice((*byte)(o.plane[2]), int(o.length[2]))
		p.Timestamp = uint32(o.timestamp)
		codecs.InitPicture(p, f.release)
		if code == C.PD_CORRUPT {
			return p, errConcealed
		}
		return p, nil
	}
	d.frames.put(f)
	switch code {
	case C.PD_NONE:
		return nil, nil
	case C.PD_UNSUPPORTED:
		return nil, fmt.Errorf("ffmpeg: %w: not 8-bit 4:2:0 of at most 4096x2304", codecs.ErrUnsupported)
	}
	return nil, fmt.Errorf("ffmpeg: %w: %s", codecs.ErrCorrupt, errorText(int(code)))
}

// Close implements codecs.VideoDecoder.
func (d *H264Decoder) Close() {
	if d.handle == nil {
		return
	}
	C.pd_close(d.handle)
	d.handle = nil
	live.Add(-1)
	d.frames.close()
}

// maxAccessUnit bounds what one access unit may ask of memory. The standard
// allows no more than an uncompressed picture (ITU-T H.264 section A.3.1).
const maxAccessUnit = 16 << 20

var errConcealed = fmt.Errorf("ffmpeg: %w: parts of the picture are missing", codecs.ErrCorrupt)
