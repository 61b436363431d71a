//go:build cgo

package behaviour

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/composer"
	"parley/config"
	"parley/engine"
	"parley/node"
)

// heardAt and silentAt are the levels, dBov, at which a tone of -26 dBov counts
// as heard and as not there.
const (
	heardAt  = -34
	silentAt = -50
)

// Nine callers talk in turns. Everybody but the speaker sees him large, he sees
// the previous one, all see seven recent others, and each hears all but himself.
func TestNineCallers(t *testing.T) {
	for _, own := range []config.OwnThumbnail{config.Hidden, config.Shown} {
		t.Run(string(own), func(t *testing.T) { nineCallers(t, own) })
	}
}

func nineCallers(t *testing.T, own config.OwnThumbnail) {
	m := open(t, func(c *node.Config) { c.Deployment.Global.OwnThumbnail = string(own) })
	for i := range 8 {
		m.call(m.spec(i))
	}
	m.more(own, 8, false)
	m.call(m.spec(8))
	m.more(own, 9, true)
	// Each becomes the speaker once, so that the stage is known: I is off it at
	// first and comes on it by talking.
	var order []string // recent speakers, newest first
	for i, c := range m.callers {
		c.Talk(true)
		m.speaker(i)
		c.Talk(false)
		order = slices.Insert(order, 0, string(rune('A'+i)))
	}
	// Now I speaks and A, who spoke first of all, is beyond the thumbnails.
	m.callers[8].Talk(true)
	m.pictures(order, own)
	m.hears(8, heardAt)
	m.saveFirst(string(own))
	// A takes the floor: his thumbnail neighbours stay where they are.
	before := faces(m.callers[3])
	m.callers[8].Talk(false)
	m.callers[0].Talk(true)
	m.speaker(0)
	order = append([]string{"A"}, order[:8]...)
	m.pictures(order, own)
	after := faces(m.callers[3])
	for i := 1; i < 8; i++ {
		if j := strings.IndexByte(after[1:], before[i]); before[i] != '.' && j >= 0 && j+1 != i {
			t.Errorf("%c moved from place %d to %d: %q, then %q", before[i], i, j+1, before, after)
		}
	}
	// A second one talks into it: he is heard by all, himself excepted, A by all but A.
	m.callers[4].Talk(true)
	m.hears(4, heardAt)
	for i, c := range m.callers {
		want := i != 0
		m.await(c, "A's tone", func(c *caller.Caller) bool { return (c.Heard(clip.ToneOf(0)) > heardAt) == want })
	}
	m.counts(own)
}

// speaker waits until the node takes caller i for the current speaker.
func (m *meeting) speaker(i int) {
	m.t.Helper()
	name := "Caller " + string(rune('A'+i))
	settle(m.t, name+" has the floor", func() bool {
		s := m.conference()
		for _, p := range s.Participants {
			if p.ID == s.Speaker {
				return p.DisplayName == name
			}
		}
		return false
	})
}

func (m *meeting) conference() engine.ConferenceStatus {
	list := m.node.Status().Conferences
	if len(list) != 1 {
		m.t.Fatalf("%d conferences", len(list))
	}
	return list[0]
}

// pictures checks every cell of what everybody sees, given the stage: nine
// callers, most recent speaker first.
func (m *meeting) pictures(order []string, own config.OwnThumbnail) {
	m.t.Helper()
	for i, c := range m.callers {
		me := string(rune('A' + i))
		main := order[0]
		if me == main {
			main = order[1]
		}
		var thumbnails []string
		for _, id := range order {
			if own == config.Hidden && id == me || id == main {
				continue
			}
			thumbnails = append(thumbnails, id)
		}
		want := sorted(strings.Join(thumbnails[:7], ""))
		m.await(c, me+" sees "+main+" large and "+want, func(c *caller.Caller) bool {
			got := faces(c)
			return len(got) == 8 && got[:1] == main && sorted(got[1:]) == want
		})
	}
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// hears checks that everybody hears caller i, and he does not hear himself.
func (m *meeting) hears(i int, level float64) {
	m.t.Helper()
	tone := clip.ToneOf(i)
	for k, c := range m.callers {
		if k != i {
			m.await(c, "the tone of the talker", func(c *caller.Caller) bool { return c.Heard(tone) > level })
		}
	}
	m.await(m.callers[i], "no echo of himself", func(c *caller.Caller) bool { return c.Heard(tone) < silentAt })
}

// more waits until everybody sees as many callers as there are cells for, and
// checks in that same picture whether there is a badge with the number of the
// others, "+n", or black. callers: how many there are.
func (m *meeting) more(own config.OwnThumbnail, callers int, badge bool) {
	m.t.Helper()
	cellsUsed := min(callers, 8)
	if own == config.Hidden {
		cellsUsed = min(callers-1, 8)
	}
	for i, c := range m.callers {
		who := string(rune('A' + i))
		m.await(c, who+" sees all that there is room for", func(c *caller.Caller) bool {
			p := c.Picture()
			defer p.Release()
			return p != nil && len(strings.Trim(sorted(cells(p)), ".?")) == cellsUsed
		})
		if badge { // the picture with the ninth may come before or with it
			m.await(c, who+` sees "+n"`, func(c *caller.Caller) bool { have, _ := more(c); return have })
		} else if _, black := more(c); !black {
			m.t.Errorf(`%s sees a "+n" although all %d have cells`, who, callers)
		}
	}
}

// more looks where the number of those not shown is drawn: badge when text on
// a plate is there, black when nothing is.
func more(c *caller.Caller) (badge, black bool) {
	p := c.Picture()
	if p == nil {
		return false, false
	}
	defer p.Release()
	layout, _ := composer.Find(composer.OneMainSevenPips)
	r := layout.ResolveMore(p.Width, p.Height)
	brightest, lit := byte(0), 0
	for y := r.Y; y < r.Y+r.H; y++ {
		for _, l := range p.Y[y*p.StrideY+r.X:][:r.W] {
			brightest = max(brightest, l)
			if l > 40 {
				lit++
			}
		}
	}
	return brightest > 150 && lit > r.W*r.H/4, brightest < 40
}

// counts checks that equal receivers share an encode.
func (m *meeting) counts(own config.OwnThumbnail) {
	m.t.Helper()
	want := 9 // pictures as small as these are one band each: eight on stage have a picture of their own each; the ninth sees the common one
	if own == config.Shown {
		want = 2
	}
	if got := m.node.Status().Encoders; got != want {
		m.t.Errorf("%d encoders, want %d", got, want)
	}
}

// saveFirst writes what the first caller sees as a PNG where
// PARLEY_TEST_PICTURES says, for people to look at.
func (m *meeting) saveFirst(name string) {
	dir := os.Getenv("PARLEY_TEST_PICTURES")
	if dir == "" {
		return
	}
	p := m.callers[0].Picture()
	defer p.Release()
	if err := writePNG(filepath.Join(dir, name+".png"), p); err != nil {
		m.t.Error(err)
	}
}

func writePNG(path string, p *codecs.Picture) error {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for y := range p.Height {
		for x := range p.Width {
			// JPEG's matrix is full range; stretch limited range to it.
			l := (int(p.Y[y*p.StrideY+x]) - 16) * 255 / 219
			u, v := p.U[y/2*p.StrideUV+x/2], p.V[y/2*p.StrideUV+x/2]
			r, g, b := color.YCbCrToRGB(uint8(min(max(l, 0), 255)), u, v)
			img.SetRGBA(x, y, color.RGBA{r, g, b, 255})
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return png.Encode(f, img)
}

// coughAt is the level, dBov, of 20 ms that no voice of -32 dBov has.
const coughAt = -20

// loudest is the level of the loudest 20 ms of the last second, dBov.
func loudest(c *caller.Caller) float64 {
	const window = codecs.SampleRate / 50
	level := math.Inf(-1)
	for samples := c.Listen(1); len(samples) >= window; samples = samples[window:] {
		level = max(level, clip.Level(samples[:window]))
	}
	return level
}

// watcher checks every picture of a caller for a while.
type watcher struct {
	mu    sync.Mutex
	main  string // guarded by mu: who must be large; "" = not watched
	seen  int    // guarded by mu
	wrong string // guarded by mu: the first picture with another, as its cells
}

// look takes every decoded picture of the caller.
func (w *watcher) look(p *codecs.Picture) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.main == "" {
		return
	}
	w.seen++
	if got := cells(p); got[:1] != w.main && w.wrong == "" {
		w.wrong = got
	}
}

// watch begins to look for the one who must be large.
func (w *watcher) watch(main string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.main, w.seen, w.wrong = main, 0, ""
}

// end returns how many pictures came since watch, and the first wrong one.
func (w *watcher) end() (seen int, wrong string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.main = ""
	return w.seen, w.wrong
}

// A cough does not take the floor; steady talk takes it within a second once
// the other is silent.
func TestCoughAndTakeover(t *testing.T) {
	m := open(t, nil)
	var watched [3]watcher
	for i := range 3 {
		c := m.spec(i)
		if i == 1 {
			c.Sound = &clip.SoundSpec{Kind: clip.Cough, Caller: 1, Level: -12}
		} else {
			c.Sound = &clip.SoundSpec{Kind: clip.Speech, Caller: i, Level: -32}
		}
		c.OnPicture = watched[i].look
		m.call(c)
	}
	m.callers[0].Talk(true)
	m.speaker(0)
	others := m.callers[1:]
	for _, c := range others {
		m.await(c, "A is seen", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "A") })
	}
	coughs := func(c *caller.Caller) bool { return loudest(c) > coughAt }
	if coughs(m.callers[2]) {
		t.Fatalf("A's voice alone is at %.1f dBov", loudest(m.callers[2]))
	}
	for i := range others {
		watched[1+i].watch("A")
	}
	m.callers[1].Talk(true)
	m.await(m.callers[2], "the cough is heard", coughs)
	m.await(m.callers[2], "the cough has been over for most of a second", func(c *caller.Caller) bool { return !coughs(c) })
	m.callers[1].Talk(false)
	for i := range others {
		seen, wrong := watched[1+i].end()
		t.Logf("%c saw %d pictures from the cough's beginning to after its end", 'B'+i, seen)
		if seen < 15 || wrong != "" {
			t.Errorf("%c saw %d pictures meanwhile, one of them %q", 'B'+i, seen, wrong)
		}
	}
	if s := m.conference(); s.Speaker != s.Participants[0].ID {
		t.Errorf("a cough took the floor")
	}
	m.callers[0].Talk(false)
	start := time.Now()
	m.callers[2].Talk(true)
	m.speaker(2)
	t.Logf("the new speaker took the floor after %v", time.Since(start).Round(10*time.Millisecond))
	m.await(m.callers[0], "A sees C large", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "C") })
	m.await(m.callers[2], "C sees A, the previous one", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "A") })
}
