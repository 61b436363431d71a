//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/bench/peer"
	"parley/codecs"
	"parley/node"
	"parley/signaling/sdp"
)

// phone is what baresip and linphone have in common.
type phone interface {
	Dial(ctx context.Context, uri string) error
	Talk(ctx context.Context, on bool) error
	Hold(ctx context.Context, on bool) error
	Picture(ctx context.Context) (*codecs.Picture, error)
	Heard() ([]float32, error)
	Hangup(ctx context.Context) error
	Output() string
	Close()
}

// Who is who: the letters that cells says.
const (
	bare = 0 // A
	lin  = 1 // B
	// C, D and E are scripted.
)

// meeting is a node with two phones and three scripted callers.
type meeting struct {
	t        *testing.T
	ctx      context.Context
	node     *node.Node
	phones   map[int]phone
	deaf     map[int]bool // phones that record no more what they hear
	scripted map[int]*caller.Caller
}

// assemble calls them all in, nobody talking.
func assemble(t *testing.T, transport string) *meeting {
	ctx, n := open(t, func(c *node.Config) { c.Deployment.Global.MaxPixelsPerSecond, c.Config.SIP.TLS = "hd", "127.0.0.1:0" })
	m := &meeting{t: t, ctx: ctx, node: n, phones: map[int]phone{}, deaf: map[int]bool{}, scripted: map[int]*caller.Caller{}}
	target := "sip:meet@" + n.SIPAddr("udp").String()
	if transport != "udp" {
		target = "sip:meet@" + n.SIPAddr(transport).String() + ";transport=" + transport
	}
	phoneConfig := func(i int, name string) peer.PhoneConfig {
		return peer.PhoneConfig{
			Dir: folder(t), Name: name, Library: library(), Tone: clip.ToneOf(i), Transport: transport,
			Picture: clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 15, Bitrate: 300_000},
		}
	}
	b, err := peer.NewBaresip(ctx, phoneConfig(bare, "Bare"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	l, err := peer.NewLinphone(ctx, phoneConfig(lin, "Lin"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	m.phones[bare], m.phones[lin] = b, l
	for _, p := range m.phones {
		if err := p.Dial(ctx, target); err != nil {
			t.Fatalf("%v\n%s", err, p.Output())
		}
		if err := p.Talk(ctx, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := 2; i < 5; i++ {
		c, err := caller.Dial(ctx, caller.Config{
			URI: target, Name: "Caller " + string(rune('A'+i)), Library: library(),
			Video: &clip.VideoSpec{Caller: i, Width: 640, Height: 360, FPS: 30, Bitrate: 300_000},
			Sound: &clip.SoundSpec{Kind: clip.Tone, Caller: i, Level: -23},
			H264:  sdp.H264Local{Level: 31},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		m.scripted[i] = c
	}
	return m
}

// TestPhonesInConference has everybody talk in turn. Each time everybody else
// must see him large, all others but themselves small, and hear him.
func TestPhonesInConference(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			m := assemble(t, transport)
			previous := -1
			for _, speaker := range []int{2, bare, 3, lin, 4} {
				m.talk(speaker, true)
				m.everybodySees(speaker, previous)
				m.everybodyHears(speaker)
				m.talk(speaker, false)
				previous = speaker
			}
			for i, p := range m.phones {
				if err := p.Hangup(m.ctx); err != nil {
					t.Errorf("%c: %v", 'A'+i, err)
				}
			}
			waitFor(m.ctx, t, "the phones are gone", func() bool { return participants(m.node) == 3 })
		})
	}
}

// TestPhonesHold has each phone hold and resume: its picture stops and comes
// back, and it is shown again what it missed.
func TestPhonesHold(t *testing.T) {
	m := assemble(t, "udp")
	m.talk(2, true)
	m.everybodySees(2, -1)
	for i, p := range m.phones {
		if err := p.Hold(m.ctx, true); err != nil {
			t.Fatalf("%c: %v\n%s", 'A'+i, err, p.Output())
		}
		waitFor(m.ctx, t, string(rune('A'+i))+" is on hold", func() bool { return m.onHold() == 1 })
		if err := p.Hold(m.ctx, false); err != nil {
			t.Fatalf("%c: %v\n%s", 'A'+i, err, p.Output())
		}
		waitFor(m.ctx, t, string(rune('A'+i))+" is back", func() bool { return m.onHold() == 0 })
		m.everybodySees(2, -1)
		if _, ok := p.(*peer.Baresip); ok {
			m.deaf[i] = true // it does not record again after a hold
		}
		m.everybodyHears(2)
	}
}

func (m *meeting) onHold() (n int) {
	for _, c := range m.node.Status().Conferences {
		for _, p := range c.Participants {
			if p.OnHold {
				n++
			}
		}
	}
	return n
}

func (m *meeting) talk(i int, on bool) {
	m.t.Helper()
	if c := m.scripted[i]; c != nil {
		c.Talk(on)
	} else if err := m.phones[i].Talk(m.ctx, on); err != nil {
		m.t.Fatal(err)
	}
}

// everybodySees checks every cell of what everybody is sent. The speaker sees
// the previous one large; -1 = whoever.
func (m *meeting) everybodySees(speaker, previous int) {
	m.t.Helper()
	for i := range 5 {
		large := speaker
		if i == speaker {
			if previous < 0 {
				continue
			}
			large = previous
		}
		var small []byte
		for k := range 5 {
			if k != i && k != large {
				small = append(small, byte('A'+k))
			}
		}
		m.sees(i, byte('A'+large), string(small))
	}
	m.stitched()
}

// stitched waits until what everybody sees is 1280x720, stitched of two bands,
// and checks that these were never unlike at the seam.
func (m *meeting) stitched() {
	m.t.Helper()
	waitFor(m.ctx, m.t, "everybody is sent 1280x720 of two bands", func() bool {
		for _, c := range m.node.Status().Conferences {
			for _, p := range c.Participants {
				if p.Video.TxResolution != "1280x720" {
					return false
				}
			}
			for _, v := range c.Views {
				for _, r := range v.Renditions {
					if len(r.Bands) != 2 || c.Bands[r.Bands[0]].Height != 592 || c.Bands[r.Bands[1]].Height != 128 {
						return false
					}
				}
			}
		}
		return true
	})
	if n := m.node.Status().Totals["band_uneven_frames"]; n > 0 {
		m.t.Errorf("the black rows between bands were uneven %d times", n)
	}
}

// state tells who speaks and who is heard, for failures.
func (m *meeting) state() string {
	var s strings.Builder
	for _, c := range m.node.Status().Conferences {
		for _, p := range c.Participants {
			fmt.Fprintf(&s, "\n%s: stage %d, speaking %v, speaker %v, hold %v", p.DisplayName, p.Stage, p.Speaking, p.ID == c.Speaker, p.OnHold)
		}
	}
	for i := range 5 {
		fmt.Fprintf(&s, "\n%c's tone at %.1f dBov", 'A'+i, m.scripted[4].Heard(clip.ToneOf(i)))
	}
	return s.String()
}

// sees waits until one sees another large and exactly those small, and nothing
// in the other cells.
func (m *meeting) sees(i int, large byte, small string) {
	m.t.Helper()
	var got string
	fits := func(p *codecs.Picture) bool {
		got = cells(p)
		names := []byte(strings.ReplaceAll(got[1:], ".", ""))
		slices.Sort(names)
		return got[0] == large && string(names) == small
	}
	if c := m.scripted[i]; c != nil {
		if err := c.AwaitPicture(m.ctx, fits); err != nil {
			m.t.Fatalf("%c sees %q, want %c and %s: %v%s", 'A'+i, got, large, small, err, m.state())
		}
		return
	}
	for {
		p, err := m.phones[i].Picture(m.ctx)
		if err != nil {
			m.t.Fatalf("%c sees %q, want %c and %s: %v%s", 'A'+i, got, large, small, err, m.state())
		}
		ok := fits(p) && p.Width == 1280 && p.Height == 720
		if ok {
			m.t.Logf("%c sees %s in %dx%d", 'A'+i, got, p.Width, p.Height)
		}
		p.Release()
		if ok {
			return
		}
	}
}

// heardAt and silentAt are levels, dBov, at which a tone of -23 or louder
// counts as heard and as not there.
const (
	heardAt  = -34
	silentAt = -50
)

// isSentSound checks that sound goes to the baresip, which cannot say what it hears.
func (m *meeting) isSentSound(i int) {
	m.t.Helper()
	sent := func() (packets uint64) {
		for _, c := range m.node.Status().Conferences {
			for _, p := range c.Participants {
				if p.Protocol == "sip" && strings.Contains(strings.ToLower(p.Vendor), "baresip") {
					packets = p.Audio.TxPackets
				}
			}
		}
		return packets
	}
	before := sent()
	waitFor(m.ctx, m.t, string(rune('A'+i))+" is sent sound", func() bool { return before > 0 && sent() > before+25 })
}

// everybodyHears checks that all but the speaker hear him.
func (m *meeting) everybodyHears(speaker int) {
	m.t.Helper()
	tone := clip.ToneOf(speaker)
	for i := range 5 {
		level := clip.Quiet
		if m.deaf[i] {
			m.isSentSound(i)
			continue
		}
		waitFor(m.ctx, m.t, string(rune('A'+i))+" hears the speaker, and nobody hears himself", func() bool {
			if c := m.scripted[i]; c != nil {
				level = c.Heard(tone)
			} else if sound, err := m.phones[i].Heard(); err == nil {
				level = clip.Goertzel(sound, tone)
			}
			if i == speaker {
				return level < silentAt
			}
			return level > heardAt
		})
	}
}
