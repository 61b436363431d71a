package sdp

import "strings"

// audioLevelURI names the header extension in which a sender tells how loud
// each packet is (RFC 6464 section 3).
const audioLevelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// audioLevelID is the identifier in our own offers.
const audioLevelID = 1

// takeExtension reads a=extmap (RFC 8285 section 5):
// <id>["/"<direction>] <URI> [<attributes>], and returns the identifier of the
// audio level when it is that and the far end would send it, else 0. What it
// would send is all that we take: a mixer has no level of one sender to tell.
// Identifiers above 255 stand for more extensions than there are numbers (RFC
// 8285 section 6); to take one of those means to give it another number, and
// nobody needs so many for sound. 15 is not to be used.
func takeExtension(value string) uint8 {
	f := strings.Fields(value)
	if len(f) < 2 || !strings.EqualFold(f[1], audioLevelURI) {
		return 0
	}
	number, direction, directed := strings.Cut(f[0], "/")
	if directed {
		d, ok := parseDirection(strings.ToLower(direction))
		if !ok || !d.Sends() {
			return 0
		}
	}
	if !digits(number) {
		return 0
	}
	if id := boundedNumber(number); id <= 255 && id != 15 {
		return uint8(id)
	}
	return 0
}

// audioLevel returns the identifier under which the far end's section has the
// audio level and we take it, else 0.
func (s *section) audioLevel(l *LocalMedia) uint8 {
	if !l.AudioLevel || s.kind != kindAudio {
		return 0
	}
	return s.level
}

// offeredLevel returns the identifier for our offer on a line, 0 = none. Once
// agreed it keeps its meaning for the whole call (RFC 8285 section 6).
func (ln *line) offeredLevel(l *LocalMedia) uint8 {
	switch {
	case !l.AudioLevel || ln.kind != kindAudio:
		return 0
	case ln.level != 0:
		return ln.level
	}
	return audioLevelID
}

// agree keeps the identifier for later offers.
func (ln *line) agree(st *Stream) {
	if st.AudioLevelID != 0 {
		ln.level = st.AudioLevelID
	}
}
