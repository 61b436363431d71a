package sdp

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"

	"parley/codecs"
)

// kinds are the kinds of media that we negotiate, by index.
var kinds = [...]string{kindAudio, kindVideo}

// Negotiation is the offer/answer state of one call (RFC 3264). It keeps the
// order of media lines and the meaning of payload types for the whole call. It
// must not be used by two goroutines at a time.
type Negotiation struct {
	local   Local
	id      uint64
	version uint64
	written string // the last description that we made, without o=

	lines []line
	roles roles
	media Media

	open *openOffer // nil = none
}

// line is what a media line is now, on both sides. Its slices are replaced,
// never written, so that a copy of a line is independent.
type line struct {
	kind    string
	proto   string
	formats []string // as last written
	content string
	bound   bindings
	level   uint8 // identifier of the audio level, 0 = never agreed
}

// roles holds which line carries which kind, -1 = none.
type roles [len(kinds)]int

// openOffer is our offer while it is unanswered.
type openOffer struct {
	local   Local // as offered
	lines   []line
	roles   roles
	formats [len(kinds)][]format
}

// New returns the negotiation of a new call. local is copied.
func New(local Local) *Negotiation {
	// The id fits 32 bits: some peers read no more.
	return &Negotiation{local: local.clone(), id: uint64(rand.Uint32()), roles: roles{-1, -1}}
}

// Clone returns a copy that goes its own way, for trying an answer.
func (n *Negotiation) Clone() *Negotiation {
	c := *n
	c.local, c.lines = n.local.clone(), slices.Clone(n.lines)
	return &c
}

// SetLocal changes what this side offers and takes, from the next description on.
func (n *Negotiation) SetLocal(change func(*Local)) {
	change(&n.local)
	n.local = n.local.clone()
}

// Pending reports whether an offer of ours is open.
func (n *Negotiation) Pending() bool { return n.open != nil }

// Rollback closes our open offer, which the far end refused (RFC 3264 section
// 8, RFC 6337 section 3.4): what was in force stays so.
func (n *Negotiation) Rollback() { n.open = nil }

// Media returns what is in force: the outcome of the last complete exchange.
func (n *Negotiation) Media() Media { return n.media }

// stream returns the place of a kind's stream in m.
func (m *Media) stream(kind int) **Stream {
	if kinds[kind] == kindAudio {
		return &m.Audio
	}
	return &m.Video
}

// describe puts the o= line in front of what w holds. The version rises when
// anything else changed (RFC 3264 section 8).
func (n *Negotiation) describe(w *writer) []byte {
	if text := w.String(); text != n.written {
		n.version++
		n.written = text
	}
	family := "IP4"
	if w.v6 {
		family = "IP6"
	}
	return fmt.Appendf(nil, "v=0\r\no=%s %d %d IN %s %s\r\n%s",
		word(n.local.UserName), n.id, n.version, family, n.local.Address, n.written)
}

// writer returns an empty writer for our address.
func (n *Negotiation) writer() (*writer, error) {
	n.local.Address = n.local.Address.WithZone("").Unmap()
	if !n.local.Address.IsValid() {
		return nil, ErrLocal
	}
	return &writer{v6: n.local.Address.Is6()}, nil
}

// set makes the line carry these formats.
func (ln *line) set(formats []format) {
	ln.formats = nil
	for i := range formats {
		ln.formats = append(ln.formats, strconv.Itoa(int(formats[i].number)))
		ln.bound.bind(formats[i].number, formats[i].key())
	}
}

// establish returns the stream that a far end's section and our side make.
// send is what we send, in the far end's terms; formats what may arrive.
func establish(s *section, total bandwidth, l *LocalMedia, send *format, event *format, formats map[uint8]Format) *Stream {
	theirs := s.theirDirection()
	_, avpf := s.plain()
	st := &Stream{
		Remote:  netip.AddrPortFrom(s.connection, uint16(s.port)),
		Send:    l.Direction.Sends() && theirs.Receives() && !s.bandwidth.none() && !total.none(),
		Receive: l.Direction.Receives() && theirs.Sends(),
		OnHold:  l.Direction.Sends() && !theirs.Receives(),

		Codec: send.name, SendPayloadType: send.number, ClockRate: send.clock,
		Formats: formats,
		AVPF:    avpf,
		PTime:   s.ptime, MaxPTime: s.maxPTime,
		Content: s.content, Label: s.label,
	}
	st.setLevel(s.audioLevel(l))
	st.Feedback = s.feedbackFor(send.number).and(l.feedback(s.kind))
	if event != nil {
		st.TelephoneEvent, st.HasTelephoneEvent, st.TelephoneClock = event.number, true, event.clock
	}
	st.limit(s.bandwidth, s.kind, s.connection.Is6())
	if send.name == codecs.Opus {
		opus, bitrate := parseOpus(send.opus)
		st.Opus = opus
		st.lower(bitrate)
	}
	if s.kind == kindVideo {
		st.H264 = send.h264.limits(&l.H264)
		st.lower(st.H264.MaxBR)
	}
	return st
}

// theirDirection is what the far end says, an old-style hold included (RFC 3264 section 8.4).
func (s *section) theirDirection() Direction {
	if s.connection.IsUnspecified() {
		return direction(s.direction.Sends(), false)
	}
	return s.direction
}

// setRTCP says where RTCP goes (RFC 3605, RFC 5761).
func (st *Stream) setRTCP(s *section, mux bool) {
	st.Mux = mux
	address, port := s.connection, s.port+1
	if s.rtcpPort >= 0 {
		port = s.rtcpPort
	}
	if s.rtcpAddress.IsValid() {
		address = s.rtcpAddress
	}
	if mux {
		address, port = s.connection, s.port
	}
	if port > 0 && port < 1<<16 && !address.IsUnspecified() {
		st.RemoteRTCP = netip.AddrPortFrom(address, uint16(port))
	}
}

// share applies the far end's limit for the session: sound comes first, video
// has the rest, yet at least half.
func (m *Media) share(total bandwidth) {
	sound, soundOnWire := 0, 0
	if a := m.Audio; a != nil {
		v6 := a.Remote.Addr().Is6()
		if sound = a.MaxBitrate; sound == 0 {
			sound = usualSound
		}
		soundOnWire = withHeaders(kindAudio, sound, v6)
		a.limit(total, kindAudio, v6)
	}
	if v := m.Video; v != nil {
		rest := bandwidth{tias: max(total.tias-sound, total.tias/2), as: max(total.as-soundOnWire, total.as/2)}
		v.limit(rest, kindVideo, v.Remote.Addr().Is6())
	}
}

// usualSound is the bit/s that sound is reckoned at when its limit is unsaid.
const usualSound = 64000

// limit lowers MaxBitrate to what b= lines say.
func (st *Stream) limit(b bandwidth, kind string, v6 bool) {
	st.lower(b.tias)
	if b.as > 0 {
		st.lower(withoutHeaders(kind, b.as, v6))
	}
}

// lower lowers MaxBitrate; nothing and less is unsaid.
func (st *Stream) lower(bitrate int) {
	if bitrate > 0 && (st.MaxBitrate == 0 || bitrate < st.MaxBitrate) {
		st.MaxBitrate = bitrate
	}
}

// feedback returns the messages that we take part in.
func (m *LocalMedia) feedback(kind string) Feedback {
	if !m.Feedback {
		return Feedback{}
	}
	if kind == kindAudio {
		return Feedback{NACK: true}
	}
	return Feedback{NACK: true, PLI: true, FIR: true, TMMBR: true}
}
