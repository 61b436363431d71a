//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/bench/peer"
	"parley/bus"
	"parley/codecs"
	"parley/engine"
	"parley/node"
	"parley/signaling/sdp"
)

// TestPhoneTransferred has a phone that knows nothing of it transferred: it sees
// and hears the other room, in the same call, which it can hold and take back.
func TestPhoneTransferred(t *testing.T) {
	ctx, n := open(t, func(c *node.Config) { c.Deployment.Global.MaxPixelsPerSecond = "hd" })
	b, err := peer.NewBaresip(ctx, peer.PhoneConfig{
		Dir: folder(t), Name: "Bare", Library: library(), Tone: clip.ToneOf(bare),
		Picture: clip.VideoSpec{Caller: bare, Width: 640, Height: 360, FPS: 15, Bitrate: 300_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Dial(ctx, uri(n, "meet")); err != nil {
		t.Fatalf("%v\n%s", err, b.Output())
	}
	scripted := map[int]*caller.Caller{}
	for i, alias := range []string{2: "meet", 3: "meet-others"} {
		if alias == "" {
			continue
		}
		c, err := caller.Dial(ctx, caller.Config{
			URI: uri(n, alias), Name: "Caller " + string(rune('A'+i)), Library: library(),
			Video: &clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 30, Bitrate: 300_000},
			Sound: &clip.SoundSpec{Kind: clip.Tone, Caller: i, Level: -23},
			H264:  sdp.H264Local{Level: 31},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		c.Talk(true)
		scripted[i] = c
	}
	shows := func(who, gone int) {
		t.Helper()
		saw, hears, still := "", clip.Quiet, clip.Quiet
		defer func() {
			if t.Failed() {
				t.Logf("it saw %q, heard %.0f dBov of %c and %.0f of %c", saw, hears, 'A'+who, still, 'A'+gone)
			}
		}()
		waitFor(ctx, t, "the phone sees and hears who is in the room", func() bool {
			p, err := b.Picture(ctx)
			if err != nil {
				return false
			}
			defer p.Release()
			sound, err := b.Heard()
			saw, hears, still = cells(p), clip.Goertzel(sound, clip.ToneOf(who)), clip.Goertzel(sound, clip.ToneOf(gone))
			return err == nil && saw == string(rune('A'+who))+"......." && hears > heardAt && still < silentAt
		})
	}
	shows(2, 3)
	status := func() (s engine.ParticipantStatus) {
		for _, c := range n.Status().Conferences {
			for _, p := range c.Participants {
				if p.DisplayName == "Bare" {
					s = p
				}
			}
		}
		return s
	}
	for _, to := range []struct {
		alias     string
		who, gone int
	}{{"meet-others", 3, 2}, {"meet", 2, 3}} {
		if r := n.Do(bus.Command{Action: bus.Transfer, Participant: status().ID, Alias: to.alias}); r.Error != "" {
			t.Fatal(r.Error)
		}
		shows(to.who, to.gone)
		for i, there := range map[int]bool{to.who: true, to.gone: false} {
			if err := scripted[i].AwaitPicture(ctx, func(p *codecs.Picture) bool { return strings.Contains(cells(p), "A") == there }); err != nil {
				t.Errorf("%c sees the phone, %v expected: %v", 'A'+i, there, err)
			}
			waitFor(ctx, t, "those in its room hear it, and nobody else", func() bool {
				level := scripted[i].Heard(clip.ToneOf(bare))
				return there && level > heardAt || !there && level < silentAt
			})
		}
	}
	// A re-INVITE after it changes the call where it is now. What baresip records of
	// the sound ends when it holds.
	for _, hold := range []bool{true, false} {
		if err := b.Hold(ctx, hold); err != nil {
			t.Fatalf("%v\n%s", err, b.Output())
		}
		waitFor(ctx, t, "it is on hold, or back", func() bool { return status().OnHold == hold })
	}
	if err := scripted[2].AwaitPicture(ctx, func(p *codecs.Picture) bool { return cells(p) == "A......." }); err != nil {
		t.Errorf("C does not see the phone after its hold: %v", err)
	}
	if err := b.Hangup(ctx); err != nil {
		t.Error(err)
	}
	waitFor(ctx, t, "the phone is gone", func() bool { return participants(n) == 2 })
}
