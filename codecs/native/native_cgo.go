//go:build cgo

package native

// #include <malloc.h>
import "C"

import (
	"fmt"
	"runtime"

	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/codecs/g711"
	"parley/codecs/opus"
	"parley/codecs/x264"
)

// Codecs returns the codecs of this build.
//
// It also bounds the arenas of the C allocator to the processors: codecs come
// and go on many threads, and with glibc's default of eight arenas for each
// processor a node that has seen a thousand calls keeps hundreds of megabytes
// of freed memory.
func Codecs() codecs.Set {
	C.mallopt(C.M_ARENA_MAX, C.int(max(2, runtime.NumCPU())))
	libraries := ffmpeg.Libraries()
	libraries["x264"] = x264.Version()
	libraries["opus"] = opus.Version()
	return codecs.Set{
		NewVideoDecoder: func(name string) (codecs.VideoDecoder, error) {
			if name != codecs.H264 {
				return nil, unsupported(name)
			}
			return opened[codecs.VideoDecoder](ffmpeg.NewH264Decoder())
		},
		NewVideoEncoder: func(name string, c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			if name != codecs.H264 {
				return nil, unsupported(name)
			}
			return opened[codecs.VideoEncoder](x264.New(c))
		},
		NewAudioDecoder: func(name string) (codecs.AudioDecoder, error) {
			switch name {
			case codecs.Opus:
				return opened[codecs.AudioDecoder](opus.NewDecoder())
			case codecs.G722:
				return opened[codecs.AudioDecoder](ffmpeg.NewG722Decoder())
			case codecs.PCMU:
				return g711.NewDecoder(g711.MuLaw), nil
			case codecs.PCMA:
				return g711.NewDecoder(g711.ALaw), nil
			}
			return nil, unsupported(name)
		},
		NewAudioEncoder: func(name string, bitrate int) (codecs.AudioEncoder, error) {
			switch name {
			case codecs.Opus:
				return opened[codecs.AudioEncoder](opus.NewEncoder(bitrate))
			case codecs.G722:
				return opened[codecs.AudioEncoder](ffmpeg.NewG722Encoder())
			case codecs.PCMU:
				return g711.NewEncoder(g711.MuLaw), nil
			case codecs.PCMA:
				return g711.NewEncoder(g711.ALaw), nil
			}
			return nil, unsupported(name)
		},
		Libraries: libraries,
	}
}

// opened returns the codec as the interface I, and a nil interface with an error.
func opened[I, C any](c C, err error) (I, error) {
	var none I
	if err != nil {
		return none, err
	}
	return any(c).(I), nil
}

func unsupported(name string) error {
	return fmt.Errorf("%w: %s", codecs.ErrUnsupported, name)
}
