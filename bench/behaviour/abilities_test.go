//go:build cgo

package behaviour

import (
	"fmt"
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/node"
)

// Senders of every shape and rate in one conference, and receivers of every
// ability: each gets the best that he declared, and nothing more.
func TestDifferentAbilities(t *testing.T) {
	m := open(t, func(c *node.Config) { c.Deployment.Global.OwnThumbnail = "shown" })
	camera := func(i, w, h, fps int) *clip.VideoSpec {
		return &clip.VideoSpec{Caller: i, Width: w, Height: h, FPS: fps, Bitrate: 400_000}
	}
	type ability struct {
		name          string
		change        func(*caller.Config)
		width, height int // of what he is sent; 0 = no picture
	}
	abilities := []ability{
		{"1080p", func(c *caller.Config) { c.Video = camera(0, 1920, 1080, 30); c.H264.Level = 40 }, 1920, 1080},
		{"720p, 25 a second", func(c *caller.Config) { c.Video = camera(1, 1280, 720, 25); c.H264.Level = 31 }, 1280, 720},
		{"360p, 15 a second", func(c *caller.Config) { c.Video = camera(2, 640, 360, 15); c.H264.Level = 22 }, 640, 360},
		{"portrait, 512 kbit/s", func(c *caller.Config) {
			c.Video = camera(3, 360, 640, 30)
			c.H264.Level, c.MaxBitrate = 31, 512_000
		}, 640, 360},
		{"4:3, packetization mode 0", func(c *caller.Config) {
			c.Video = camera(4, 640, 480, 30)
			c.H264.Level, c.H264.PacketizationModes = 31, []int{0}
		}, 1280, 720},
		{"main profile only", func(c *caller.Config) {
			c.Video = camera(5, 640, 360, 30)
			c.H264.Level, c.H264.Profiles = 31, []codecs.Profile{codecs.Main}
		}, 1280, 720},
		{"small picture with max-fs of 720p", func(c *caller.Config) {
			c.Video = camera(6, 640, 360, 30)
			c.H264.Level, c.H264.MaxFS, c.H264.MaxMBPS, c.H264.MaxBR = 13, 3600, 108000, 2_000_000
		}, 1280, 720},
		{"only watches", func(c *caller.Config) { c.Video, c.H264.Level = nil, 13 }, 320, 180},
		{"only sends", func(c *caller.Config) { c.Video, c.SendOnly = camera(8, 640, 360, 30), true }, 0, 0},
		{"only listens and talks", func(c *caller.Config) { c.AudioOnly, c.Video = true, nil }, 0, 0},
		{"PCMA", func(c *caller.Config) {
			c.AudioOnly, c.Video, c.AudioCodecs = true, nil, []string{codecs.PCMA}
		}, 0, 0},
		{"G722 without an offer", func(c *caller.Config) {
			c.AudioOnly, c.Video, c.AudioCodecs, c.LateOffer = true, nil, []string{codecs.G722}, true
		}, 0, 0},
	}
	for i, a := range abilities {
		c := m.spec(i)
		c.Name = a.name
		c.Sound.Level = -23
		a.change(&c)
		m.call(c)
	}
	for i, a := range abilities {
		c := m.callers[i]
		if a.height == 0 {
			continue
		}
		m.await(c, fmt.Sprintf("%s gets %dx%d", a.name, a.width, a.height), func(c *caller.Caller) bool {
			v := c.Stats().Video
			return v.Width == a.width && v.Height == a.height
		})
	}
	// Each sender large in turn: the others see his colour whatever his shape, and hear him.
	for i := range abilities {
		c := m.callers[i]
		c.Talk(true)
		for k, other := range m.callers {
			if k != i && abilities[k].name != "only sends" {
				m.await(other, abilities[k].name+" hears "+abilities[i].name, func(c *caller.Caller) bool {
					return c.Heard(clip.ToneOf(i)) > heardAt
				})
			}
		}
		if i < 9 && i != 7 {
			m.await(m.callers[7], "the watcher sees "+abilities[i].name, func(c *caller.Caller) bool {
				return shows(c, i)
			})
		}
		c.Talk(false)
	}
	for i, a := range abilities {
		v := m.callers[i].Stats().Video
		if a.height > 0 && (v.Width != a.width || v.Height != a.height || v.DecodeErrors > 0) {
			t.Errorf("%s ends with %dx%d and %d decode errors", a.name, v.Width, v.Height, v.DecodeErrors)
		}
	}
}

// shows reports whether the large cell shows caller i somewhere in its middle:
// portrait and 4:3 pictures have black beside them.
func shows(c *caller.Caller, i int) bool {
	p := c.Picture()
	if p == nil {
		return false
	}
	defer p.Release()
	r := clip.Rect{X: p.Width / 9, Y: 0, W: p.Width * 7 / 9, H: p.Height * 7 / 9}
	for _, part := range [...]clip.Rect{r.Backdrop(), r.Part(0.40, 0.05, 0.60, 0.15)} {
		colour, _ := clip.CellColour(p, part)
		if who, _ := clip.NearestCaller(colour); who == i {
			return true
		}
	}
	return false
}

// Hold shows the held one in grey and stops what he is sent; resume brings both back.
func TestHoldAndResume(t *testing.T) {
	m := open(t, nil)
	a, b := m.call(m.spec(0)), m.call(m.spec(1))
	m.await(b, "B sees A", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "A") })
	m.await(a, "A sees B", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "B") })
	if err := a.Hold(m.ctx); err != nil {
		t.Fatal(err)
	}
	m.await(b, "A is grey", func(c *caller.Caller) bool {
		p := c.Picture()
		defer p.Release()
		colour, _ := clip.CellColour(p, clip.Rect{X: p.Width / 9, W: p.Width * 7 / 9, H: p.Height * 7 / 9}.Backdrop())
		return colour.Y > 30 && max(colour.U, 128)-min(colour.U, 128) < 12 && max(colour.V, 128)-min(colour.V, 128) < 12
	})
	if err := a.Resume(m.ctx); err != nil {
		t.Fatal(err)
	}
	m.await(b, "B sees A again", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "A") })
	a.Talk(true)
	m.await(b, "B hears A again", func(c *caller.Caller) bool { return c.Heard(clip.ToneOf(0)) > heardAt })
	m.await(a, "A sees B again", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "B") })
}
