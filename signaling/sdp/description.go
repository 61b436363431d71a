package sdp

import (
	"net/netip"
	"strings"
)

// Bounds of what is read from the network.
const (
	maxBody     = 64 << 10 // bytes
	maxLines    = 2048
	maxSections = 32  // m-lines
	maxFormats  = 128 // of one m-line
)

// Kinds of media that we negotiate.
const (
	kindAudio = "audio"
	kindVideo = "video"
)

// description is what we need of a session description (RFC 8866).
type description struct {
	timing     string // the value of t=, which an answer repeats (RFC 3264 section 6)
	connection connection
	bandwidth  bandwidth
	direction  Direction
	level      extension // of the audio level, for all media
	sections   []*section
}

// section is one m-line with the lines that belong to it.
type section struct {
	line int    // number of its m-line
	text string // its m-line

	kind    string
	port    int
	proto   string
	formats []string // as written

	own        connection // its c= line
	connection netip.Addr // from its c= line or the session's, valid when used
	bandwidth  bandwidth
	direction  Direction
	payloads   []*payload // when used, in the order of formats

	rtcpPort        int // -1 = no a=rtcp
	rtcpAddress     netip.Addr
	mux             bool
	feedback        map[int]Feedback // by payload type, anyPayload = '*'
	ptime, maxPTime int
	content, label  string
	level           extension // of the audio level (RFC 6464)
}

// connection is a c= line as written; it is read only for a section in use.
type connection struct {
	line int // its number, 0 = there is none
	text string
}

// anyPayload is the '*' of a=rtcp-fb.
const anyPayload = -1

// payload is one payload type of a section.
type payload struct {
	number   uint8
	name     string // as spelt in package codecs where it is known there, else ""
	clock    int
	channels int
	fmtp     string
	mapped   bool // had an rtpmap
}

// used reports whether the section is in use and of a kind and profile that we
// take. Of any other only the form is checked.
func (s *section) used() bool {
	return s.port != 0 && (s.kind == kindAudio || s.kind == kindVideo) && plainProto(s.proto)
}

// foreignProfiles reports whether there is audio or video to be had, and all of it
// by profiles that we do not take.
func (d *description) foreignProfiles() bool {
	foreign := false
	for _, s := range d.sections {
		if s.port == 0 || s.kind != kindAudio && s.kind != kindVideo {
			continue
		}
		if plainProto(s.proto) {
			return false
		}
		foreign = true
	}
	return foreign
}

// plain reports whether the section is of a profile that we take, and whether
// it has early feedback.
func (s *section) plain() (ok, avpf bool) {
	return plainProto(s.proto), strings.EqualFold(s.proto, "RTP/AVPF")
}

func plainProto(proto string) bool {
	return strings.EqualFold(proto, "RTP/AVP") || strings.EqualFold(proto, "RTP/AVPF")
}

// slides reports whether the section is a presentation (RFC 4796).
func (s *section) slides() bool {
	for c := range strings.SplitSeq(s.content, ",") {
		if strings.EqualFold(strings.TrimSpace(c), "slides") {
			return true
		}
	}
	return false
}

func (s *section) payload(number uint8) *payload {
	for _, p := range s.payloads {
		if p.number == number {
			return p
		}
	}
	return nil
}

// feedbackFor returns the feedback offered for a payload type.
func (s *section) feedbackFor(number uint8) Feedback {
	return s.feedback[anyPayload].or(s.feedback[int(number)])
}

// bandwidth holds b= lines in bit/s; -1 = not said.
type bandwidth struct {
	tias int // without lower-layer headers (RFC 3890)
	as   int // with them (RFC 8866 section 5.8)
}

var noBandwidth = bandwidth{tias: -1, as: -1}

// none reports whether a bandwidth of zero was said, which means that nothing
// shall be sent (RFC 3264 section 5.1).
func (b bandwidth) none() bool { return b.tias == 0 || b.as == 0 }
