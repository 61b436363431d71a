//go:build cgo

package ffmpeg

/*
#include <stdlib.h>
#include "media.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"parley/codecs"
)

// MP4Config says what an MP4 file holds.
type MP4Config struct {
	Video         bool
	Width, Height int // of the first pictures
	Audio         bool
}

// MP4 writes an MP4 file of H.264 as it is given and of sound as AAC. It is
// used by one goroutine at a time.
type MP4 struct {
	handle  *C.pm_muxer // nil when closed
	config  MP4Config
	begun   bool
	sound   []float32 // waiting for a full AAC frame
	samples int64     // given to the encoder or waiting
	heard   bool
}

// maxSilence bounds the silence that one gap in the sound is filled with.
const maxSilence = 60 * codecs.SampleRate

// ErrNoPicture says that the file was closed before its first key frame, and is empty.
var ErrNoPicture = errors.New("no key frame was written")

// NewMP4 creates the file.
func NewMP4(path string, c MP4Config) (*MP4, error) {
	if !c.Video && !c.Audio || c.Video && (c.Width < 2 || c.Height < 2) {
		return nil, fmt.Errorf("ffmpeg: %w: MP4 of %+v", codecs.ErrUnsupported, c)
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	width, height, audio := C.int(0), C.int(0), C.int(0)
	if c.Video {
		width, height = C.int(c.Width), C.int(c.Height)
	}
	if c.Audio {
		audio = 1
	}
	m := &MP4{config: c}
	if code := C.pm_muxer_open(&m.handle, name, width, height, audio); code < 0 {
		return nil, fmt.Errorf("ffmpeg: create %s: %s", path, errorText(int(code)))
	}
	live.Add(1)
	if !c.Video {
		if err := m.begin(nil); err != nil {
			C.pm_muxer_close(m.handle)
			live.Add(-1)
			return nil, err
		}
	}
	return m, nil
}

// WriteVideo writes one access unit (Annex B). The first must be a key frame
// with SPS and PPS. A pts not after the last one is moved just behind it.
func (m *MP4) WriteVideo(accessUnit []byte, pts time.Duration, key bool) error {
	if m.handle == nil {
		return codecs.ErrClosed
	}
	if !m.config.Video || len(accessUnit) == 0 {
		return fmt.Errorf("ffmpeg: %w: access unit of %d bytes", codecs.ErrUnsupported, len(accessUnit))
	}
	if !m.begun {
		headers := parameterSets(accessUnit)
		if !key || headers == nil {
			return fmt.Errorf("ffmpeg: %w: the first access unit is no key frame with SPS and PPS", codecs.ErrCorrupt)
		}
		if err := m.begin(headers); err != nil {
			return err
		}
	}
	flag := C.int(0)
	if key {
		flag = 1
	}
	return muxError(C.pm_muxer_video(m.handle, (*C.uint8_t)(unsafe.Pointer(&accessUnit[0])), C.int(len(accessUnit)),
		C.int64_t(pts.Nanoseconds()*9/100_000), flag))
}

// WriteAudio writes mono samples at 48 kHz. A gap of more than 40 ms between
// them is filled with silence, so that sound and picture stay together.
func (m *MP4) WriteAudio(frame []float32, pts time.Duration) error {
	if m.handle == nil {
		return codecs.ErrClosed
	}
	if !m.config.Audio {
		return fmt.Errorf("ffmpeg: %w: sound in a file without", codecs.ErrUnsupported)
	}
	at := pts.Nanoseconds() * (codecs.SampleRate / 1000) / 1_000_000
	if !m.heard {
		m.heard, m.samples = true, at
	}
	if gap := at - m.samples; gap > 2*codecs.FrameSamples {
		if err := m.append(make([]float32, min(gap, maxSilence))); err != nil {
			return err
		}
		if gap > maxSilence { // go on where the sound is
			m.samples += gap - maxSilence
		}
	}
	return m.append(frame)
}

// Close finishes the file; without a key frame it returns ErrNoPicture. A
// second Close does nothing.
func (m *MP4) Close() error {
	if m.handle == nil {
		return nil
	}
	var err error
	if m.heard {
		if n := int(C.pm_muxer_audio_frame(m.handle)) - len(m.sound); len(m.sound) > 0 {
			err = m.append(make([]float32, n))
		}
		err = errors.Join(err, muxError(C.pm_muxer_audio(m.handle, nil, 0)))
	}
	err = errors.Join(err, muxError(C.pm_muxer_close(m.handle)))
	m.handle = nil
	live.Add(-1)
	if !m.begun {
		err = errors.Join(err, ErrNoPicture)
	}
	return err
}

func (m *MP4) begin(headers []byte) error {
	var data *C.uint8_t
	if len(headers) > 0 {
		data = (*C.uint8_t)(unsafe.Pointer(&headers[0]))
	}
	if err := muxError(C.pm_muxer_header(m.handle, data, C.int(len(headers)))); err != nil {
		return err
	}
	m.begun = true
	return nil
}

// append encodes the full AAC frames and keeps the rest.
func (m *MP4) append(samples []float32) error {
	m.sound = append(m.sound, samples...)
	m.samples += int64(len(samples))
	size := int(C.pm_muxer_audio_frame(m.handle))
	for len(m.sound) >= size {
		pts := m.samples - int64(len(m.sound))
		if err := muxError(C.pm_muxer_audio(m.handle, (*C.float)(unsafe.Pointer(&m.sound[0])), C.int64_t(pts))); err != nil {
			return err
		}
		m.sound = m.sound[:copy(m.sound, m.sound[size:])]
	}
	return nil
}

func muxError(code C.int) error {
	if code < 0 {
		return fmt.Errorf("ffmpeg: write: %s", errorText(int(code)))
	}
	return nil
}

// parameterSets returns the SPS and PPS of an access unit in Annex B, nil
// unless both are there.
func parameterSets(accessUnit []byte) []byte {
	var headers []byte
	kinds := 0
	for _, nal := range bytes.Split(accessUnit, []byte{0, 0, 1})[1:] {
		nal = bytes.TrimRight(nal, "\x00")
		if len(nal) == 0 {
			continue
		}
		if kind := nal[0] & 31; kind == 7 || kind == 8 { // ITU-T H.264 table 7-1
			kinds |= 1 << (kind - 7)
			headers = append(append(headers, 0, 0, 0, 1), nal...)
		}
	}
	if kinds != 3 {
		return nil
	}
	return headers
}
