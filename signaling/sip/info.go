package sip

import (
	"bytes"
	"strings"
)

// Bodies of INFO that we understand.
const (
	kindMediaControl = "application/media_control+xml" // RFC 5168
	kindDTMFRelay    = "application/dtmf-relay"
	kindDTMF         = "application/dtmf"
)

const pictureFastUpdate = `<?xml version="1.0" encoding="utf-8"?>
<media_control>
  <vc_primitive>
    <to_encoder>
      <picture_fast_update/>
    </to_encoder>
  </vc_primitive>
</media_control>
`

// asksKeyFrame reports whether a media_control document asks for a picture.
func asksKeyFrame(body []byte) bool { return bytes.Contains(body, []byte("picture_fast_update")) }

// readDTMF returns the digits of an INFO: the Signal line of a dtmf-relay, or
// the whole body of a dtmf. Systems that write numbers for the signs send 10
// for * and 11 for #.
func readDTMF(kind string, body []byte) string {
	text := string(body)
	if kind == kindDTMFRelay {
		found := ""
		for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
			name, value, ok := strings.Cut(line, "=")
			if ok && strings.EqualFold(strings.TrimSpace(name), "Signal") {
				found = strings.TrimSpace(value)
				break
			}
		}
		text = found
	}
	text = strings.TrimSpace(text)
	switch text {
	case "10":
		return "*"
	case "11":
		return "#"
	}
	if len(text) > 32 || strings.Trim(text, "0123456789*#ABCDabcd") != "" {
		return ""
	}
	return strings.ToUpper(text)
}
