package engine

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/fake"
	"parley/engine/rtp"
)

// newEngine returns an engine driven by hand, and checks at the end of the
// test that nothing is left of it.
func newEngine(t *testing.T) *Engine {
	t.Helper()
	pictures, sockets, goroutines := codecs.PicturesLive(), rtp.TransportsOpen(), runtime.NumGoroutine()
	e := New(Config{Codecs: fake.Codecs(), Manual: true, Workers: 2, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		e.Close()
		if n := codecs.PicturesLive() - pictures; n != 0 {
			t.Errorf("%d pictures never given back\n%s", n, strings.Join(codecs.PictureHolders(), "\n\n"))
		}
		if n := rtp.TransportsOpen() - sockets; n != 0 {
			t.Errorf("%d transports never closed", n)
		}
		if e.encoders.Load() != 0 || e.decoders.Load() != 0 {
			t.Errorf("%d encoders and %d decoders never closed", e.encoders.Load(), e.decoders.Load())
		}
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Errorf("goroutines left:\n%s", buf[:runtime.Stack(buf, true)])
				return
			}
		}
	})
	return e
}

func speak(c *Conference, id string) { c.sound.speaker.Store(&id) }

// sees checks who is in a picture: the main cell, and the set of thumbnails.
func sees(p *phone, main string, thumbnails string) bool {
	got := p.names()
	if len(got) != 8 || got[:1] != main {
		return false
	}
	return sorted(strings.ReplaceAll(got[1:], ".", "")) == sorted(thumbnails)
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

func TestNineSeeEachOther(t *testing.T) {
	for _, own := range []OwnThumbnail{OwnHidden, OwnShown} {
		t.Run(string(own), func(t *testing.T) {
			e := newEngine(t)
			cfg := testConfig("nine", own)
			var phones []*phone
			for i := range 9 {
				phones = append(phones, join(t, e, cfg, i))
			}
			defer func() {
				for _, p := range phones {
					p.close()
				}
			}()
			c := e.Conference("nine")
			// Everybody speaks once, A last but one and B last: the stage is B A I H G F E D | C.
			for _, id := range []string{"C", "D", "E", "F", "G", "H", "I", "A", "B"} {
				speak(c, id)
				c.Compose(time.Now())
			}
			want := map[string][2]string{}
			for _, p := range phones {
				id := p.leg.id
				switch {
				case id == "B" && own == OwnHidden:
					want[id] = [2]string{"A", "IHGFEDC"}
				case id == "B":
					want[id] = [2]string{"A", "BIHGFED"}
				case id == "C" || own == OwnShown:
					want[id] = [2]string{"B", "AIHGFED"}
				default:
					want[id] = [2]string{"B", strings.ReplaceAll("AIHGFEDC", id, "")}
				}
			}
			drive(t, c, phones, "everybody sees the speaker and seven others", func() bool {
				for _, p := range phones {
					if !sees(p, want[p.leg.id][0], want[p.leg.id][1]) {
						return false
					}
				}
				return true
			})
			// Everybody shares two large pictures. Shown, the strips are two as well;
			// hidden, all but those who see the same have their own.
			if n := e.Status().Encoders; own == OwnShown && n != 4 || own == OwnHidden && n != 10 && n != 11 {
				t.Errorf("%d encoders", n)
			}
			places := map[string]string{}
			for _, p := range phones {
				places[p.leg.id] = p.names()
			}
			// A new speaker from the thumbnails: those who stay keep their places.
			speak(c, "E")
			drive(t, c, phones, "everybody sees E", func() bool {
				for _, p := range phones {
					if id := p.leg.id; id != "E" && p.names()[:1] != "E" || id == "E" && p.names()[:1] != "B" {
						return false
					}
				}
				return true
			})
			for _, p := range phones {
				before, after := places[p.leg.id], p.names()
				for i := 1; i < len(before); i++ {
					if j := strings.IndexByte(after[1:], before[i]); j >= 0 && j+1 != i && before[i] != 'E' && before[i] != 'B' {
						t.Errorf("%s: %c moved: %q then %q", p.leg.id, before[i], before, after)
					}
				}
			}
			if s := e.Status().Conferences[0]; s.Speaker != "E" || len(s.Participants) != 9 {
				t.Errorf("status: %+v", s)
			}
		})
	}
}

func TestAloneSeesWelcomeThenTheOther(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("two", OwnAuto)
	a := join(t, e, cfg, 0)
	c := e.Conference("two")
	drive(t, c, []*phone{a}, "a welcome picture", func() bool {
		cells, w, h := a.shows()
		return len(cells) > 0 && w == 1280 && h == 720 && !strings.Contains(a.names(), "A")
	})
	for _, cell := range e.Status().Conferences[0].Views[0].Cells {
		if cell != "" {
			t.Errorf("%s is shown to himself", cell)
		}
	}
	b := join(t, e, cfg, 1)
	drive(t, c, []*phone{a, b}, "each sees the other large", func() bool {
		return strings.HasPrefix(a.names(), "B......") && strings.HasPrefix(b.names(), "A......")
	})
	b.close()
	drive(t, c, []*phone{a}, "the welcome picture again", func() bool { return !strings.Contains(a.names(), "B") })
	a.close()
	if e.Conference("two") != nil {
		t.Error("the conference outlives its last participant")
	}
}

func TestEachReceivesWhatHeCanTake(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("sizes", OwnShown)
	limit := func(level int) phoneOption {
		return func(l *LegConfig) {
			mode := l.Video.Limits.PacketizationMode
			l.Video.Limits = levelLimits[level]
			l.Video.Limits.PacketizationMode = mode
		}
	}
	receiveOnly := func(l *LegConfig) { l.Video.Receive = false }
	phones := []*phone{
		join(t, e, cfg, 0, limit(40)), join(t, e, cfg, 1, limit(31)), join(t, e, cfg, 2, limit(13)),
		join(t, e, cfg, 3, limit(30), receiveOnly), join(t, e, cfg, 4, limit(31)),
	}
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	heights := []int{1080, 720, 180, 360, 720}
	drive(t, e.Conference("sizes"), phones, "each size arrives", func() bool {
		for i, p := range phones {
			if _, _, h := p.shows(); h != heights[i] {
				return false
			}
		}
		return true
	})
	// The two with equal abilities who are not the speaker share an encode.
	for _, v := range e.Status().Conferences[0].Views {
		for _, r := range v.Renditions {
			if v.ID == "common" && r.Height == 720 && r.Receivers != 2 {
				t.Errorf("720p of the common view has %d receivers", r.Receivers)
			}
		}
	}
}

func TestFullConferenceRefuses(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("small", OwnAuto)
	cfg.MaxParticipants = 1
	a := join(t, e, cfg, 0)
	defer a.close()
	ours, theirs := transports(t)
	defer ours.Close()
	defer theirs.Close()
	if _, err := e.Join(cfg, LegConfig{ID: "B"}); !errors.Is(err, ErrFull) {
		t.Errorf("joined a full conference: %v", err)
	}
}

// A sender who falls silent keeps his last picture for a while, then his avatar is shown.
func TestSilentSenderIsHeldThenGivesWayToAvatar(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("silent", OwnAuto)
	a, b := join(t, e, cfg, 0), join(t, e, cfg, 1)
	defer a.close()
	defer b.close()
	c := e.Conference("silent")
	both := []*phone{a, b}
	drive(t, c, both, "each sees the other", func() bool {
		return strings.HasPrefix(a.names(), "B") && strings.HasPrefix(b.names(), "A")
	})
	now := time.Now().Add(time.Second)
	for range FrameRate {
		now = now.Add(time.Second / FrameRate)
		c.Compose(now)
	}
	if !strings.HasPrefix(a.names(), "B") {
		t.Error("the last good picture was not held")
	}
	now = now.Add(frozenAfter)
	drive(t, c, nil, "the avatar of the silent one", func() bool {
		now = now.Add(time.Second)
		c.Compose(now)
		return !strings.HasPrefix(a.names(), "B")
	})
}

// Video that a re-INVITE takes away and another brings back uses the same
// sockets and starts with a key frame.
func TestVideoGoesAndComesBack(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("back", OwnAuto)
	a, b := join(t, e, cfg, 0), join(t, e, cfg, 1)
	defer a.close()
	defer b.close()
	c := e.Conference("back")
	both := []*phone{a, b}
	see := func() bool { return strings.HasPrefix(a.names(), "B") && strings.HasPrefix(b.names(), "A") }
	drive(t, c, both, "each sees the other", see)
	with := *b.leg.config.Load()
	without := with
	without.Video = nil
	if err := b.leg.Reconfigure(without); err != nil {
		t.Fatal(err)
	}
	drive(t, c, both, "B's avatar", func() bool { return strings.HasPrefix(a.names(), "?") })
	if err := b.leg.Reconfigure(with); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.picture.Release()
	b.picture = nil
	b.mu.Unlock()
	drive(t, c, both, "each sees the other again", see)
}

// Nothing goes to a far end that has not confirmed, and then it is a key frame.
func TestPicturesWaitForConfirmation(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("wait", OwnAuto)
	a := join(t, e, cfg, 0, func(l *LegConfig) { l.AwaitConfirm = true })
	defer a.close()
	c := e.Conference("wait")
	for range 20 {
		c.Compose(time.Now())
	}
	if n := a.leg.video.Load().sent.Load(); n != 0 {
		t.Errorf("%d frames before the confirmation", n)
	}
	a.leg.Confirm()
	drive(t, c, nil, "a picture", func() bool { _, _, h := a.shows(); return h > 0 })
}
