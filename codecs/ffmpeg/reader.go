//go:build cgo

package ffmpeg

/*
#include <stdlib.h>
#include "media.h"
*/
import "C"

import (
	"fmt"
	"io"
	"slices"
	"time"
	"unsafe"

	"parley/codecs"
)

// maxSide is the longest side of a codecs.Picture.
const maxSide = 1 << 14

// Media is a picture or a frame of sound of a file.
type Media struct {
	Picture *codecs.Picture // the caller owns it; nil for sound
	Sound   []float32       // FrameSamples of mono at 48 kHz, valid until the next call; nil for a picture
	PTS     time.Duration   // since the start of the file
}

// Reader decodes a media file that FFmpeg knows: its best video and its best
// audio stream. It is used by one goroutine at a time.
type Reader struct {
	handle       *C.pm_reader // nil when closed
	video, audio bool
	pool         codecs.Pool
	last         time.Duration // of the last picture
	sound        []float32     // decoded and not yet given out
	frame        [codecs.FrameSamples]float32
	given        int64         // samples given out since the start
	start        time.Duration // of the first of them
	ended        bool
}

// OpenReader opens the file.
func OpenReader(path string) (*Reader, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	r := &Reader{}
	var video, audio C.int
	if code := C.pm_reader_open(&r.handle, name, &video, &audio); code < 0 {
		return nil, fmt.Errorf("ffmpeg: open %s: %s", path, errorText(int(code)))
	}
	live.Add(1)
	r.video, r.audio = video != 0, audio != 0
	return r, nil
}

// HasVideo reports whether the file has pictures.
func (r *Reader) HasVideo() bool { return r.video }

// HasAudio reports whether the file has sound.
func (r *Reader) HasAudio() bool { return r.audio }

// Next returns what comes next in the file's order: pictures and frames of
// sound each in the order of their time, the last frame filled with silence.
// At the end it returns io.EOF.
func (r *Reader) Next() (Media, error) {
	if r.handle == nil {
		return Media{}, codecs.ErrClosed
	}
	for {
		if len(r.sound) >= codecs.FrameSamples || r.ended && len(r.sound) > 0 {
			return r.nextSound(), nil
		}
		if r.ended {
			return Media{}, io.EOF
		}
		var item C.pm_item
		switch code := C.pm_reader_next(r.handle, &item); {
		case code < 0:
			return Media{}, fmt.Errorf("ffmpeg: read: %s", errorText(int(code)))
		case code == C.PM_END:
			r.ended = true
		case code == C.PM_VIDEO:
			return r.nextPicture(&item)
		case code == C.PM_AUDIO:
			if r.given == 0 && len(r.sound) == 0 {
				r.start = max(timeOf(item.pts, 0), 0)
			}
			n, count := len(r.sound), int(item.samples)
			r.sound = slices.Grow(r.sound, count)[:n+count]
			C.pm_reader_sound(r.handle, (*C.float)(unsafe.Pointer(&r.sound[n])))
		}
	}
}

// Rewind starts again at the beginning; times start again too.
func (r *Reader) Rewind() error {
	if r.handle == nil {
		return codecs.ErrClosed
	}
	if code := C.pm_reader_rewind(r.handle); code < 0 {
		return fmt.Errorf("ffmpeg: rewind: %s", errorText(int(code)))
	}
	r.sound, r.given, r.last, r.ended = r.sound[:0], 0, 0, false
	return nil
}

// Close frees the native memory; pictures given out stay valid. A second Close
// does nothing.
func (r *Reader) Close() {
	if r.handle != nil {
		C.pm_reader_close(r.handle)
		r.handle = nil
		live.Add(-1)
	}
}

func (r *Reader) nextSound() Media {
	n := copy(r.frame[:], r.sound)
	clear(r.frame[n:])
	r.sound = r.sound[:copy(r.sound, r.sound[n:])]
	pts := r.start + time.Duration(r.given)*time.Second/codecs.SampleRate
	r.given += codecs.FrameSamples
	return Media{Sound: r.frame[:], PTS: pts}
}

func (r *Reader) nextPicture(item *C.pm_item) (Media, error) {
	if item.width > maxSide || item.height > maxSide {
		return Media{}, fmt.Errorf("ffmpeg: %w: picture of %dx%d", codecs.ErrUnsupported, int(item.width), int(item.height))
	}
	p := r.pool.Get(int(item.width), int(item.height))
	plane := func(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(&b[0])) }
	code := C.pm_reader_picture(r.handle, plane(p.Y), plane(p.U), plane(p.V), C.int(p.StrideY), C.int(p.StrideUV))
	if code < 0 {
		p.Release()
		return Media{}, fmt.Errorf("ffmpeg: convert picture: %s", errorText(int(code)))
	}
	r.last = timeOf(item.pts, r.last)
	p.Timestamp = uint32(r.last.Nanoseconds() * 9 / 100_000)
	return Media{Picture: p, PTS: r.last}, nil
}

// timeOf converts microseconds, or returns otherwise where the file has no time.
func timeOf(microseconds C.int64_t, otherwise time.Duration) time.Duration {
	if microseconds == -1<<63 { // AV_NOPTS_VALUE
		return otherwise
	}
	return time.Duration(microseconds) * time.Microsecond
}
