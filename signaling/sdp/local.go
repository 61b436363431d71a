package sdp

import (
	"net/netip"
	"slices"
	"strings"

	"parley/codecs"
)

// Local says what this side offers and can take.
type Local struct {
	Address     netip.Addr  // where media are received, IPv4 or IPv6
	UserName    string      // of o=, "" = "-"
	SessionName string      // of s=, "" = "-"
	Audio       *LocalMedia // nil = audio is refused in answers and absent in offers
	Video       *LocalMedia // nil = video is refused in answers and absent in offers
	Bandwidth   int         // bit/s that we receive at most in all, 0 = unsaid
}

// LocalMedia is one kind of media of Local.
type LocalMedia struct {
	Port           int       // of RTP, 0 = as if the kind were nil
	RTCPPort       int       // 0 = Port+1
	RTCPMux        bool      // offer a=rtcp-mux (RFC 5761); when the far end offers it, it is always agreed to
	Codecs         []string  // encoding names (codecs.Opus, ...), best first
	TelephoneEvent bool      // receive and send DTMF by RFC 4733
	Direction      Direction // what we want
	MaxBitrate     int       // bit/s that we receive at most, without headers (RFC 3890), 0 = unsaid
	H264           H264Local // for video
	AudioLevel     bool      // take the level of each packet of sound in a header extension (RFC 6464)
	SendAudioLevel bool      // send it
	Feedback       bool      // take part in a=rtcp-fb: nack, nack pli, ccm fir, ccm tmmbr (audio: nack)
}

// H264Local says which H.264 we receive and send (RFC 6184 section 8.1).
type H264Local struct {
	Profiles           []codecs.Profile // nil = all
	Level              int              // level_idc (9 = level 1b) that we receive, 0 = 31
	MaxFS              int              // macroblocks a picture, where more than the level gives, 0 = the level's
	MaxMBPS            int              // macroblocks a second, likewise
	MaxBR              int              // bit/s, likewise
	PacketizationModes []int            // of 0 and 1, nil = both
}

// Direction is a media direction as seen by the side that says it (RFC 8866 section 6.7).
type Direction uint8

// The directions. Their bits are tested by Sends and Receives.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// Sends reports whether who says d sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether who says d receives.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// String returns the SDP attribute.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	default:
		return "inactive"
	}
}

// direction returns the direction of one who sends and receives so.
func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	default:
		return Inactive
	}
}

// clone returns a copy that shares no memory with l.
func (l Local) clone() Local {
	l.Audio, l.Video = l.Audio.clone(), l.Video.clone()
	return l
}

func (m *LocalMedia) clone() *LocalMedia {
	if m == nil {
		return nil
	}
	c := *m
	c.Codecs = slices.Clone(m.Codecs)
	c.H264.Profiles = slices.Clone(m.H264.Profiles)
	c.H264.PacketizationModes = slices.Clone(m.H264.PacketizationModes)
	return &c
}

// of returns what l says about a kind of media, nil when it has none.
func (l *Local) of(kind string) *LocalMedia {
	var m *LocalMedia
	switch kind {
	case kindAudio:
		m = l.Audio
	case kindVideo:
		m = l.Video
	}
	if m == nil || m.Port <= 0 || m.Port > 65535 {
		return nil
	}
	return m
}

func (m *LocalMedia) rtcpPort() int {
	if m.RTCPPort == 0 {
		return m.Port + 1
	}
	return m.RTCPPort
}

// takes reports whether name is among our codecs.
func (m *LocalMedia) takes(name string) bool { return slices.Contains(m.Codecs, name) }

// profiles returns the profiles, best first.
func (h *H264Local) profiles() []codecs.Profile {
	all := []codecs.Profile{codecs.High, codecs.Main, codecs.ConstrainedBaseline}
	if len(h.Profiles) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(p codecs.Profile) bool { return !slices.Contains(h.Profiles, p) })
}

// modes returns the packetization modes, best first.
func (h *H264Local) modes() []int {
	both := []int{1, 0}
	if len(h.PacketizationModes) == 0 {
		return both
	}
	return slices.DeleteFunc(both, func(m int) bool { return !slices.Contains(h.PacketizationModes, m) })
}

func (h *H264Local) level() int {
	if h.Level == 0 {
		return 31
	}
	return knownLevel(h.Level)
}

// word makes a text fit for a field that may hold no space (o=).
func word(text string) string {
	text = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return "-"
	}
	return text
}

// phrase makes a text fit for a line (s=).
func phrase(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text))
	if text == "" {
		return "-"
	}
	return text
}
