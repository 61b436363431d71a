package sdp

import (
	"fmt"
	"strings"
)

// audioLevelURI names the header extension in which a sender tells how loud
// each packet is (RFC 6464 section 3).
const audioLevelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// audioLevelID is the identifier in our own offers.
const audioLevelID = 1

// extension is a header extension as one side describes it; the zero value is
// none.
type extension struct {
	id        uint8     // 1 to 255 without 15, 0 = none
	direction Direction // of the side that describes it
}

// takeExtension reads a=extmap (RFC 8285 section 5):
// <id>["/"<direction>] <URI> [<attributes>], and returns the audio level when it
// is that and not inactive. Identifiers above 255 stand for more extensions than
// there are numbers (RFC 8285 section 6); to take one of those means to give it
// another number, and nobody needs so many for sound. 15 is not to be used.
func takeExtension(value string) (e extension) {
	f := strings.Fields(value)
	if len(f) < 2 || !strings.EqualFold(f[1], audioLevelURI) {
		return extension{}
	}
	number, direction, directed := strings.Cut(f[0], "/")
	if directed {
		var ok bool
		if e.direction, ok = parseDirection(strings.ToLower(direction)); !ok || e.direction == Inactive {
			return extension{}
		}
	}
	if !digits(number) {
		return extension{}
	}
	id := boundedNumber(number)
	if id > 255 || id == 15 {
		return extension{}
	}
	e.id = uint8(id)
	return e
}

// audioLevel returns the audio level as both sides have it, in our terms.
func (s *section) audioLevel(l *LocalMedia) extension {
	theirs := s.level.direction
	return levelOf(s.kind, s.level.id, l.SendAudioLevel && theirs.Receives(), l.AudioLevel && theirs.Sends())
}

// offeredLevel returns the audio level for our offer on a line. Once agreed its
// identifier keeps its meaning for the whole call (RFC 8285 section 6).
func (ln *line) offeredLevel(l *LocalMedia) extension {
	id := ln.level
	if id == 0 {
		id = audioLevelID
	}
	return levelOf(ln.kind, id, l.SendAudioLevel, l.AudioLevel)
}

func levelOf(kind string, id uint8, sends, receives bool) extension {
	if kind != kindAudio || id == 0 || !sends && !receives {
		return extension{}
	}
	return extension{id, direction(sends, receives)}
}

// setLevel puts the audio level into force.
func (st *Stream) setLevel(e extension) {
	st.AudioLevelID, st.SendAudioLevelID = 0, 0
	if e.direction.Receives() {
		st.AudioLevelID = e.id
	}
	if e.direction.Sends() {
		st.SendAudioLevelID = e.id
	}
}

// String returns the value of a=extmap.
func (e extension) String() string {
	if e.direction == SendRecv {
		return fmt.Sprintf("%d %s", e.id, audioLevelURI)
	}
	return fmt.Sprintf("%d/%v %s", e.id, e.direction, audioLevelURI)
}

// agree keeps the identifier for later offers.
func (ln *line) agree(st *Stream) {
	if id := max(st.AudioLevelID, st.SendAudioLevelID); id != 0 {
		ln.level = id
	}
}
