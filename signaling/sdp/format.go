package sdp

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"parley/codecs"
)

// format is one payload type that both sides know, or that we offer.
type format struct {
	number   uint8
	name     string
	clock    int
	channels int
	h264     h264Format
	opus     string // the far end's fmtp value
	fmtp     string // what we write
}

// key names what the payload type means; within a media line a number that was
// once bound to a key is not given another (RFC 3264 section 8.3.2).
func (f *format) key() string {
	if f.name == codecs.H264 {
		return f.h264.key()
	}
	return f.name + "/" + strconv.Itoa(f.clock)
}

func (f *format) event() bool { return f.name == codecs.TelephoneEvent }

// received is the format as it is told to whoever receives it.
func (f *format) received() Format {
	r := Format{Name: f.name, ClockRate: f.clock, Channels: f.channels}
	if f.name == codecs.H264 {
		r.Profile, r.PacketizationMode, r.ParameterSets = f.h264.profile, f.h264.mode, f.h264.parameterSets
	}
	return r
}

// understand turns a far end's payload type into a format, false when l does
// not take it.
func understand(p *payload, l *LocalMedia) (format, bool) {
	f := format{number: p.number, name: p.name, clock: p.clock, channels: p.channels}
	if p.name == codecs.TelephoneEvent {
		f.fmtp = telephoneEvents
		return f, l.TelephoneEvent && p.clock > 0
	}
	if p.name == "" || !l.takes(p.name) {
		return f, false
	}
	switch p.name {
	case codecs.H264:
		var ok bool
		if f.h264, ok = parseH264(p.fmtp); !ok || p.clock != codecs.VideoClock {
			return f, false
		}
		f.channels = 0
		f.fmtp = f.h264.answer(&l.H264)
		return f, f.h264.fits(&l.H264)
	case codecs.Opus:
		f.opus, f.channels = p.fmtp, 2 // always two in SDP (RFC 7587 section 7)
		f.fmtp = opusParameters(l)
		return f, p.clock == 48000
	case codecs.G722: // clock 8000 by RFC 3551 section 4.5.2, yet some write what it samples at
		if p.clock == 16000 {
			f.clock = 8000
		}
		return f, f.clock == 8000 && p.channels == 1
	default:
		return f, p.clock == 8000 && p.channels == 1
	}
}

// telephoneEvents are the events that we know: the keys of a telephone (RFC 4733 section 3.2).
const telephoneEvents = "0-15"

// opusParameters says what we want to receive (RFC 7587 section 6.1): mono with
// in-band FEC.
func opusParameters(l *LocalMedia) string {
	if l.MaxBitrate <= 0 {
		return "useinbandfec=1"
	}
	return fmt.Sprintf("useinbandfec=1;maxaveragebitrate=%d", min(max(l.MaxBitrate, 6000), 510000))
}

// parseOpus reads a far end's parameters; bitrate is 0 when unsaid.
func parseOpus(fmtp string) (o Opus, bitrate int) {
	p := parameters(fmtp)
	o = Opus{
		Stereo:          p["stereo"] == "1",
		InBandFEC:       p["useinbandfec"] == "1",
		DTX:             p["usedtx"] == "1",
		CBR:             p["cbr"] == "1",
		MaxPlaybackRate: parameterNumber(p, "maxplaybackrate"),
	}
	return o, parameterNumber(p, "maxaveragebitrate")
}

// common returns the formats of a section that l takes, codecs best first and
// telephone events last.
func common(s *section, l *LocalMedia) (codec, event []format) {
	for _, p := range s.payloads {
		f, ok := understand(p, l)
		switch {
		case !ok:
		case f.event():
			event = append(event, f)
		default:
			codec = append(codec, f)
		}
	}
	sort.SliceStable(codec, func(i, j int) bool {
		a, b := &codec[i], &codec[j]
		if a.name != b.name {
			return slices.Index(l.Codecs, a.name) < slices.Index(l.Codecs, b.name)
		}
		return a.name == codecs.H264 && a.h264.better(&b.h264)
	})
	return codec, event
}

// bestEvent returns the telephone-event that goes with a codec: of the same
// clock (RFC 4733 section 2.1), else at 8000 Hz, else the first.
func bestEvent(event []format, clock int) *format {
	for _, want := range [...]int{clock, 8000} {
		for i := range event {
			if event[i].clock == want {
				return &event[i]
			}
		}
	}
	if len(event) > 0 {
		return &event[0]
	}
	return nil
}

// offerFormats returns what we offer of a kind, best first, each with the
// payload type that the line has bound to it or a free one.
func offerFormats(l *LocalMedia, bound bindings) []format {
	var out []format
	add := func(f format, number uint8) {
		f.number = number
		out = append(out, f)
	}
	for _, name := range l.Codecs {
		switch name {
		case codecs.Opus:
			add(format{name: name, clock: 48000, channels: 2, fmtp: opusParameters(l)}, 96)
		case codecs.G722, codecs.PCMU, codecs.PCMA:
			static := map[string]uint8{codecs.PCMU: 0, codecs.PCMA: 8, codecs.G722: 9}
			add(format{name: name, clock: 8000, channels: 1}, static[name])
		case codecs.H264:
			number := uint8(97)
			for _, profile := range l.H264.profiles() {
				for _, mode := range l.H264.modes() {
					idc, iop := ownProfile(profile)
					h := h264Format{
						profileIDC: idc, profileIOP: iop, profile: profile, constrained: true,
						level: l.H264.level(), mode: mode, asymmetry: true,
					}
					fmtp := h264Parameters(&l.H264, idc, iop, h.level, mode, true)
					add(format{name: name, clock: codecs.VideoClock, h264: h, fmtp: fmtp}, number)
					number++
				}
			}
		}
	}
	if l.TelephoneEvent && len(out) > 0 {
		event := format{name: codecs.TelephoneEvent, channels: 1, fmtp: telephoneEvents}
		if l.takes(codecs.Opus) { // events have the clock of the sound (RFC 4733 section 2.1)
			event.clock = 48000
			add(event, 100)
		}
		event.clock = 8000
		add(event, 101)
	}
	taken := map[uint8]bool{}
	for i := range out {
		out[i].number = bound.number(out[i].key(), out[i].number, taken)
		taken[out[i].number] = true
	}
	return out
}

// bindings remembers what the payload types of one media line meant in our
// descriptions, the latest first.
type bindings []binding

type binding struct {
	number uint8
	key    string
}

// bind notes a payload type's meaning.
func (b *bindings) bind(number uint8, key string) {
	rest := slices.DeleteFunc(slices.Clone(*b), func(x binding) bool { return x.number == number })
	*b = append(bindings{{number, key}}, rest...)
}

// number returns the payload type for a key: the one bound to it, else the
// wanted one, else a free dynamic one.
func (b bindings) number(key string, want uint8, taken map[uint8]bool) uint8 {
	used := map[uint8]bool{}
	for _, x := range b {
		if x.key == key && !taken[x.number] {
			return x.number
		}
		used[x.number] = true
	}
	if want < 96 { // static
		return want
	}
	if !used[want] && !taken[want] {
		return want
	}
	for n := uint8(96); n < 128; n++ {
		if !used[n] && !taken[n] {
			return n
		}
	}
	// All were used in the course of the call: only what is in this offer must differ.
	for n := uint8(127); n > 96; n-- {
		if !taken[n] {
			return n
		}
	}
	return want
}
