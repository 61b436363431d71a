package sdp

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"parley/codecs"
)

// answer negotiates an offer with what ours has.
func answer(t *testing.T, n *Negotiation, offer string) string {
	t.Helper()
	b, err := n.Answer([]byte(offer))
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	return string(b)
}

// afterOrigin returns a description without v= and o=, with bare LF.
func afterOrigin(description string) string {
	lines := strings.SplitAfter(strings.ReplaceAll(description, "\r\n", "\n"), "\n")
	return strings.Join(lines[2:], "")
}

// mediaLines returns the m-lines of a description.
func mediaLines(description string) []string {
	var m []string
	for l := range strings.SplitSeq(description, "\n") {
		if strings.HasPrefix(l, "m=") {
			m = append(m, strings.TrimSpace(l))
		}
	}
	return m
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestAnswerText(t *testing.T) {
	n := New(ours())
	const want = `s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 40000 RTP/AVP 96 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
m=video 40002 RTP/AVP 97 96
b=AS:1550
b=TIAS:1500000
a=rtpmap:97 H264/90000
a=fmtp:97 profile-level-id=42e01f;packetization-mode=1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=42e01f;packetization-mode=0
a=rtcp-fb:* nack pli
a=sendrecv
`
	got := answer(t, n, baresip)
	if afterOrigin(got) != want {
		t.Errorf("answer:\n%s\nwant:\n%s", got, want)
	}
	if !strings.HasPrefix(got, "v=0\r\no=- ") || strings.Count(got, "\n") != strings.Count(got, "\r\n") {
		t.Errorf("bad beginning or line ends: %q", got)
	}
}

func TestAnswerPeers(t *testing.T) {
	const cb, high = codecs.ConstrainedBaseline, codecs.High
	event := Format{Name: codecs.TelephoneEvent, ClockRate: 8000, Channels: 1}
	opus := Format{Name: codecs.Opus, ClockRate: 48000, Channels: 2}
	h264 := func(p codecs.Profile, mode int) Format {
		return Format{Name: codecs.H264, ClockRate: 90000, Profile: p, PacketizationMode: mode}
	}
	for _, c := range []struct {
		name, offer  string
		lines        []string
		audio, video *Stream
	}{
		{
			"baresip", baresip,
			[]string{"m=audio 40000 RTP/AVP 96 101", "m=video 40002 RTP/AVP 97 96"},
			&Stream{
				Remote: addrPort("192.0.2.2:21074"), RemoteRTCP: addrPort("192.0.2.2:21075"),
				Send: true, Receive: true, Codec: codecs.Opus, SendPayloadType: 96, ClockRate: 48000,
				Formats:        map[uint8]Format{96: opus, 101: event},
				TelephoneEvent: 101, HasTelephoneEvent: true, TelephoneClock: 8000,
				PTime: 20, Opus: Opus{Stereo: true}, Label: "1",
			},
			&Stream{
				Remote: addrPort("192.0.2.2:21092"), RemoteRTCP: addrPort("192.0.2.2:21093"),
				Send: true, Receive: true, Codec: codecs.H264, SendPayloadType: 97, ClockRate: 90000,
				Formats:    map[uint8]Format{96: h264(cb, 0), 97: h264(cb, 1)},
				Feedback:   Feedback{PLI: true},
				MaxBitrate: 14000000, H264: H264{cb, 31, 3600, 108000, 14000000, 1},
				Content: "main", Label: "2",
			},
		},
		{
			"linphone", linphone,
			[]string{"m=audio 40000 RTP/AVPF 96 101", "m=video 40002 RTP/AVPF 97"},
			&Stream{
				Remote: addrPort("192.0.2.30:7078"), RemoteRTCP: addrPort("192.0.2.30:54631"),
				Send: true, Receive: true, AVPF: true, Codec: codecs.Opus, SendPayloadType: 96, ClockRate: 48000,
				Formats:        map[uint8]Format{96: opus, 101: {Name: codecs.TelephoneEvent, ClockRate: 48000, Channels: 1}},
				TelephoneEvent: 101, HasTelephoneEvent: true, TelephoneClock: 48000,
				Opus: Opus{InBandFEC: true},
			},
			&Stream{
				Remote: addrPort("192.0.2.30:9078"), RemoteRTCP: addrPort("192.0.2.31:40117"),
				Send: true, Receive: true, AVPF: true, Codec: codecs.H264, SendPayloadType: 97, ClockRate: 90000,
				Formats:    map[uint8]Format{97: h264(cb, 0)},
				Feedback:   Feedback{PLI: true, FIR: true, TMMBR: true},
				MaxBitrate: 380000 * 30 / 31, H264: H264{cb, 31, 3600, 108000, 14000000, 0},
			},
		},
		{
			"room", room,
			[]string{
				"m=audio 40000 RTP/AVP 9 101", "m=video 40002 RTP/AVP 126 97", "m=application 0 UDP/BFCP *",
				"m=video 0 RTP/AVP 97", "m=application 0 RTP/AVP 107",
			},
			&Stream{
				Remote: addrPort("198.51.100.9:2326"), RemoteRTCP: addrPort("198.51.100.9:2327"),
				Send: true, Receive: true, Codec: codecs.G722, SendPayloadType: 9, ClockRate: 8000,
				Formats:        map[uint8]Format{9: {Name: codecs.G722, ClockRate: 8000, Channels: 1}, 101: event},
				TelephoneEvent: 101, HasTelephoneEvent: true, TelephoneClock: 8000,
				MaxBitrate: 64000,
			},
			&Stream{
				Remote: addrPort("198.51.100.9:2328"), RemoteRTCP: addrPort("198.51.100.9:2329"),
				Send: true, Receive: true, Codec: codecs.H264, SendPayloadType: 126, ClockRate: 90000,
				Formats:    map[uint8]Format{126: h264(cb, 1), 97: h264(cb, 0)},
				Feedback:   Feedback{PLI: true, FIR: true, TMMBR: true},
				MaxBitrate: (4064000 - 80000) * 30 / 31, // the session's, without sound and headers
				H264:       H264{cb, 22, 8160, 245000, 5000000, 1},
				Content:    "main", Label: "11",
			},
		},
		{
			"browser", browser,
			[]string{"m=audio 40000 RTP/AVPF 111 110", "m=video 40002 RTP/AVPF 112 102 108"},
			&Stream{
				Remote: addrPort("203.0.113.7:50000"), RemoteRTCP: addrPort("203.0.113.7:50000"), Mux: true,
				Send: true, Receive: true, AVPF: true, Codec: codecs.Opus, SendPayloadType: 111, ClockRate: 48000,
				Formats:        map[uint8]Format{111: opus, 110: {Name: codecs.TelephoneEvent, ClockRate: 48000, Channels: 1}},
				TelephoneEvent: 110, HasTelephoneEvent: true, TelephoneClock: 48000,
				MaxBitrate: 32000, Opus: Opus{InBandFEC: true, DTX: true, MaxPlaybackRate: 24000},
			},
			&Stream{
				Remote: addrPort("203.0.113.7:50002"), RemoteRTCP: addrPort("203.0.113.7:50002"), Mux: true,
				Send: true, Receive: true, AVPF: true, Codec: codecs.H264, SendPayloadType: 112, ClockRate: 90000,
				Formats:    map[uint8]Format{112: h264(high, 1), 102: h264(cb, 1), 108: h264(cb, 0)},
				Feedback:   Feedback{NACK: true, PLI: true},
				MaxBitrate: 2000000 * 30 / 31, H264: H264{high, 31, 3600, 108000, 14000000, 1},
			},
		},
		{
			"telephone", telephone,
			[]string{"m=audio 40000 RTP/AVP 0"},
			&Stream{
				Remote: addrPort("192.0.2.50:4000"), RemoteRTCP: addrPort("192.0.2.50:4001"),
				Send: true, Receive: true, Codec: codecs.PCMU, SendPayloadType: 0, ClockRate: 8000,
				Formats: map[uint8]Format{0: {Name: codecs.PCMU, ClockRate: 8000, Channels: 1}},
			},
			nil,
		},
		{
			"sixth", sixth,
			[]string{"m=audio 40000 RTP/AVP 0", "m=video 40002 RTP/AVP 96"},
			&Stream{
				Remote: addrPort("[2001:db8::7]:6000"), RemoteRTCP: addrPort("[2001:db8::7]:6001"),
				Send: true, Receive: true, Codec: codecs.PCMU, SendPayloadType: 0, ClockRate: 8000,
				Formats: map[uint8]Format{0: {Name: codecs.PCMU, ClockRate: 8000, Channels: 1}},
			},
			&Stream{
				Remote: addrPort("[2001:db8::8]:6002"), RemoteRTCP: addrPort("[2001:db8::8]:6003"),
				Send: true, Receive: true, Codec: codecs.H264, SendPayloadType: 96, ClockRate: 90000,
				Formats:    map[uint8]Format{96: h264(codecs.Main, 1)},
				MaxBitrate: 14000000, H264: H264{codecs.Main, 31, 3600, 108000, 14000000, 1},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := New(ours())
			text := answer(t, n, c.offer)
			if got := mediaLines(text); !reflect.DeepEqual(got, c.lines) {
				t.Errorf("media lines %q, want %q", got, c.lines)
			}
			if got := n.Media().Audio; !reflect.DeepEqual(got, c.audio) {
				t.Errorf("audio\n%+v, want\n%+v", got, c.audio)
			}
			if got := n.Media().Video; !reflect.DeepEqual(got, c.video) {
				t.Errorf("video\n%+v, want\n%+v", got, c.video)
			}
		})
	}
}

const head = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n"

// TestForeignProfiles offers nothing but what is encrypted: the reason is not
// the codecs.
func TestForeignProfiles(t *testing.T) {
	for _, media := range []string{
		"m=audio 4000 RTP/SAVP 0\n",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2\nm=video 9 UDP/TLS/RTP/SAVPF 97\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\n",
		"m=audio 0 RTP/AVP 0\nm=video 4002 RTP/SAVPF 97\n",
	} {
		if got, err := New(ours()).Answer([]byte(head + media)); !errors.Is(err, ErrTransport) {
			t.Errorf("%q: %v, %q", media, err, got)
		}
	}
}

// TestAnswerLines checks which media lines are accepted and which refused.
func TestAnswerLines(t *testing.T) {
	const h264 = "a=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=42e01f;packetization-mode=1\n"
	for _, c := range []struct {
		name, media string
		want        []string // nil = ErrNoCommonCodec
	}{
		{"audio alone fits", "m=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 34\n", []string{"m=audio 40000 RTP/AVP 0", "m=video 0 RTP/AVP 34"}},
		{"video alone fits", "m=audio 4000 RTP/AVP 18\nm=video 4002 RTP/AVP 97\n" + h264, []string{"m=audio 0 RTP/AVP 18", "m=video 40002 RTP/AVP 97"}},
		{"nothing fits", "m=audio 4000 RTP/AVP 18\nm=video 4002 RTP/AVP 34\n", nil},
		{"only events", "m=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n", nil},
		{"only other media", "m=message 4000 TCP/MSRP *\n", nil},
		{"dynamic type without rtpmap", "m=audio 4000 RTP/AVP 96\n", nil},
		{"rtpmap overrides static", "m=audio 4000 RTP/AVP 0\na=rtpmap:0 L16/8000\n", nil},
		{"opus with a wrong clock", "m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/16000/2\n", nil},
		{"opus without channels", "m=audio 4000 RTP/AVP 96\na=rtpmap:96 OPUS/48000\n", []string{"m=audio 40000 RTP/AVP 96"}},
		{"stereo PCMU", "m=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMU/8000/2\n", nil},
		{"PCMU by a dynamic type", "m=audio 4000 RTP/AVP 96\na=rtpmap:96 pcmu/8000/1\n", []string{"m=audio 40000 RTP/AVP 96"}},
		{"all refused by the far end", "m=audio 0 RTP/AVP 0\n", []string{"m=audio 0 RTP/AVP 0"}},
		{"no media", "", nil},
		{"a codec of ours only encrypted", "m=audio 4000 RTP/AVP 18\nm=audio 4002 RTP/SAVP 0\n", nil},
		{
			"encrypted", "m=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 0\nm=video 9 UDP/TLS/RTP/SAVPF 97\n" + h264,
			[]string{"m=audio 0 RTP/SAVP 0", "m=audio 40000 RTP/AVP 0", "m=video 0 UDP/TLS/RTP/SAVPF 97"},
		},
		{
			"second streams", "m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 8\nm=video 4004 RTP/AVP 97\n" + h264 + "m=video 4006 RTP/AVP 97\n" + h264,
			[]string{"m=audio 40000 RTP/AVP 0", "m=audio 0 RTP/AVP 8", "m=video 40002 RTP/AVP 97", "m=video 0 RTP/AVP 97"},
		},
		{
			"slides first", "m=video 4000 RTP/AVP 97\n" + h264 + "a=content:Slides\nm=video 4002 RTP/AVP 97\n" + h264 + "a=content:main\n",
			[]string{"m=video 0 RTP/AVP 97", "m=video 40002 RTP/AVP 97"},
		},
		{
			"kinds we do not know", "m=text 4000 RTP/AVP 98\nm=image 4002 udptl t38\nm=message 4004 TCP/MSRP *\nm=audio 4006 RTP/AVP 0\n",
			[]string{"m=text 0 RTP/AVP 98", "m=image 0 udptl t38", "m=message 0 TCP/MSRP *", "m=audio 40000 RTP/AVP 0"},
		},
		{"two ports", "m=audio 4000/2 RTP/AVP 0\n", []string{"m=audio 40000 RTP/AVP 0"}},
		{"profile in small letters", "m=audio 4000 rtp/avp 0\n", []string{"m=audio 40000 rtp/avp 0"}},
		{"a payload type twice", "m=audio 4000 RTP/AVP 0 0 8\n", []string{"m=audio 40000 RTP/AVP 0"}},
		{"the first rtpmap holds", "m=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMU/8000\na=rtpmap:96 speex/8000\n", []string{"m=audio 40000 RTP/AVP 96"}},
		{"an event of a strange clock", "m=audio 4000 RTP/AVP 0 99\na=rtpmap:99 telephone-event/16000\n", []string{"m=audio 40000 RTP/AVP 0 99"}},
		{"parameters over two lines", "m=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=640c1f\na=fmtp:97 packetization-mode=7\n", nil},
		{"our preference, not theirs", "m=audio 4000 RTP/AVP 8 0 9\n", []string{"m=audio 40000 RTP/AVP 9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(ours()).Answer([]byte(head + c.media))
			if c.media == "" {
				if err != nil || len(mediaLines(string(got))) != 0 {
					t.Errorf("%s %v", got, err)
				}
				return
			}
			if c.want == nil {
				if !errors.Is(err, ErrNoCommonCodec) {
					t.Errorf("error %v, answer %s", err, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if lines := mediaLines(string(got)); !reflect.DeepEqual(lines, c.want) {
				t.Errorf("%q, want %q", lines, c.want)
			}
		})
	}
}

// TestAnswerChoice checks the order of H264 formats: profile, then mode.
func TestAnswerChoice(t *testing.T) {
	offer := head + `m=video 4000 RTP/AVP 100 101 102 103 104 105
a=rtpmap:100 H264/90000
a=fmtp:100 profile-level-id=42001f;packetization-mode=1
a=rtpmap:101 H264/90000
a=fmtp:101 profile-level-id=42e01f;packetization-mode=1
a=rtpmap:102 H264/90000
a=fmtp:102 profile-level-id=4d001f;packetization-mode=0
a=rtpmap:103 H264/90000
a=fmtp:103 profile-level-id=4d001f;packetization-mode=1
a=rtpmap:104 H264/90000
a=fmtp:104 profile-level-id=64001f
a=rtpmap:105 H264/90000
a=fmtp:105 profile-level-id=6e001f;packetization-mode=1
`
	for _, c := range []struct {
		name string
		h264 H264Local
		want string
	}{
		{"all", H264Local{}, "104 103 102 101 100"},
		{"no high", H264Local{Profiles: []codecs.Profile{codecs.ConstrainedBaseline, codecs.Main}}, "103 102 101 100"},
		{"mode 1", H264Local{PacketizationModes: []int{1}}, "103 101 100"},
		{"mode 0", H264Local{PacketizationModes: []int{0}}, "104 102"},
	} {
		local := ours()
		local.Video.H264 = c.h264
		got := mediaLines(answer(t, New(local), offer))
		if want := "m=video 40002 RTP/AVP " + c.want; got[0] != want {
			t.Errorf("%s: %s, want %s", c.name, got[0], want)
		}
	}
}

func TestAnswerAttributes(t *testing.T) {
	for _, c := range []struct {
		name, offer string
		check       func(Media) bool
		answered    string // a line of the answer
	}{
		{"hold", head + "m=audio 4000 RTP/AVP 0\na=sendonly\n", func(m Media) bool { return !m.Audio.Send && m.Audio.Receive && m.Audio.OnHold }, "a=recvonly"},
		{"hold, nothing sent", head + "m=audio 4000 RTP/AVP 0\na=inactive\n", func(m Media) bool { return !m.Audio.Send && !m.Audio.Receive && m.Audio.OnHold }, "a=inactive"},
		{"listener", head + "m=audio 4000 RTP/AVP 0\na=recvonly\n", func(m Media) bool { return m.Audio.Send && !m.Audio.Receive && !m.Audio.OnHold }, "a=sendonly"},
		{"hold of the session", head + "a=sendonly\nm=audio 4000 RTP/AVP 0\n", func(m Media) bool { return !m.Audio.Send && m.Audio.OnHold }, "a=recvonly"},
		{"media over session", head + "a=sendonly\nm=audio 4000 RTP/AVP 0\na=sendrecv\n", func(m Media) bool { return m.Audio.Send && !m.Audio.OnHold }, "a=sendrecv"},
		{
			"old hold", strings.Replace(head, "c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0", 1) + "m=audio 4000 RTP/AVP 0\n",
			func(m Media) bool {
				return !m.Audio.Send && m.Audio.Receive && m.Audio.OnHold && !m.Audio.RemoteRTCP.IsValid()
			}, "a=recvonly",
		},
		{"old hold of one stream", head + "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n", func(m Media) bool { return m.Audio.OnHold }, "a=recvonly"},
		{"IPv6 black hole", head + "m=audio 4000 RTP/AVP 0\nc=IN IP6 ::\n", func(m Media) bool { return m.Audio.OnHold }, "a=recvonly"},
		{"name in .invalid", head + "m=audio 4000 RTP/AVP 0\nc=IN IP6 hold.invalid\n", func(m Media) bool { return m.Audio.OnHold }, "a=recvonly"},
		{"no bandwidth", head + "m=audio 4000 RTP/AVP 0\nb=AS:0\n", func(m Media) bool { return !m.Audio.Send && m.Audio.Receive && !m.Audio.OnHold }, "a=sendrecv"},
		{"ptime", head + "m=audio 4000 RTP/AVP 0\na=ptime:30\na=maxptime:60.5\n", func(m Media) bool { return m.Audio.PTime == 30 && m.Audio.MaxPTime == 60 }, "a=ptime:20"},
		{"unknown attributes", head + "a=foo\na=bar:1\nm=audio 4000 RTP/AVP 0\na=foo:\na=rtpmap-x:bad\nb=X-YZ:128\n", func(m Media) bool { return m.Audio.Send }, "a=sendrecv"},
		{
			"G722 with the rate of its sound", head + "m=audio 4000 RTP/AVP 9 101\na=rtpmap:9 G722/16000/1\na=rtpmap:101 telephone-event/8000\n",
			func(m Media) bool {
				return m.Audio.ClockRate == 8000 && m.Audio.Formats[9].ClockRate == 8000 && m.Audio.TelephoneClock == 8000
			}, "a=rtpmap:9 G722/8000",
		},
		{"no RTCP", head + "m=audio 4000 RTP/AVP 0\na=rtcp:0\n", func(m Media) bool { return !m.Audio.RemoteRTCP.IsValid() }, "a=sendrecv"},
		{"last port", head + "m=audio 65535 RTP/AVP 0\n", func(m Media) bool { return !m.Audio.RemoteRTCP.IsValid() }, "a=sendrecv"},
		{"mux", head + "m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=rtcp:4009\n", func(m Media) bool { return m.Audio.Mux && m.Audio.RemoteRTCP == m.Audio.Remote }, "a=rtcp-mux"},
		{"TIAS before AS", head + "m=audio 4000 RTP/AVP 0\nb=AS:80\nb=TIAS:40000\n", func(m Media) bool { return m.Audio.MaxBitrate == 40000 }, "a=sendrecv"},
		{"AS below its headers", head + "m=audio 4000 RTP/AVP 0\nb=AS:12\n", func(m Media) bool { return m.Audio.MaxBitrate == 6000 }, "a=sendrecv"},
		{"session TIAS", "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nb=TIAS:50000\nt=0 0\nm=audio 4000 RTP/AVP 0\n", func(m Media) bool { return m.Audio.MaxBitrate == 50000 }, "a=sendrecv"},
		{"time repeated", strings.Replace(head, "t=0 0", "t=2873397496 2873404696", 1) + "m=audio 4000 RTP/AVP 0\n", func(m Media) bool { return true }, "t=2873397496 2873404696"},
		{"no s= and t=", "v=0\no=- 1 1 IN IP4 192.0.2.9\nc=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n", func(m Media) bool { return true }, "t=0 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := New(ours())
			text := answer(t, n, c.offer)
			if !c.check(n.Media()) {
				t.Errorf("%+v", n.Media().Audio)
			}
			if !strings.Contains(text, "\r\n"+c.answered+"\r\n") {
				t.Errorf("no %q in\n%s", c.answered, text)
			}
		})
	}
}

func TestOwnAttributes(t *testing.T) {
	local := ours()
	local.Address = netip.MustParseAddr("2001:db8::1")
	local.UserName, local.SessionName = "a b\r\nx", "weekly\r\na=evil"
	local.Bandwidth = 2000000
	local.Audio.RTCPPort = 40100
	local.Audio.MaxBitrate = 32000
	local.Audio.Direction = RecvOnly
	local.Video = nil
	n := New(local)
	text := answer(t, n, baresip)
	const want = `s=weekly  a=evil
c=IN IP6 2001:db8::1
b=AS:2100
b=TIAS:2000000
t=0 0
m=audio 40000 RTP/AVP 96 101
b=AS:56
b=TIAS:32000
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1;maxaveragebitrate=32000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=rtcp:40100
a=recvonly
m=video 0 RTP/AVP 96 97 34 98 99
`
	if afterOrigin(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	if !strings.HasPrefix(text, "v=0\r\no=abx ") {
		t.Errorf("origin: %s", text)
	}
	if a := n.Media().Audio; a.Send || !a.Receive || a.OnHold {
		t.Errorf("%+v", a)
	}
}
