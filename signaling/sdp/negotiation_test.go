package sdp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"parley/codecs"
)

// ours is a Local with all that we have.
func ours() Local {
	return Local{
		Address: netip.MustParseAddr("192.0.2.1"),
		Audio: &LocalMedia{
			Port:           40000,
			Codecs:         []string{codecs.Opus, codecs.G722, codecs.PCMU, codecs.PCMA},
			TelephoneEvent: true,
		},
		Video: &LocalMedia{Port: 40002, Codecs: []string{codecs.H264}, MaxBitrate: 1500000, Feedback: true},
	}
}

// randomLocal returns any Local with at least the common codecs PCMU and constrained baseline.
func randomLocal(r *rand.Rand, address string) Local {
	yes := func() bool { return r.IntN(2) == 0 }
	media := func(port int) *LocalMedia {
		return &LocalMedia{
			Port: port, RTCPPort: port + 1 + r.IntN(2)*10, RTCPMux: yes(), TelephoneEvent: yes(),
			Direction: Direction(r.IntN(4)), MaxBitrate: r.IntN(2) * (64000 + r.IntN(2000000)), Feedback: yes(),
			AudioLevel: yes(), SendAudioLevel: yes(),
		}
	}
	l := Local{Address: netip.MustParseAddr(address), Bandwidth: r.IntN(2) * 6000000}
	l.Audio = media(2 * (5000 + r.IntN(1000)))
	l.Audio.Codecs = []string{codecs.PCMU}
	for _, name := range []string{codecs.Opus, codecs.G722, codecs.PCMA} {
		if yes() {
			l.Audio.Codecs = append(l.Audio.Codecs, name)
		}
	}
	r.Shuffle(len(l.Audio.Codecs), func(i, j int) {
		l.Audio.Codecs[i], l.Audio.Codecs[j] = l.Audio.Codecs[j], l.Audio.Codecs[i]
	})
	if r.IntN(4) == 0 {
		return l
	}
	l.Video = media(2 * (6000 + r.IntN(1000)))
	l.Video.TelephoneEvent = false
	l.Video.Codecs = []string{codecs.H264}
	l.Video.H264 = H264Local{Profiles: []codecs.Profile{codecs.ConstrainedBaseline}, Level: levels[r.IntN(len(levels))].level}
	for _, p := range []codecs.Profile{codecs.Main, codecs.High} {
		if yes() {
			l.Video.H264.Profiles = append(l.Video.H264.Profiles, p)
		}
	}
	if yes() {
		l.Video.H264.MaxFS, l.Video.H264.MaxMBPS, l.Video.H264.MaxBR = r.IntN(9000), r.IntN(300000), r.IntN(30000)*1000
	}
	l.Video.H264.PacketizationModes = [][]int{nil, {0}, {0, 1}}[r.IntN(3)]
	return l
}

// mirrored checks that two sides agree about a stream: a's view, b's view and
// what b said of itself.
func mirrored(a, b *Stream, bLocal *Local, kind string) error {
	if (a == nil) != (b == nil) {
		return fmt.Errorf("one side has it, the other not: %v %v", a, b)
	}
	if a == nil {
		return nil
	}
	bl := bLocal.of(kind)
	switch {
	case a.Send != b.Receive:
		return fmt.Errorf("send %v, receive %v", a.Send, b.Receive)
	case a.Remote != netip.AddrPortFrom(bLocal.Address, uint16(bl.Port)):
		return fmt.Errorf("remote %v", a.Remote)
	case a.Mux && a.RemoteRTCP != a.Remote, !a.Mux && int(a.RemoteRTCP.Port()) != bl.rtcpPort():
		return fmt.Errorf("RTCP %v", a.RemoteRTCP)
	case a.Mux != b.Mux || a.AVPF != b.AVPF || a.Feedback != b.Feedback:
		return fmt.Errorf("mux %v %v feedback %v %v", a.Mux, b.Mux, a.Feedback, b.Feedback)
	case a.Codec != b.Formats[a.SendPayloadType].Name || a.ClockRate != b.Formats[a.SendPayloadType].ClockRate:
		return fmt.Errorf("%s by payload type %d, the other takes %v", a.Codec, a.SendPayloadType, b.Formats)
	case a.HasTelephoneEvent != b.HasTelephoneEvent:
		return fmt.Errorf("events %v %v", a.HasTelephoneEvent, b.HasTelephoneEvent)
	case a.HasTelephoneEvent && b.Formats[a.TelephoneEvent].Name != codecs.TelephoneEvent:
		return fmt.Errorf("event %d, the other takes %v", a.TelephoneEvent, b.Formats)
	case bl.MaxBitrate > 0 && a.MaxBitrate > bl.MaxBitrate:
		return fmt.Errorf("bitrate %d of %d", a.MaxBitrate, bl.MaxBitrate)
	}
	if kind != kindVideo {
		return nil
	}
	f := b.Formats[a.SendPayloadType]
	if f.Profile != a.H264.Profile || f.PacketizationMode != a.H264.PacketizationMode {
		return fmt.Errorf("sends %+v, the other takes %+v", a.H264, f)
	}
	fs, mbps, br := LevelLimits(bl.H264.level(), false)
	want := H264{
		Profile: a.H264.Profile, PacketizationMode: a.H264.PacketizationMode, Level: bl.H264.level(),
		MaxFS: max(fs, bl.H264.MaxFS), MaxMBPS: max(mbps, bl.H264.MaxMBPS), MaxBR: max(br*1000, bl.H264.MaxBR),
	}
	if a.H264 != want {
		return fmt.Errorf("may send %+v, want %+v", a.H264, want)
	}
	return nil
}

func TestOwnOfferOwnAnswer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		al, bl := randomLocal(r, "192.0.2.1"), randomLocal(r, "2001:db8::2")
		a, b := New(al), New(bl)
		for exchange := range 4 {
			offer, err := a.Offer()
			if err != nil {
				t.Fatal(err)
			}
			answer, err := b.Answer(offer)
			if err != nil {
				t.Fatal(err)
			}
			if err = a.Accept(answer); err != nil {
				t.Fatal(err)
			}
			am, bm := a.Media(), b.Media()
			for _, e := range []error{
				mirrored(am.Audio, bm.Audio, &bl, kindAudio), mirrored(bm.Audio, am.Audio, &al, kindAudio),
				mirrored(am.Video, bm.Video, &bl, kindVideo), mirrored(bm.Video, am.Video, &al, kindVideo),
			} {
				if e != nil {
					t.Fatalf("round %d, exchange %d: %v\n%s\n%s", round, exchange, e, offer, answer)
				}
			}
			if len(mediaLines(string(offer))) != len(mediaLines(string(answer))) {
				t.Fatalf("%s\n%s", offer, answer)
			}
			// The other side offers next, something changed.
			a, b, al, bl = b, a, bl, al
			change := Direction(r.IntN(4))
			al.Audio.Direction = change
			a.SetLocal(func(l *Local) { l.Audio.Direction = change })
		}
	}
}

func TestState(t *testing.T) {
	n := New(ours())
	if err := n.Accept([]byte(baresip)); !errors.Is(err, ErrState) {
		t.Errorf("answer without an offer: %v", err)
	}
	if _, err := n.Offer(); err != nil || !n.Pending() {
		t.Fatalf("%v, pending %v", err, n.Pending())
	}
	if _, err := n.Offer(); !errors.Is(err, ErrState) {
		t.Errorf("second offer: %v", err)
	}
	if _, err := n.Answer([]byte(baresip)); !errors.Is(err, ErrState) {
		t.Errorf("offers cross: %v", err)
	}
	n.Rollback()
	if n.Pending() {
		t.Error("pending after rollback")
	}
	answer(t, n, baresip)
	before := n.Media()
	if _, err := n.Answer([]byte(head + "m=audio 1 RTP/AVP 18\n")); !errors.Is(err, ErrNoCommonCodec) {
		t.Errorf("nothing fits: %v", err)
	}
	if _, err := n.Answer([]byte("v=0\nx")); err == nil {
		t.Error("malformed offer taken")
	}
	if _, err := n.Offer(); err != nil {
		t.Fatal(err)
	}
	if err := n.Accept([]byte("v=1\n")); err == nil || n.Pending() {
		t.Errorf("malformed answer: %v, pending %v", err, n.Pending())
	}
	if n.Media() != before {
		t.Error("failures changed the media in force")
	}
	if _, err := New(Local{}).Offer(); !errors.Is(err, ErrLocal) {
		t.Errorf("no address: %v", err)
	}
	if _, err := New(Local{}).Answer([]byte(baresip)); !errors.Is(err, ErrLocal) {
		t.Errorf("no address: %v", err)
	}
	if _, err := New(Local{Address: ours().Address}).Offer(); !errors.Is(err, ErrLocal) {
		t.Errorf("no media: %v", err)
	}
	if _, err := New(Local{Address: ours().Address, Audio: &LocalMedia{Port: 2, Codecs: []string{"x"}, TelephoneEvent: true}}).Offer(); !errors.Is(err, ErrLocal) {
		t.Errorf("no codecs: %v", err)
	}
}

// origin returns the id and version of a description.
func origin(description string) (id, version string) {
	f := strings.Fields(strings.Split(description, "\r\n")[1])
	return f[1], f[2]
}

func TestVersion(t *testing.T) {
	n := New(ours())
	first := answer(t, n, baresip)
	again := answer(t, n, baresip)
	held := answer(t, n, strings.Replace(baresip, "a=sendrecv", "a=sendonly", 1))
	id, v := origin(first)
	if v != "1" || again != first {
		t.Errorf("a repeated offer changed the answer:\n%s\n%s", first, again)
	}
	if heldID, heldVersion := origin(held); heldID != id || heldVersion != "2" {
		t.Errorf("after a change: %s %s", heldID, heldVersion)
	}
}

func TestHoldAndResumeByUs(t *testing.T) {
	n := New(ours())
	answer(t, n, telephone)
	hold := func(d Direction, reply string) Media {
		t.Helper()
		n.SetLocal(func(l *Local) { l.Audio.Direction, l.Video = d, nil })
		offer, err := n.Offer()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(offer), "a="+d.String()+"\r\n") {
			t.Errorf("offer:\n%s", offer)
		}
		if err := n.Accept([]byte(telephone + reply)); err != nil {
			t.Fatal(err)
		}
		return n.Media()
	}
	if a := hold(SendOnly, "a=recvonly\r\n").Audio; !a.Send || a.Receive || a.OnHold {
		t.Errorf("we hold: %+v", a)
	}
	if a := hold(Inactive, "a=inactive\r\n").Audio; a.Send || a.Receive || a.OnHold {
		t.Errorf("we stop all: %+v", a)
	}
	if a := hold(SendRecv, "a=sendonly\r\n").Audio; a.Send || !a.Receive || !a.OnHold {
		t.Errorf("they hold in the answer: %+v", a)
	}
	if a := hold(SendRecv, "").Audio; !a.Send || !a.Receive || a.OnHold {
		t.Errorf("resumed: %+v", a)
	}
}

// TestReoffers checks that lines keep their place through a call.
func TestReoffers(t *testing.T) {
	const audio = "m=audio 4000 RTP/AVP 96 0\na=rtpmap:96 opus/48000/2\n"
	const video = "m=video 4002 RTP/AVP 98\na=rtpmap:98 H264/90000\na=fmtp:98 profile-level-id=42e01f;packetization-mode=1\n"
	const second = "m=video 4004 RTP/AVP 98\na=rtpmap:98 H264/90000\na=fmtp:98 profile-level-id=42e01f;packetization-mode=1\n"
	const noVideo = "m=video 0 RTP/AVP 98\n"
	n := New(ours())
	for i, step := range []struct {
		offer string
		lines []string
		video uint16 // remote port, 0 = none
	}{
		{audio, []string{"m=audio 40000 RTP/AVP 96"}, 0},
		{audio + video, []string{"m=audio 40000 RTP/AVP 96", "m=video 40002 RTP/AVP 98"}, 4002},
		{audio + noVideo, []string{"m=audio 40000 RTP/AVP 96", "m=video 0 RTP/AVP 98"}, 0},
		{audio + noVideo + second, []string{"m=audio 40000 RTP/AVP 96", "m=video 0 RTP/AVP 98", "m=video 40002 RTP/AVP 98"}, 4004},
		// The line that carries video goes on to do so.
		{audio + video + second, []string{"m=audio 40000 RTP/AVP 96", "m=video 0 RTP/AVP 98", "m=video 40002 RTP/AVP 98"}, 4004},
		// A line is used again for another kind.
		{"m=audio 4000 RTP/AVP 0\nm=text 0 RTP/AVP 98\n" + noVideo, []string{"m=audio 40000 RTP/AVP 0", "m=text 0 RTP/AVP 98", "m=video 0 RTP/AVP 98"}, 0},
		{"m=audio 0 RTP/AVP 0\n" + video + second, []string{"m=audio 0 RTP/AVP 0", "m=video 40002 RTP/AVP 98", "m=video 0 RTP/AVP 98"}, 4002},
	} {
		text := answer(t, n, head+step.offer)
		if got := mediaLines(text); !slices.Equal(got, step.lines) {
			t.Errorf("step %d: %q, want %q", i, got, step.lines)
		}
		var port uint16
		if v := n.Media().Video; v != nil {
			port = v.Remote.Port()
		}
		if port != step.video {
			t.Errorf("step %d: video to %d", i, port)
		}
	}
}

// TestOwnReoffer checks our offer within a call that the far end began: its
// lines and payload types hold.
func TestOwnReoffer(t *testing.T) {
	local := ours()
	local.Video.H264.Profiles = []codecs.Profile{codecs.High, codecs.ConstrainedBaseline}
	n := New(local)
	answer(t, n, browser+"m=application 5000 UDP/BFCP *\n")
	offer, err := n.Offer()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"m=audio 40000 RTP/AVPF 111 9 0 8 110 101",
		// 112 High 1, 102 CB 1 and 108 CB 0 are the far end's numbers; High 0 is new.
		"m=video 40002 RTP/AVPF 112 98 102 108",
		"m=application 0 UDP/BFCP *",
	}
	if got := mediaLines(string(offer)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	n.Rollback()

	// Video goes and comes back on its line.
	n.SetLocal(func(l *Local) { l.Video = nil })
	offer, _ = n.Offer()
	if got := mediaLines(string(offer)); got[1] != "m=video 0 RTP/AVPF 112 102 108" {
		t.Errorf("%q", got)
	}
	if err := n.Accept([]byte(head + "m=audio 50000 RTP/AVPF 0\nm=video 0 RTP/AVPF 112\nm=application 0 UDP/BFCP *\n")); err != nil {
		t.Fatal(err)
	}
	if m := n.Media(); m.Video != nil || m.Audio.Codec != codecs.PCMU {
		t.Errorf("%+v", m)
	}
	n.SetLocal(func(l *Local) { l.Video = ours().Video })
	offer, _ = n.Offer()
	if got := mediaLines(string(offer)); len(got) != 3 || !strings.HasPrefix(got[1], "m=video 40002 RTP/AVPF 112 ") {
		t.Errorf("%q", got)
	}
}

// TestPayloadTypesHold checks that a number never changes its meaning in a line.
func TestPayloadTypesHold(t *testing.T) {
	local := ours()
	local.Video = nil
	n := New(local)
	// The far end has 96 for events and 101 for opus, the reverse of ours.
	answer(t, n, head+"m=audio 4000 RTP/AVP 101 96\na=rtpmap:101 opus/48000/2\na=rtpmap:96 telephone-event/8000\n")
	offer, err := n.Offer()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"m=audio 40000 RTP/AVP 101 9 0 8 100 96", "a=rtpmap:101 opus/48000/2", "a=rtpmap:96 telephone-event/8000"} {
		if !strings.Contains(string(offer), want+"\r\n") {
			t.Errorf("no %q in\n%s", want, offer)
		}
	}
}

func TestBindings(t *testing.T) {
	var b bindings
	for n := uint8(96); n < 127; n++ {
		b.bind(n, fmt.Sprint(n))
	}
	if got := b.number("new", 96, map[uint8]bool{}); got != 127 {
		t.Errorf("the only free number: %d", got)
	}
	b.bind(127, "127")
	if got := b.number("new", 96, map[uint8]bool{127: true}); got != 126 {
		t.Errorf("all used: %d", got)
	}
	if got := b.number("100", 96, map[uint8]bool{}); got != 100 {
		t.Errorf("bound: %d", got)
	}
	b.bind(100, "other")
	if b[0] != (binding{100, "other"}) || len(b) != 32 {
		t.Errorf("%v", b)
	}
}

func TestSetLocalCopies(t *testing.T) {
	local := ours()
	n := New(local)
	local.Audio.Port, local.Audio.Codecs[0] = 1, "x"
	n.SetLocal(func(l *Local) { l.Video = local.Video })
	local.Video.Port = 2
	if got := mediaLines(answer(t, n, baresip)); !reflect.DeepEqual(got, []string{"m=audio 40000 RTP/AVP 96 101", "m=video 40002 RTP/AVP 97 96"}) {
		t.Errorf("%q", got)
	}
}

// TestForeignParser has another parser read what we write.
func TestForeignParser(t *testing.T) {
	for name, offer := range peers {
		n := New(ours())
		texts := []string{answer(t, n, offer)}
		own, err := n.Offer()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range append(texts, string(own)) {
			var d sdp.SessionDescription
			if err := d.UnmarshalString(text); err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
				continue
			}
			if again, err := d.Marshal(); err != nil || string(again) != text {
				t.Errorf("%s: %v\n%s, was\n%s", name, err, again, text)
			}
		}
	}
}
