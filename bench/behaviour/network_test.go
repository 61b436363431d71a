//go:build cgo

package behaviour

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/node"
	"parley/signaling/sip"
)

// A caller who loses five percent both ways keeps a moving picture and clean
// sound, and nobody else notices.
func TestFivePercentLoss(t *testing.T) {
	m := open(t, nil)
	for i := range 4 {
		c := m.spec(i)
		if i == 0 {
			c.Network = &caller.Network{LossIn: 0.05, LossOut: 0.05, Seed: 7}
		}
		m.call(c)
	}
	lossy := m.callers[0]
	m.callers[1].Talk(true)
	lossy.Talk(true)
	for _, c := range m.callers {
		m.await(c, "pictures and sound", func(c *caller.Caller) bool {
			return len(faces(c)) == 8 && (c == m.callers[1] || c.Heard(clip.ToneOf(1)) > heardAt)
		})
	}
	start := map[*caller.Caller]caller.VideoStats{}
	for _, c := range m.callers {
		start[c] = c.Stats().Video
	}
	longest, worst := time.Duration(0), math.Inf(1)
	m.await(lossy, "ten seconds of it", func(c *caller.Caller) bool {
		longest = max(longest, c.Stats().Video.SinceLast)
		worst = min(worst, toneLevel(c.Listen(1), clip.ToneOf(1)))
		return c.Stats().Video.Decoded-start[c].Decoded > 300
	})
	s := lossy.Stats()
	if s.Dropped == 0 {
		t.Fatal("nothing was lost")
	}
	t.Logf("lost %d packets; longest freeze %v; weakest second of the other's tone %.1f dBov; concealed %d of %d",
		s.Dropped, longest.Round(time.Millisecond), worst, s.Audio.Concealed, s.Audio.Packets)
	if longest > time.Second {
		t.Errorf("his picture froze for %v", longest)
	}
	if worst < heardAt {
		t.Errorf("the sound fell to %.1f dBov", worst)
	}
	for i, c := range m.callers[1:] {
		v := c.Stats().Video
		if gaps := v.Gaps - start[c].Gaps; v.DecodeErrors > 0 || gaps > 0 {
			t.Errorf("caller %d: %d decode errors, %d gaps", i+1, v.DecodeErrors, gaps)
		}
		if i > 0 {
			m.await(c, "A is still seen", func(c *caller.Caller) bool { return strings.Contains(faces(c), "A") })
		}
	}
}

// toneLevel is the level of a tone, dBov, whatever its phase does: a jitter
// buffer that grows or shrinks shifts it, and over a whole second that cancels.
func toneLevel(samples []float32, freq float64) float64 {
	const window = codecs.SampleRate / 20
	power, n := 0.0, 0
	for ; len(samples) >= window; samples = samples[window:] {
		power += math.Pow(10, clip.Goertzel(samples[:window], freq)/10)
		n++
	}
	return 10 * math.Log10(power/float64(max(n, 1)))
}

// A caller on a bad network falls to a lower rung; the others keep theirs.
func TestBadNetworkLowersOnlyOne(t *testing.T) {
	m := open(t, func(c *node.Config) { c.Deployment.Global.OwnThumbnail = "shown" })
	for i := range 4 {
		c := m.spec(i)
		if i == 3 {
			c.Network = &caller.Network{Seed: 3}
		}
		m.call(c)
	}
	for _, c := range m.callers {
		m.await(c, "360p", func(c *caller.Caller) bool { return c.Stats().Video.Height == 360 })
	}
	m.callers[3].SetLoss(0.6, 0) // more than asking again repairs
	settle(t, "he is sent less", func() bool {
		return resolution(m, 3) != "640x360" || bitrate(m, 3) < 400_000
	})
	for i := range 3 {
		if got := resolution(m, i); got != "640x360" {
			t.Errorf("caller %d is sent %s", i, got)
		}
	}
}

func resolution(m *meeting, i int) string {
	return m.conference().Participants[i].Video.TxResolution
}

func bitrate(m *meeting, i int) int {
	for _, v := range m.conference().Views {
		for _, r := range v.Renditions {
			if v.ID == m.conference().Participants[i].View && r.Receivers == 1 && r.FPS == 15 {
				return r.Bitrate
			}
		}
	}
	return math.MaxInt
}

// Whoever vanishes without a word is gone after the silence timeout, and
// whoever hangs up at once.
func TestVanishingLeavesNothing(t *testing.T) {
	m := open(t, func(c *node.Config) { c.Config.Media.SilenceTimeout = 2 * time.Second })
	stays := m.call(m.spec(0))
	goes := m.call(m.spec(1))
	m.await(stays, "A sees B", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "B") })
	goes.Vanish()
	settle(t, "the vanished one is gone", func() bool { return len(m.conference().Participants) == 1 })
	m.await(stays, "A sees B no more", func(c *caller.Caller) bool { return !strings.Contains(faces(c), "B") })
	again := m.call(m.spec(2))
	m.await(stays, "A sees C", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "C") })
	if err := again.Hangup(m.ctx); err != nil {
		t.Error(err)
	}
	settle(t, "C is gone", func() bool { return len(m.conference().Participants) == 1 })
	if err := stays.Hangup(m.ctx); err != nil {
		t.Error(err)
	}
	settle(t, "the conference is over", func() bool { return len(m.node.Status().Conferences) == 0 })
	settle(t, "no encoder, no decoder", func() bool { s := m.node.Status(); return s.Encoders == 0 && s.Decoders == 0 })
}

func TestRefusals(t *testing.T) {
	m := open(t, func(c *node.Config) {
		one := 1
		c.Deployment.AddRoom("Small", "small").ParticipantLimit = &one
		c.Config.MaxParticipants = 2
	})
	refused := func(what string, code int, change func(*caller.Config)) {
		t.Helper()
		c := m.spec(9)
		change(&c)
		got, err := caller.Dial(m.ctx, c)
		if err == nil {
			got.Close()
			t.Fatalf("%s: accepted", what)
		}
		var status *sip.StatusError
		if !errors.As(err, &status) || status.Code != code {
			t.Errorf("%s: %v, want %d", what, err, code)
		}
	}
	refused("an unknown alias", 404, func(c *caller.Config) { c.URI = m.uri("nobody") })
	small := m.spec(0)
	small.URI = m.uri("small")
	m.call(small)
	refused("a full conference", 486, func(c *caller.Config) { c.URI = m.uri("small") })
	m.call(m.spec(1))
	refused("a full node", 503, func(*caller.Config) {})
}

// Joining gives a picture at once.
func TestJoinTime(t *testing.T) {
	m := open(t, nil)
	for i := range 4 {
		c := m.call(m.spec(i))
		m.await(c, "the first picture", func(c *caller.Caller) bool { return c.Stats().Video.FirstPicture > 0 })
		t.Logf("caller %d: answered after %v, first picture after %v", i,
			c.Stats().Joined.Round(time.Millisecond), c.Stats().Video.FirstPicture.Round(time.Millisecond))
	}
}
