package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"parley/codecs/fake"
	"parley/config"
	"parley/engine"
	"parley/engine/load"
	"parley/signaling"
)

// loadedHost is a host with that many processors to give, whatever the machine
// has, and its log.
func loadedHost(t *testing.T, processors float64) (*host, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	e := engine.New(engine.Config{
		Codecs: fake.Codecs(), Manual: true, Log: slog.New(slog.NewTextHandler(&log, nil)), Limit: processors / load.Processors(),
	})
	h := newHost(e, config.Default(), slog.New(slog.DiscardHandler))
	d := config.DefaultDeployment()
	h.directory.Store(d.Directory())
	t.Cleanup(func() {
		h.close()
		e.Close()
	})
	return h, &log
}

// By load.Typical sound takes 0.02 processors, and the first picture 0.3.
const roomForSound, roomForOnePicture = 0.1, 0.4

// picture is that of a phone which takes 720p.
const picture = "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f;packetization-mode=1\r\n"

// withVideo is plainOffer with a picture, in that direction.
func withVideo(version int, direction string) string {
	return strings.Replace(plainOffer, "1 1 IN", fmt.Sprintf("1 %d IN", version), 1) +
		picture + "a=" + direction + "\r\n"
}

// A call that adds a picture where there is no room for one goes on without it.
func TestVideoAddedDuringTheCall(t *testing.T) {
	for _, joins := range []string{plainOffer, withVideo(1, "inactive")} {
		for processors, fits := range map[float64]bool{roomForSound: false, 1: true} {
			h, log := loadedHost(t, processors)
			id, _, err := h.Join(t.Context(), caller("meet"), []byte(joins))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a session refresh neither adds it nor takes it away
				answer, err := h.Change(t.Context(), id, signaling.ChangeOffer, []byte(withVideo(2, "sendrecv")))
				if err != nil || strings.Contains(string(answer), "m=video 0 ") == fits || strings.Contains(string(answer), "m=audio 0 ") {
					t.Errorf("%v processors: answer %q, %v", processors, answer, err)
				}
			}
			want := map[string]uint64{reasonLoad: 0, reasonPicture: 2}
			if fits {
				want[reasonPicture] = 0
			}
			// Nor does he get one by having us offer, which refuses nothing.
			ours, err := h.Change(t.Context(), id, signaling.ChangeWant, nil)
			if err != nil || strings.Contains(string(ours), "m=video 0 ") == fits {
				t.Errorf("%v processors: offer %q, %v", processors, ours, err)
			}
			for why, n := range want {
				if got := h.refused.read()[why]; got != n {
					t.Errorf("%v processors: %d refusals for %s, want %d", processors, got, why, n)
				}
			}
			if told := strings.Contains(log.String(), "picture refused for load"); told == fits {
				t.Errorf("%v processors: log %q", processors, log)
			}
			if n := h.engine.Participants(); n != 1 {
				t.Errorf("%v processors: %d participants", processors, n)
			}
		}
	}
}

// Where the sound does not go on either, a picture that is refused leaves the
// call as it was.
func TestRefusedChangeLeavesTheCall(t *testing.T) {
	h, _ := loadedHost(t, roomForSound)
	id, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer))
	if err != nil {
		t.Fatal(err)
	}
	only := strings.Replace(withVideo(2, "sendrecv"), "m=audio 4000", "m=audio 0", 1)
	var r *signaling.Refusal
	if answer, err := h.Change(t.Context(), id, signaling.ChangeOffer, []byte(only)); !errors.As(err, &r) {
		t.Errorf("answer %q, %v", answer, err)
	}
	if m := h.leg(id).negotiation.Media(); m.Audio == nil || !m.Audio.Send || m.Video != nil {
		t.Errorf("%+v", m)
	}
	if answer, err := h.Change(t.Context(), id, signaling.ChangeOffer, []byte(plainOffer)); err != nil {
		t.Errorf("afterwards: %q, %v", answer, err)
	}
}

// A picture that was let in keeps its room while it is on hold, and gives it
// back when it is taken away.
func TestVideoOnHoldKeepsItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // promises last as long as the test
		h, _ := loadedHost(t, roomForOnePicture)
		id, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer))
		if err != nil {
			t.Fatal(err)
		}
		for n, test := range []struct {
			what, offer string
			has         bool
		}{
			{"adds it", withVideo(2, "sendrecv"), true},
			{"holds it", withVideo(3, "inactive"), true},
			{"takes it back", withVideo(4, "sendrecv"), true}, // what was promised to it a moment ago leaves no room for another
			{"takes it away", strings.Replace(withVideo(5, "sendrecv"), "m=video 4002", "m=video 0", 1), false},
			{"adds it again", withVideo(6, "sendrecv"), false},
		} {
			answer, err := h.Change(t.Context(), id, signaling.ChangeOffer, []byte(test.offer))
			if err != nil || strings.Contains(string(answer), "m=video 0 ") == test.has {
				t.Errorf("%d, %s: %q, %v", n, test.what, answer, err)
			}
		}
	})
}

// Who leaves the offer to us is asked for HD before he is answered; when he has
// answered, what counts is what he takes.
func TestAdmissionOfLateOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // promises last as long as the test
		answer := func(offer []byte, video string) []byte {
			a := plainOffer
			for _, line := range strings.Split(string(offer), "\r\n") {
				if strings.HasPrefix(line, "m=video ") {
					a += video
				}
			}
			return []byte(a)
		}
		h, _ := loadedHost(t, roomForSound)
		if _, _, err := h.Join(t.Context(), caller("meet"), nil); err == nil {
			t.Error("offered a picture that there is no room for")
		}
		for _, test := range []struct {
			what, video string
			fits        bool
		}{{"sound", "m=video 0 RTP/AVP 97\r\n", true}, {"a picture too", picture, false}} {
			h, _ := loadedHost(t, roomForOnePicture)
			id, offer, err := h.Join(t.Context(), caller("meet"), nil)
			if err != nil {
				t.Fatal(err)
			}
			other, _, err := h.Join(t.Context(), caller("meet-others"), []byte(withVideo(1, "sendrecv"))) // takes the room meanwhile
			if err != nil {
				t.Fatal(err)
			}
			h.Control(other, signaling.Command{Kind: signaling.CommandConfirm})
			_, err = h.Change(t.Context(), id, signaling.ChangeAnswer, answer(offer, test.video))
			if (err == nil) != test.fits {
				t.Errorf("takes %s: %v", test.what, err)
			}
			if n := h.refused.read()[reasonLoad]; (n == 0) != test.fits {
				t.Errorf("takes %s: %d refusals counted", test.what, n)
			}
		}
	})
}
