//go:build cgo

// Package x264 encodes H.264 with libx264, one thread for each encoder and
// without delay: every picture gives its access unit at once. The rate is
// controlled here, not by the library, unless a preset of the library is named.
package x264

/*
#cgo pkg-config: x264
#cgo noescape px_open
#cgo nocallback px_open
#cgo noescape px_encode
#cgo nocallback px_encode
#cgo noescape px_rate
#cgo nocallback px_rate
#cgo noescape px_close
#cgo nocallback px_close
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"parley/codecs"
)

// minKbps is the lowest rate that the library's rate control is asked for.
const minKbps = 16

// live counts the open native encoders.
var live atomic.Int64

// Live returns how many native encoders are open, for leak checks.
func Live() int64 { return live.Load() }

// Version returns the version of libx264.
func Version() string { return C.GoString(C.px_version()) }

// Encoder is a codecs.VideoEncoder for H.264.
type Encoder struct {
	config codecs.VideoEncoderConfig
	level  limits
	handle *C.px_encoder // nil when closed
	unit   C.px_unit
	begun  bool     // a picture was encoded
	rates  *control // nil = the library's own rate control
}

var _ codecs.VideoEncoder = (*Encoder)(nil)

// New opens an encoder. Level 0 stands for the lowest that holds the pictures.
// It returns an error that is ErrUnsupported for a configuration that no
// stream may have: odd sizes, or pictures beyond their level (ITU-T H.264
// table A-1). The bitrate is cut to what the level allows. A band may give a
// key frame that nobody asked for, where its black rows would not be flat else.
func New(c codecs.VideoEncoderConfig) (*Encoder, error) {
	if c.Width < 16 || c.Height < 16 || c.Width > 1<<14 || c.Height > 1<<14 || c.Width%2 != 0 || c.Height%2 != 0 {
		return nil, fmt.Errorf("x264: %w: size %dx%d", codecs.ErrUnsupported, c.Width, c.Height)
	}
	if c.BlackTop < 0 || c.BlackBottom < 0 || c.BlackTop+c.BlackBottom > c.Height {
		return nil, fmt.Errorf("x264: %w: %d and %d black rows of %d", codecs.ErrUnsupported, c.BlackTop, c.BlackBottom, c.Height)
	}
	if c.FPS < 1 || c.FPS > 240 || c.Bitrate < 1 || c.MaxNAL < 0 || c.MaxNAL > 0 && c.MaxNAL < 100 || c.Profile > codecs.High {
		return nil, fmt.Errorf("x264: %w: %d pictures/s, %d bit/s, NAL units of %d bytes, profile %d",
			codecs.ErrUnsupported, c.FPS, c.Bitrate, c.MaxNAL, c.Profile)
	}
	l, ok := level(c.Level, c.Width, c.Height, c.FPS)
	if !ok || !l.holds(c.Width, c.Height, c.FPS) {
		return nil, fmt.Errorf("x264: %w: %dx%d at %d pictures/s in level_idc %d",
			codecs.ErrUnsupported, c.Width, c.Height, c.FPS, c.Level)
	}
	e := &Encoder{config: c, level: l}
	kbps, buffer := e.rate(c.Bitrate)
	cc := C.px_config{
		width: C.int(c.Width), height: C.int(c.Height), fps: C.int(c.FPS),
		kbps: C.int(kbps), buffer: C.int(buffer),
		profile: C.int(c.Profile), level: C.int(l.idc), max_nal: C.int(c.MaxNAL),
	}
	if c.Preset == "" {
		e.rates = newControl(c.Width, c.Height, c.Band)
		e.rates.set(float64(kbps*1000)/float64(c.FPS), float64(buffer*1000))
	}
	if c.Band {
		cc.band, cc.black_top, cc.black_bottom = 1, C.int(c.BlackTop), C.int(c.BlackBottom)
	}
	if len(c.Preset) >= len(cc.preset) {
		return nil, fmt.Errorf("x264: %w: preset %q", codecs.ErrUnsupported, c.Preset)
	}
	for i := range len(c.Preset) {
		cc.preset[i] = C.char(c.Preset[i])
	}
	e.handle = C.px_new()
	if e.handle == nil {
		return nil, fmt.Errorf("x264: out of memory")
	}
	if C.px_open(e.handle, &cc) < 0 {
		err := fmt.Errorf("x264: %w: %s", codecs.ErrUnsupported, C.GoString(C.px_error(e.handle)))
		C.px_close(e.handle)
		return nil, err
	}
	live.Add(1)
	return e, nil
}

// Encode implements codecs.VideoEncoder. The picture must have the configured size.
func (e *Encoder) Encode(p *codecs.Picture, keyFrame bool) (codecs.AccessUnit, error) {
	if e.handle == nil {
		return codecs.AccessUnit{}, codecs.ErrClosed
	}
	if err := e.check(p); err != nil {
		return codecs.AccessUnit{}, err
	}
	keyFrame = keyFrame || !e.begun
	qp := -1
	if e.rates != nil {
		qp = e.rates.choose(p, keyFrame)
	}
	if err := e.encode(p, keyFrame, qp); err != nil {
		return codecs.AccessUnit{}, err
	}
	if err := e.even(p); err != nil {
		return codecs.AccessUnit{}, err
	}
	e.begun = true
	if e.rates != nil {
		e.rates.spent(8 * int(e.unit.size))
	}
	data := unsafe.Slice((*byte)(unsafe.Pointer(e.unit.data)), int(e.unit.size))
	return codecs.AccessUnit{Data: data, Key: e.unit.key != 0, Uneven: e.unit.uneven != 0}, nil
}

// even encodes the picture again where the black rows of a band have become
// uneven, as a key frame that is as fine as needed. That is rare: content next
// to them must move far, or be new.
func (e *Encoder) even(p *codecs.Picture) error {
	if e.rates == nil || e.unit.uneven == 0 {
		return nil
	}
	var qp int
	if e.unit.key == 0 {
		qp = e.rates.choose(p, true)
	} else if qp = e.rates.finer(); qp == 0 {
		return nil
	}
	for {
		if err := e.encode(p, true, qp); err != nil {
			return err
		}
		if e.unit.uneven == 0 {
			return nil
		}
		if qp = e.rates.finer(); qp == 0 {
			return nil
		}
	}
}

// encode encodes the picture into e.unit; qp -1 is the library's choice.
func (e *Encoder) encode(p *codecs.Picture, keyFrame bool, qp int) error {
	key := C.int(0)
	if keyFrame {
		key = 1
	}
	status := C.px_encode(e.handle,
		(*C.uint8_t)(unsafe.Pointer(&p.Y[0])), (*C.uint8_t)(unsafe.Pointer(&p.U[0])), (*C.uint8_t)(unsafe.Pointer(&p.V[0])),
		C.int(p.StrideY), C.int(p.StrideUV), key, C.int(qp), &e.unit)
	if status < 0 {
		return fmt.Errorf("x264: encode: %s", C.GoString(C.px_error(e.handle)))
	}
	return nil
}

// SetBitrate implements codecs.VideoEncoder; the level's maximum bounds it.
func (e *Encoder) SetBitrate(bitsPerSecond int) error {
	if e.handle == nil {
		return codecs.ErrClosed
	}
	if bitsPerSecond < 1 {
		return fmt.Errorf("x264: %w: %d bit/s", codecs.ErrUnsupported, bitsPerSecond)
	}
	kbps, buffer := e.rate(bitsPerSecond)
	if e.rates != nil {
		e.rates.set(float64(kbps*1000)/float64(e.config.FPS), float64(buffer*1000))
		return nil
	}
	if C.px_rate(e.handle, C.int(kbps), C.int(buffer)) < 0 {
		return fmt.Errorf("x264: set %d kbit/s: %s", kbps, C.GoString(C.px_error(e.handle)))
	}
	return nil
}

// Close implements codecs.VideoEncoder.
func (e *Encoder) Close() {
	if e.handle == nil {
		return
	}
	C.px_close(e.handle)
	e.handle = nil
	live.Add(-1)
}

// rate returns the target in kbit/s within the level, and a buffer of half a second in kbit.
func (e *Encoder) rate(bitsPerSecond int) (kbps, buffer int) {
	most, mostBuffer := e.level.kbps, e.level.buffer
	if e.config.Profile == codecs.High {
		most, mostBuffer = most*5/4, mostBuffer*5/4
	}
	kbps = min(max(bitsPerSecond/1000, minKbps), most)
	return kbps, min(kbps/2, mostBuffer)
}

// check makes sure that the library will read nothing outside the planes.
func (e *Encoder) check(p *codecs.Picture) error {
	w, h := e.config.Width, e.config.Height
	if p.Width != w || p.Height != h {
		return fmt.Errorf("x264: %w: picture of %dx%d, want %dx%d", codecs.ErrUnsupported, p.Width, p.Height, w, h)
	}
	if p.StrideY < w || p.StrideUV < w/2 || len(p.Y) < p.StrideY*(h-1)+w ||
		min(len(p.U), len(p.V)) < p.StrideUV*(h/2-1)+w/2 {
		return fmt.Errorf("x264: %w: planes too small for %dx%d", codecs.ErrUnsupported, w, h)
	}
	return nil
}
