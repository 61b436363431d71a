package sdp

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/codecs"
)

// offering returns a negotiation with our open offer: audio 96 9 0 8 100 101,
// video 97 (High 1) 98 (High 0) 99 (CB 1) 100 (CB 0).
func offering(t testing.TB) *Negotiation {
	local := ours()
	local.Video.H264.Profiles = []codecs.Profile{codecs.ConstrainedBaseline, codecs.High}
	n := New(local)
	b, err := n.Offer()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"m=audio 40000 RTP/AVP 96 9 0 8 100 101", "m=video 40002 RTP/AVP 97 98 99 100"}
	if got := mediaLines(string(b)); !slices.Equal(got, want) {
		t.Fatalf("offer %q", got)
	}
	return n
}

func formats(s *Stream) []int {
	var n []int
	for pt := range s.Formats {
		n = append(n, int(pt))
	}
	slices.Sort(n)
	return n
}

func TestAcceptAudio(t *testing.T) {
	for _, c := range []struct {
		name, media string
		codec       string
		send        uint8
		formats     []int
		event       int // -1 = none
	}{
		{"one", "m=audio 4000 RTP/AVP 8\n", codecs.PCMA, 8, []int{8}, -1},
		{"changed order", "m=audio 4000 RTP/AVP 0 9 101\na=rtpmap:101 telephone-event/8000\n", codecs.PCMU, 0, []int{0, 9, 101}, 101},
		{"the event of the codec's clock", "m=audio 4000 RTP/AVP 96 101 100\na=rtpmap:96 opus/48000/2\na=rtpmap:100 telephone-event/48000\na=rtpmap:101 telephone-event/8000\n", codecs.Opus, 96, []int{96, 100, 101}, 100},
		{"events in front", "m=audio 4000 RTP/AVP 101 0\na=rtpmap:101 telephone-event/8000\n", codecs.PCMU, 0, []int{0, 101}, 101},
		{"other numbers", "m=audio 4000 RTP/AVP 111 97\na=rtpmap:111 opus/48000/2\na=rtpmap:97 telephone-event/8000\n", codecs.Opus, 111, []int{96, 97, 101, 111}, 97},
		{"numbers exchanged", "m=audio 4000 RTP/AVP 100 96\na=rtpmap:100 opus/48000/2\na=rtpmap:96 telephone-event/48000\n", codecs.Opus, 100, []int{96, 100}, 96},
		{"what was not offered is ignored", "m=audio 4000 RTP/AVP 3 18 110 0\na=rtpmap:110 speex/16000\n", codecs.PCMU, 0, []int{0}, -1},
		{"G722 with the rate of its sound", "m=audio 4000 RTP/AVP 9\na=rtpmap:9 G722/16000\n", codecs.G722, 9, []int{9}, -1},
		{"profile changed", "m=audio 4000 RTP/AVPF 0\n", codecs.PCMU, 0, []int{0}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := offering(t)
			if err := n.Accept([]byte(head + c.media + "m=video 0 RTP/AVP 97\n")); err != nil {
				t.Fatal(err)
			}
			a := n.Media().Audio
			if n.Media().Video != nil || a == nil {
				t.Fatalf("%+v", n.Media())
			}
			if a.Codec != c.codec || a.SendPayloadType != c.send || !reflect.DeepEqual(formats(a), c.formats) {
				t.Errorf("%s %d %v", a.Codec, a.SendPayloadType, formats(a))
			}
			if f := a.Formats[96]; f.Name != "" && f.Name != codecs.Opus {
				t.Errorf("our 96 became %v", f)
			}
			if a.HasTelephoneEvent != (c.event >= 0) || a.HasTelephoneEvent && int(a.TelephoneEvent) != c.event {
				t.Errorf("event %v %d", a.HasTelephoneEvent, a.TelephoneEvent)
			}
		})
	}
}

func TestAcceptVideo(t *testing.T) {
	const cb, high = codecs.ConstrainedBaseline, codecs.High
	for _, c := range []struct {
		name, media string
		send        uint8
		formats     []int
		want        H264
	}{
		{
			"mode 0 only", "m=video 4002 RTP/AVP 100\na=rtpmap:100 H264/90000\na=fmtp:100 profile-level-id=42e01f;level-asymmetry-allowed=1\n",
			100,
			[]int{100},
			H264{cb, 31, 3600, 108000, 14000000, 0},
		},
		{
			"changed order", "m=video 4002 RTP/AVP 99 97\na=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=640028;packetization-mode=1;level-asymmetry-allowed=1\n" +
				"a=rtpmap:99 H264/90000\na=fmtp:99 profile-level-id=42e028;packetization-mode=1;level-asymmetry-allowed=1\n",
			99,
			[]int{97, 99},
			H264{cb, 40, 8192, 245760, 20000000, 1},
		},
		{
			"symmetric level", "m=video 4002 RTP/AVP 99\na=rtpmap:99 H264/90000\na=fmtp:99 profile-level-id=42e028;packetization-mode=1\n",
			99,
			[]int{99},
			H264{cb, 31, 3600, 108000, 14000000, 1},
		},
		{
			"lower level", "m=video 4002 RTP/AVP 99\na=rtpmap:99 H264/90000\na=fmtp:99 profile-level-id=42e014;packetization-mode=1;max-br=3000\n",
			99,
			[]int{99},
			H264{cb, 20, 396, 11880, 3000000, 1},
		},
		{
			"another profile than the number's", "m=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=42801f;packetization-mode=1;level-asymmetry-allowed=1\n",
			97,
			[]int{97, 99},
			H264{cb, 31, 3600, 108000, 14000000, 1},
		},
		{
			"no parameters", "m=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\n",
			97,
			[]int{97, 100},
			H264{cb, 10, 99, 1485, 64000, 0},
		},
		{
			"other number", "m=video 4002 RTP/AVP 120\na=rtpmap:120 H264/90000\na=fmtp:120 profile-level-id=64001f;packetization-mode=1;level-asymmetry-allowed=1\n",
			120,
			[]int{97, 120},
			H264{high, 31, 3600, 108000, 14000000, 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := offering(t)
			if err := n.Accept([]byte(head + "m=audio 4000 RTP/AVP 0\n" + c.media)); err != nil {
				t.Fatal(err)
			}
			v := n.Media().Video
			if v == nil {
				t.Fatal("no video")
			}
			if v.SendPayloadType != c.send || v.H264 != c.want || !reflect.DeepEqual(formats(v), c.formats) {
				t.Errorf("%d %v %+v, want %+v", v.SendPayloadType, formats(v), v.H264, c.want)
			}
			if v.Remote != addrPort("192.0.2.9:4002") || v.Feedback != (Feedback{}) {
				t.Errorf("%v %v", v.Remote, v.Feedback)
			}
		})
	}
}

func TestAcceptRefusals(t *testing.T) {
	for _, c := range []struct {
		name, media string
		want        error
	}{
		{"all refused", "m=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 97\n", ErrNoCommonCodec},
		{"nothing of ours", "m=audio 4000 RTP/AVP 3\nm=video 4002 RTP/AVP 34\n", ErrNoCommonCodec},
		{"no media lines", "", ErrNoCommonCodec},
		{"too many lines", "m=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 97\nm=video 0 RTP/AVP 97\n", ErrMismatch},
		{"kinds exchanged", "m=video 4000 RTP/AVP 97\nm=audio 4002 RTP/AVP 0\n", ErrMismatch},
		{"encrypted", "m=audio 4000 RTP/SAVP 0\nm=video 0 RTP/AVP 97\n", ErrMismatch},
		{"fewer lines", "m=audio 4000 RTP/AVP 0\n", nil},
		{"video of nothing known", "m=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 34\n", nil},
	} {
		n := offering(t)
		err := n.Accept([]byte(head + c.media))
		if !errors.Is(err, c.want) || n.Pending() {
			t.Errorf("%s: %v, pending %v", c.name, err, n.Pending())
		}
		m := n.Media()
		if (m.Audio != nil) != (err == nil) || m.Video != nil {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}

func TestAcceptMux(t *testing.T) {
	for _, offered := range []bool{false, true} {
		local := ours()
		local.Audio.RTCPMux = offered
		n := New(local)
		if _, err := n.Offer(); err != nil {
			t.Fatal(err)
		}
		if err := n.Accept([]byte(head + "m=audio 4000 RTP/AVP 0\na=rtcp-mux\n")); err != nil {
			t.Fatal(err)
		}
		if n.Media().Audio.Mux != offered {
			t.Errorf("offered %v, mux %v", offered, n.Media().Audio.Mux)
		}
	}
}

func TestAcceptSessionBandwidth(t *testing.T) {
	n := offering(t)
	media := "b=TIAS:1000000\nm=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=64001f;packetization-mode=1\n"
	if err := n.Accept([]byte(head + media)); err != nil {
		t.Fatal(err)
	}
	if m := n.Media(); m.Audio.MaxBitrate != 1000000 || m.Video.MaxBitrate != 1000000-usualSound {
		t.Errorf("audio %d, video %d", m.Audio.MaxBitrate, m.Video.MaxBitrate)
	}
}

// TestOfferPlaces checks where our offer puts a kind that no line carries.
func TestOfferPlaces(t *testing.T) {
	const slides = "m=video 4002 RTP/AVP 97\na=content:slides\n"
	for _, c := range []struct {
		name, media string
		at, lines   int
	}{
		{"new line", "", 1, 2},
		{"refused line", "m=video 4002 RTP/AVP 34\n", 1, 2},
		{"not the line of slides", slides, 2, 3},
		{"not an encrypted line", "m=video 4002 RTP/SAVP 97\n", 2, 3},
		{"no line left", strings.Repeat("m=text 4002 RTP/AVP 98\n", maxSections-1), 1, maxSections},
	} {
		n := New(ours())
		answer(t, n, head+"m=audio 4000 RTP/AVP 0\n"+c.media)
		offer, err := n.Offer()
		if err != nil {
			t.Fatal(err)
		}
		got := mediaLines(string(offer))
		if len(got) != c.lines || !strings.HasPrefix(got[c.at], "m=video 40002 RTP/AVP ") || !strings.HasPrefix(got[0], "m=audio 40000 ") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
