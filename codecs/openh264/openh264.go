//go:build openh264 && cgo

package openh264

// #cgo pkg-config: openh264
// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"parley/codecs"
)

// Version returns the version of the library.
func Version() string { return C.GoString(C.ph_version()) }

// Decoder is a codecs.VideoDecoder for H.264 without any concealment. A stream
// that does not say how little it reorders has its pictures later, with a later
// access unit or from Flush; each has its own timestamp.
type Decoder struct {
	handle *C.ph_decoder // nil when closed
}

var _ codecs.VideoDecoder = (*Decoder)(nil)

// New opens a decoder.
func New() (*Decoder, error) {
	d := &Decoder{handle: C.ph_open()}
	if d.handle == nil {
		return nil, errors.New("openh264: no decoder")
	}
	return d, nil
}

// Decode implements codecs.VideoDecoder.
func (d *Decoder) Decode(accessUnit []byte, timestamp uint32) (*codecs.Picture, error) {
	if d.handle == nil {
		return nil, codecs.ErrClosed
	}
	if len(accessUnit) == 0 {
		return nil, fmt.Errorf("openh264: %w: empty access unit", codecs.ErrCorrupt)
	}
	var p C.ph_picture
	state := C.ph_decode(d.handle, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(accessUnit))), C.int(len(accessUnit)), C.uint64_t(timestamp), &p)
	return picture(&p), failure(state)
}

// Flush returns a picture that was held back, nil when there is none left.
func (d *Decoder) Flush() (*codecs.Picture, error) {
	if d.handle == nil {
		return nil, codecs.ErrClosed
	}
	var p C.ph_picture
	state := C.ph_flush(d.handle, &p)
	return picture(&p), failure(state)
}

// Log returns what the library warned of, up to four kilobytes.
func (d *Decoder) Log() string {
	if d.handle == nil {
		return ""
	}
	return C.GoString(C.ph_log(d.handle))
}

// Close implements codecs.VideoDecoder. A second Close does nothing.
func (d *Decoder) Close() {
	if d.handle != nil {
		C.ph_close(d.handle)
		d.handle = nil
	}
}

// failure tells of a DECODING_STATE.
func failure(state C.int) error {
	if state == 0 {
		return nil
	}
	return fmt.Errorf("openh264: %w: decoding state %#x", codecs.ErrCorrupt, int(state))
}

// picture copies what the library gave out; nil when it gave nothing.
func picture(p *C.ph_picture) *codecs.Picture {
	if p.width == 0 {
		return nil
	}
	out := codecs.NewPicture(int(p.width), int(p.height))
	out.Timestamp = uint32(p.timestamp)
	rows(out.Y, out.StrideY, p.y, int(p.stride_y), out.Width, out.Height)
	rows(out.U, out.StrideUV, p.u, int(p.stride_uv), out.Width/2, out.Height/2)
	rows(out.V, out.StrideUV, p.v, int(p.stride_uv), out.Width/2, out.Height/2)
	return out
}

func rows(dst []byte, stride int, plane *C.uint8_t, planeStride, width, height int) {
	src := unsafe.Slice((*byte)(unsafe.Pointer(plane)), planeStride*(height-1)+width)
	for y := range height {
		copy(dst[y*stride:][:width], src[y*planeStride:][:width])
	}
}
