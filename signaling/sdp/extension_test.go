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
