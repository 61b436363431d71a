package sdp

import (
	"fmt"
	"strings"
)

// Bytes that go in front of a payload, by which b=AS differs from b=TIAS.
const (
	videoPayload   = 1200 // bytes of media in a video packet, about
	audioPacketsPS = 50
)

// headerBytes is IP, UDP and RTP.
func headerBytes(v6 bool) int {
	if v6 {
		return 60
	}
	return 40
}

// withHeaders returns the bit/s on the wire of a stream (RFC 3890 section 6.4.2).
func withHeaders(kind string, bitrate int, v6 bool) int {
	if kind == kindAudio {
		return bitrate + audioPacketsPS*headerBytes(v6)*8
	}
	return bitrate + (bitrate*headerBytes(v6)+videoPayload-1)/videoPayload
}

// withoutHeaders is the reverse of withHeaders; sound keeps at least 6 kbit/s,
// the least that Opus does.
func withoutHeaders(kind string, bitrate int, v6 bool) int {
	if kind == kindAudio {
		return max(bitrate-audioPacketsPS*headerBytes(v6)*8, 6000)
	}
	return bitrate * videoPayload / (videoPayload + headerBytes(v6))
}

// writer builds a session description after its o= line.
type writer struct {
	strings.Builder
	v6 bool
}

func (w *writer) line(format string, values ...any) {
	fmt.Fprintf(w, format, values...)
	w.WriteString("\r\n")
}

// bandwidth writes the lines of a limit in bit/s; old peers know only AS.
func (w *writer) bandwidth(kind string, bitrate int) {
	if bitrate <= 0 {
		return
	}
	w.line("b=AS:%d", (withHeaders(kind, bitrate, w.v6)+999)/1000)
	w.line("b=TIAS:%d", bitrate)
}

// session writes the session part after o=.
func (w *writer) session(l *Local, timing string) {
	family := "IP4"
	if w.v6 {
		family = "IP6"
	}
	w.line("s=%s", phrase(l.SessionName))
	w.line("c=IN %s %s", family, l.Address)
	w.bandwidth(kindVideo, l.Bandwidth)
	w.line("t=%s", timing)
}

// refused writes a media line in its place with port 0.
func (w *writer) refused(ln *line) {
	w.line("m=%s 0 %s %s", ln.kind, ln.proto, strings.Join(ln.formats, " "))
}

// stream says how a stream is described.
type stream struct {
	formats   []format
	direction Direction
	mux       bool
	feedback  Feedback
	level     extension // of the audio level
}

// media writes an accepted or offered media line.
func (w *writer) media(ln *line, l *LocalMedia, s *stream) {
	w.line("m=%s %d %s %s", ln.kind, l.Port, ln.proto, strings.Join(ln.formats, " "))
	w.bandwidth(ln.kind, l.MaxBitrate)
	for i := range s.formats {
		f := &s.formats[i]
		if f.channels > 1 {
			w.line("a=rtpmap:%d %s/%d/%d", f.number, f.name, f.clock, f.channels)
		} else {
			w.line("a=rtpmap:%d %s/%d", f.number, f.name, f.clock)
		}
		if f.fmtp != "" {
			w.line("a=fmtp:%d %s", f.number, f.fmtp)
		}
	}
	if ln.kind == kindAudio {
		w.line("a=ptime:20")
	}
	if l.rtcpPort() != l.Port+1 {
		w.line("a=rtcp:%d", l.rtcpPort())
	}
	if s.mux {
		w.line("a=rtcp-mux")
	}
	if s.level.id != 0 {
		w.line("a=extmap:%v", s.level)
	}
	for _, fb := range [...]struct {
		on   bool
		text string
	}{
		{s.feedback.NACK, "nack"},
		{s.feedback.PLI, "nack pli"},
		{s.feedback.FIR, "ccm fir"},
		{s.feedback.TMMBR, "ccm tmmbr"},
	} {
		if fb.on {
			w.line("a=rtcp-fb:* %s", fb.text)
		}
	}
	w.line("a=%s", s.direction)
}
