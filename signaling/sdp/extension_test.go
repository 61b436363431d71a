package sdp

import (
	"fmt"
	"strings"
	"testing"
)

// extensions returns the a=extmap lines of a description.
func extensions(description string) []string {
	var found []string
	for l := range strings.SplitSeq(description, "\r\n") {
		if strings.HasPrefix(l, "a=extmap") {
			found = append(found, l)
		}
	}
	return found
}

// taking returns a Local that takes audio levels.
func taking() Local {
	l := ours()
	l.Audio.AudioLevel, l.Video.AudioLevel = true, true
	return l
}

func TestAudioLevelAnswer(t *testing.T) {
	const uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	for _, c := range []struct {
		name, session, media string
		id                   uint8
	}{
		{"plain", "", "a=extmap:1 " + uri, 1},
		{"of voice activity", "", "a=extmap:3 " + uri + " vad=on", 3},
		{"other case", "", "a=EXTMAP:3 " + strings.ToUpper(uri), 3},
		{"sent only", "", "a=extmap:3/sendonly " + uri, 3},
		{"both ways", "", "a=extmap:14/sendrecv " + uri, 14},
		{"two bytes", "", "a=extmap:255 " + uri, 255},
		{"among others", "", "a=extmap:2 urn:x\na=extmap:7 " + uri + "\na=extmap:9 urn:y", 7},
		{"twice", "", "a=extmap:2 " + uri + "\na=extmap:7 " + uri, 2},
		{"of the session", "a=extmap:5 " + uri, "", 5},
		{"media over session", "a=extmap:5 " + uri, "a=extmap:6 " + uri, 6},
		{"wanted, not sent", "", "a=extmap:1/recvonly " + uri, 0},
		{"inactive", "", "a=extmap:1/inactive " + uri, 0},
		{"reserved", "", "a=extmap:15 " + uri, 0},
		{"zero", "", "a=extmap:0 " + uri, 0},
		{"too many", "", "a=extmap:4096 " + uri, 0},
		{"huge", "", "a=extmap:99999999999999999999 " + uri, 0},
		{"no number", "", "a=extmap:/sendrecv " + uri, 0},
		{"negative", "", "a=extmap:-1 " + uri, 0},
		{"bad direction", "", "a=extmap:1/both " + uri, 0},
		{"another", "", "a=extmap:1 urn:ietf:params:rtp-hdrext:csrc-audio-level", 0},
		{"empty", "", "a=extmap:", 0},
		{"none", "", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			offer := head + c.session + "\nm=audio 4000 RTP/AVP 0\n" + c.media + "\nm=video 4002 RTP/AVP 97\na=rtpmap:97 H264/90000\n" + c.media + "\n"
			offer = strings.ReplaceAll(offer, "\n\n", "\n")
			n := New(taking())
			text := answer(t, n, offer)
			m := n.Media()
			if m.Audio.AudioLevelID != c.id || m.Video != nil && m.Video.AudioLevelID != 0 {
				t.Errorf("audio %d, video %+v, want %d", m.Audio.AudioLevelID, m.Video, c.id)
			}
			want := ""
			if c.id != 0 {
				want = fmt.Sprintf("a=extmap:%d/recvonly %s", c.id, uri)
			}
			if got := strings.Join(extensions(text), "|"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			unwilling := New(ours())
			if got := extensions(answer(t, unwilling, offer)); got != nil || unwilling.Media().Audio.AudioLevelID != 0 {
				t.Errorf("answered %q without taking it", got)
			}
			// Once agreed the number holds, also for an offer of ours.
			b, err := n.Offer()
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				want = "a=extmap:1/recvonly " + uri
			}
			if got := strings.Join(extensions(string(b)), "|"); got != want {
				t.Errorf("offered %q, want %q", got, want)
			}
		})
	}
}

func TestAudioLevelOffer(t *testing.T) {
	for _, c := range []struct {
		name, line string
		id         uint8
	}{
		{"taken", "a=extmap:1/sendonly " + audioLevelURI, 1},
		{"taken without a direction", "a=extmap:1 " + audioLevelURI, 1},
		{"another number", "a=extmap:2/sendonly " + audioLevelURI, 0},
		{"repeated as it was", "a=extmap:1/recvonly " + audioLevelURI, 0},
		{"passed over", "", 0},
	} {
		n := New(taking())
		b, err := n.Offer()
		if err != nil {
			t.Fatal(err)
		}
		if got := extensions(string(b)); len(got) != 1 || got[0] != "a=extmap:1/recvonly "+audioLevelURI {
			t.Fatalf("offered %q", got)
		}
		if err := n.Accept([]byte(strings.TrimSuffix(head+"m=audio 4000 RTP/AVP 0\n"+c.line, "\n"))); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if id := n.Media().Audio.AudioLevelID; id != c.id {
			t.Errorf("%s: %d, want %d", c.name, id, c.id)
		}
	}
}

// Each side takes and sends the level or not, and both agree on what goes which
// way under which number.
func TestAudioLevelBothWays(t *testing.T) {
	side := func(takes, sends bool) Local {
		l := ours()
		l.Audio.AudioLevel, l.Audio.SendAudioLevel = takes, sends
		return l
	}
	for _, c := range []struct {
		takes, sends       bool // who offers
		takes2, sends2     bool // who answers
		offered, answered  string
		there, backwards   uint8 // number of what goes to who answers, and back
		againFromTheOthers string
	}{
		{true, true, true, false, "1 ", "1/recvonly ", 1, 0, "1/recvonly "},
		{true, true, true, true, "1 ", "1 ", 1, 1, "1 "},
		{false, true, true, true, "1/sendonly ", "1/recvonly ", 1, 0, "1 "},
		{false, true, false, true, "1/sendonly ", "", 0, 0, "1/sendonly "},
		{true, false, true, true, "1/recvonly ", "1/sendonly ", 0, 1, "1 "},
		{true, true, false, false, "1 ", "", 0, 0, ""},
	} {
		a, b := New(side(c.takes, c.sends)), New(side(c.takes2, c.sends2))
		line := func(description []byte) string {
			list := extensions(string(description))
			if len(list) == 0 {
				return ""
			}
			return strings.TrimSuffix(strings.TrimPrefix(list[0], "a=extmap:"), audioLevelURI)
		}
		offer, err := a.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := b.Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Accept(answer); err != nil {
			t.Fatal(err)
		}
		if o, r := line(offer), line(answer); o != c.offered || r != c.answered {
			t.Errorf("%+v: offered %q, answered %q", c, o, r)
		}
		x, y := a.Media().Audio, b.Media().Audio
		if x.SendAudioLevelID != c.there || y.AudioLevelID != c.there || x.AudioLevelID != c.backwards || y.SendAudioLevelID != c.backwards {
			t.Errorf("%+v: sent as %d, taken as %d; back as %d and %d", c, x.SendAudioLevelID, y.AudioLevelID, y.SendAudioLevelID, x.AudioLevelID)
		}
		if again, err := b.Offer(); err != nil || line(again) != c.againFromTheOthers {
			t.Errorf("%+v: offered back %q, %v", c, line(again), err)
		}
	}
}
