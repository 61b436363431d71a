package codecs

import "errors"

// Encoding names as registered for SDP (RFC 3551, RFC 6184, RFC 7587, RFC 4733).
// Names are compared without regard to case on the wire; inside Parley they are
// spelt exactly so.
const (
	H264           = "H264"
	Opus           = "opus"
	G722           = "G722"
	PCMU           = "PCMU"
	PCMA           = "PCMA"
	TelephoneEvent = "telephone-event"
)

// The sound of the whole engine: 48 kHz mono float32 in [-1, 1], 20 ms a frame.
const (
	SampleRate   = 48000
	FrameSamples = SampleRate / 50 // samples in one frame of 20 ms
)

// VideoClock is the RTP clock rate of video (RFC 6184 section 8.2.1).
const VideoClock = 90000

// Errors of codecs. Wrapped ones carry the library's text.
var (
	// ErrUnsupported: this build or library does not know the codec or the parameters.
	ErrUnsupported = errors.New("codec not supported")
	// ErrCorrupt: the bitstream could not be decoded; the decoder is still usable.
	ErrCorrupt = errors.New("corrupt bitstream")
	// ErrClosed: used after Close.
	ErrClosed = errors.New("codec closed")
)

// Profile is an H.264 profile (ITU-T H.264 annex A).
type Profile uint8

// The profiles that Parley encodes.
const (
	ConstrainedBaseline Profile = iota
	Main
	High
)

// String returns the profile's name in the standard.
func (p Profile) String() string {
	switch p {
	case ConstrainedBaseline:
		return "constrained baseline"
	case Main:
		return "main"
	default:
		return "high"
	}
}

// VideoEncoderConfig says what a video encoder makes.
type VideoEncoderConfig struct {
	Width, Height int     // luma samples, even
	FPS           int     // pictures per second, for rate control
	Bitrate       int     // bit/s
	Profile       Profile // H.264 profile
	Level         int     // level_idc: 31 is level 3.1
	MaxNAL        int     // largest NAL unit in bytes, 0 = unlimited (packetization-mode 1)
	Preset        string  // x264 preset, for comparison; "" = the settings chosen for composed pictures
	Band          bool    // the stream is a band of a stitched picture: vectors reach no more than 32 luma rows

	// Luma rows at the band's upper and lower edge that are black where another
	// band lies behind, 0 where none does. They are coded so that they decode flat.
	BlackTop, BlackBottom int
}

// VideoEncoder turns pictures into access units. It is used by one goroutine at a time.
type VideoEncoder interface {
	// Encode encodes one picture and returns its access unit, Annex B with
	// four- or three-byte start codes, SPS and PPS in front of every IDR. The
	// bytes are valid until the next call. It does not keep the picture and
	// does not take over the caller's reference.
	Encode(p *Picture, keyFrame bool) (AccessUnit, error)
	// SetBitrate changes the target, bit/s, from the next picture on.
	SetBitrate(bitsPerSecond int) error
	// Close frees the native memory. A second Close does nothing.
	Close()
}

// AccessUnit is one coded picture (ITU-T H.264 section 3.1).
type AccessUnit struct {
	Data []byte // Annex B byte stream
	Key  bool   // an IDR picture
	// Uneven: the black rows of a band did not decode flat, so that it may not
	// be exact beside others (package h264).
	Uneven bool
}

// VideoDecoder turns access units into pictures. It is used by one goroutine at a time.
type VideoDecoder interface {
	// Decode decodes one access unit (Annex B) and returns a picture that the
	// caller owns, or nil when the decoder needs more. With ErrCorrupt there
	// may be a picture too, parts of which are concealed; the decoder goes on
	// with the next access unit. timestamp is copied to the picture.
	Decode(accessUnit []byte, timestamp uint32) (*Picture, error)
	// Close frees the native memory; pictures already given out stay valid.
	Close()
}

// AudioEncoder turns frames of 20 ms (FrameSamples at SampleRate) into packets.
// It is used by one goroutine at a time.
type AudioEncoder interface {
	// Encode appends one packet to dst and returns the extended slice; an
	// unchanged dst means that nothing need be sent (DTX).
	Encode(dst []byte, frame []float32) ([]byte, error)
	// SetLoss tells the expected packet loss in percent; codecs with in-band
	// FEC spend bits accordingly, others ignore it.
	SetLoss(percent int)
	Close()
}

// AudioDecoder turns packets into sound at SampleRate. It is used by one goroutine at a time.
type AudioDecoder interface {
	// Decode appends the samples of one packet to dst. A packet may hold any
	// multiple of 2.5 ms up to 120 ms.
	Decode(dst []float32, packet []byte) ([]float32, error)
	// Recover appends samples (a count) for a lost stretch just before next:
	// from next's in-band FEC where the codec has it, else by concealment. next
	// may be nil. Repeated concealment fades to silence.
	Recover(dst []float32, next []byte, samples int) ([]float32, error)
	// Duration returns how many samples (at SampleRate) the packet holds,
	// without decoding it; 0 when that cannot be told.
	Duration(packet []byte) int
	Close()
}

// Set is the codecs of one build: constructors by encoding name. Constructors
// return ErrUnsupported for names that they do not know.
type Set struct {
	NewVideoDecoder func(name string) (VideoDecoder, error)
	NewVideoEncoder func(name string, c VideoEncoderConfig) (VideoEncoder, error)
	NewAudioDecoder func(name string) (AudioDecoder, error)
	NewAudioEncoder func(name string, bitrate int) (AudioEncoder, error) // bitrate in bit/s, 0 = the codec's default
	Libraries       map[string]string                                    // library name -> version
}
