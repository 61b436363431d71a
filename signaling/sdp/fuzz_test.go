package sdp

import (
	"errors"
	"net/netip"
	"testing"

	"parley/codecs"
)

// seeds gives a fuzz target the peers and some broken descriptions.
func seeds(f *testing.F) {
	for _, p := range peers {
		f.Add([]byte(p))
	}
	f.Add([]byte(head + "m=audio 4000/2 RTP/AVP 0 0 96\na=rtcp:1 IN IP6 ::1\nm=image 1 udptl t38\n"))
	f.Add([]byte(head + "m=audio 0 RTP/AVP 0\nm=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\na=fmtp:97 max-br=4294967296;sprop-parameter-sets=aA==,\n"))
	f.Add([]byte("v=0\no=- 1 1 IN IP6 ::\nc=IN IP6 x.invalid\nb=CT:0\nm=audio 65535 RTP/AVPF 8\na=inactive\n"))
	f.Add([]byte(head + "b=AS:0.5\nm=video 0 RTP/AVP * x\nc=IN IP4 host.example\nm=audio 4000 RTP/AVP 9 101\na=rtpmap:9 G722/16000\na=rtpmap:101\na=fmtp:* x\n"))
	f.Add([]byte(head + "m=audio 4000 RTP/AVP 0\nc=IN IP4 host.example\n"))
	f.Add([]byte("v=0\r\nhello"))
	f.Add([]byte(head + "a=extmap:300/sendonly urn:x\nm=audio 4000 RTP/AVP 0\na=extmap:2/sendonly " + audioLevelURI + " vad=on\n"))
}

// sane checks what everybody who takes a Stream relies on.
func sane(t *testing.T, m Media) {
	t.Helper()
	for kind, s := range map[string]*Stream{kindAudio: m.Audio, kindVideo: m.Video} {
		if s == nil {
			continue
		}
		if s.Codec == "" || s.ClockRate <= 0 || len(s.Formats) == 0 || s.MaxBitrate < 0 {
			t.Errorf("%s: %+v", kind, s)
		}
		for _, id := range []uint8{s.AudioLevelID, s.SendAudioLevelID} {
			if id == 15 || id != 0 && kind != kindAudio {
				t.Errorf("%s: level as extension %d", kind, id)
			}
		}
		if (s.Codec == codecs.H264) != (kind == kindVideo) {
			t.Errorf("%s as %s", s.Codec, kind)
		}
		if s.Remote.Port() == 0 || !s.Remote.IsValid() || s.Remote.Addr().Is4In6() || s.Remote.Addr().IsMulticast() {
			t.Errorf("%s: to %v", kind, s.Remote)
		}
		if s.Send && (s.OnHold || s.Remote.Addr().IsUnspecified()) {
			t.Errorf("%s: sends on hold to %v", kind, s.Remote)
		}
		for pt, f := range s.Formats {
			if pt > 127 || f.Name == "" || f.ClockRate <= 0 || f.PacketizationMode&^1 != 0 {
				t.Errorf("%s: %d is %+v", kind, pt, f)
			}
		}
		if h := s.H264; kind == kindVideo && (h.MaxFS < 99 || h.MaxMBPS < 1485 || h.MaxBR < 64000 || h.Level < Level1b) {
			t.Errorf("video: %+v", h)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, offer []byte) {
		n := New(taking())
		answer, err := n.Answer(offer)
		if err != nil {
			var e *ParseError
			if !errors.As(err, &e) && !errors.Is(err, ErrNoCommonCodec) && !errors.Is(err, ErrTransport) && !errors.Is(err, ErrAddress) {
				t.Fatalf("error %v", err)
			}
			if n.Media() != (Media{}) {
				t.Error("media after an error")
			}
			return
		}
		sane(t, n.Media())
		offered, err := parse(offer)
		if err != nil {
			t.Fatal(err)
		}
		answered, err := parse(answer)
		if err != nil {
			t.Fatalf("our answer: %v\n%s", err, answer)
		}
		if len(answered.sections) != len(offered.sections) {
			t.Fatalf("%d media lines for %d", len(answered.sections), len(offered.sections))
		}
		for i, s := range answered.sections {
			if s.kind != offered.sections[i].kind || s.proto != offered.sections[i].proto {
				t.Errorf("line %d is %s %s, was %s %s", i, s.kind, s.proto, offered.sections[i].kind, offered.sections[i].proto)
			}
		}
		// Our own offer keeps the lines and is understood too.
		again, err := n.Offer()
		if err != nil {
			t.Fatal(err)
		}
		renewed, err := parse(again)
		if err != nil {
			t.Fatalf("our offer: %v\n%s", err, again)
		}
		if len(renewed.sections) < len(offered.sections) {
			t.Errorf("%d media lines after %d", len(renewed.sections), len(offered.sections))
		}
		far := New(Local{Address: netip.MustParseAddr("192.0.2.2"), Audio: ours().Audio, Video: ours().Video})
		reply, err := far.Answer(again)
		if err != nil {
			t.Fatalf("our offer: %v\n%s", err, again)
		}
		if err := n.Accept(reply); err != nil {
			t.Fatalf("%v\n%s\n%s", err, again, reply)
		}
		sane(t, n.Media())
	})
}

func FuzzAccept(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		n := offering(t)
		err := n.Accept(answer)
		var e *ParseError
		if err != nil && !errors.As(err, &e) && !errors.Is(err, ErrNoCommonCodec) &&
			!errors.Is(err, ErrMismatch) && !errors.Is(err, ErrAddress) {
			t.Fatalf("error %v", err)
		}
		if n.Pending() || (err == nil) != (n.Media() != Media{}) {
			t.Errorf("pending %v, error %v, media %+v", n.Pending(), err, n.Media())
		}
		sane(t, n.Media())
	})
}
