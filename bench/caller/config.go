// Package caller is a scripted SIP caller: it sends pictures and sounds of
// package clip, does as its script says, and measures what it is sent. It keeps
// to the negotiated limits and answers key frame requests as a camera would. It
// is for tests, demonstrations and the capacity bench, not for people to talk
// with.
package caller

import (
	"errors"
	"log/slog"
	"net/netip"

	"parley/bench/clip"
	"parley/codecs"
	"parley/signaling/sdp"
)

// Errors of a call.
var (
	// ErrEnded: the call is over, by whomever.
	ErrEnded = errors.New("caller: call ended")
	// ErrNoRecording: this build cannot write media files.
	ErrNoRecording = errors.New("caller: no recording in this build")
)

// Decode says which of the pictures that arrive are decoded.
type Decode int

// The ways of decoding. What is not decoded is still received, counted and
// asked for again when it is lost.
const (
	DecodeAll  Decode = iota // every picture
	DecodeKeys               // key frames only: resolution and an occasional look
	DecodeNone
)

// Config says what a caller is and does.
type Config struct {
	URI       string // whom he calls; a transport parameter is respected
	Name      string // display name
	From      string // his own address, "" = sip:<name>@<his address>
	UserAgent string // "" = "parley-caller"

	Library *clip.Library   // encodes what he sends, and its codecs decode what arrives
	Video   *clip.VideoSpec // his camera; nil = he only watches
	Sound   *clip.SoundSpec // what he says when he talks; nil = he only listens

	AudioOnly bool // offer no video at all
	SendOnly  bool // offer a=sendonly: he does not want to be sent anything
	LateOffer bool // INVITE without a session description; his answer goes with the ACK
	Talking   bool // he talks from the start

	AudioCodecs []string      // best first; nil = opus, G722, PCMU, PCMA
	H264        sdp.H264Local // what he can receive
	MaxBitrate  int           // bit/s of video that he can receive, 0 = unsaid
	Bandwidth   int           // bit/s in all that he can receive, 0 = unsaid
	NoFeedback  bool          // no a=rtcp-fb: key frames are asked for by SIP INFO
	RTCPMux     bool          // offer a=rtcp-mux
	NoEvents    bool          // no telephone-event: digits go by SIP INFO

	Decode    Decode
	OnPicture func(p *codecs.Picture) // every decoded picture, in order; not to be kept without Retain
	Record    string                  // path of an MP4 file of what arrives, "" = none
	Network   *Network                // what his packets suffer; nil = nothing
	Address   netip.Addr              // his own; invalid = 127.0.0.1

	Log *slog.Logger // nil = nothing is logged
}

// Prepare encodes what the caller will send into the library, as Dial does. Who
// bounds the time of Dial, or has something to tell meanwhile, calls it before.
func (c *Config) Prepare() error {
	own := *c
	own.AudioCodecs = c.audioCodecs()
	return newSender(&own).prepare()
}

func (c *Config) audioCodecs() []string {
	if len(c.AudioCodecs) > 0 {
		return c.AudioCodecs
	}
	return []string{codecs.Opus, codecs.G722, codecs.PCMU, codecs.PCMA}
}

// local describes the caller for a negotiation.
func (c *Config) local(audioPort, videoPort int) sdp.Local {
	l := sdp.Local{Address: c.Address, UserName: "caller", Bandwidth: c.Bandwidth}
	l.Audio = &sdp.LocalMedia{
		Port: audioPort, Codecs: c.AudioCodecs, TelephoneEvent: !c.NoEvents, RTCPMux: c.RTCPMux,
		Direction: direction(c.Sound != nil, !c.SendOnly),
	}
	if !c.AudioOnly {
		l.Video = &sdp.LocalMedia{
			Port: videoPort, Codecs: []string{codecs.H264}, RTCPMux: c.RTCPMux,
			Direction: direction(c.Video != nil, !c.SendOnly), H264: c.H264,
			MaxBitrate: c.MaxBitrate, Feedback: !c.NoFeedback,
		}
	}
	return l
}

func direction(sends, receives bool) sdp.Direction {
	switch {
	case sends && receives:
		return sdp.SendRecv
	case sends:
		return sdp.SendOnly
	case receives:
		return sdp.RecvOnly
	}
	return sdp.Inactive
}
