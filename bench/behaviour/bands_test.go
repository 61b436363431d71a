//go:build cgo

package behaviour

import (
	"slices"
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/engine"
	"parley/node"
)

// Who takes 720p is sent pictures stitched of two bands: everybody shares the
// two large ones, whatever his strip. Each change of speaker moves people from
// one encoder to another, and so does a fourth one who joins; nobody is ever
// shown himself large.
func TestSharedBands(t *testing.T) {
	m := open(t, func(c *node.Config) { c.Deployment.Global.OwnThumbnail = "hidden" })
	add := func(i int) *caller.Caller {
		c := m.spec(i)
		c.H264.Level = 31
		return m.call(c)
	}
	for i := range 3 {
		add(i)
	}
	sees := func(want ...string) {
		t.Helper()
		for i, c := range m.callers {
			m.await(c, string(rune('A'+i))+" sees "+want[i], func(c *caller.Caller) bool {
				got := faces(c)
				return len(got) == 8 && got[:1] == want[i][:1] && sorted(strings.Trim(sorted(got[1:]), ".")) == want[i][1:]
			})
		}
	}
	last := 0
	talk := func(i int) {
		t.Helper()
		m.callers[last].Talk(false)
		m.callers[i].Talk(true)
		m.speaker(i)
		last = i
	}
	talk(0)
	talk(1)
	sees("BC", "AC", "BA")
	talk(2)
	sees("CB", "CA", "BA")
	add(3)
	sees("CBD", "CAD", "BAD", "CAB")
	talk(3)
	sees("DBC", "DAC", "DAB", "CAB")
	talk(2)
	sees("CBD", "CAD", "DAB", "CAB")

	// A band that is shared anew shows what its receivers see already.
	settle(t, "every band has frames", func() bool {
		return !slices.ContainsFunc(m.conference().Bands, func(b engine.BandStatus) bool { return b.Frames == 0 })
	})
	s := m.conference()
	large := map[string]int{}
	for _, v := range s.Views {
		for _, r := range v.Renditions {
			if r.Width != 1280 || r.Height != 720 || len(r.Bands) != 2 {
				t.Errorf("%s is %dx%d of bands %v", v.ID, r.Width, r.Height, r.Bands)
				continue
			}
			large[s.Bands[r.Bands[0]].Name]++
		}
	}
	if large["speaker"] != 3 || large["previous speaker"] != 1 || len(large) != 2 {
		t.Errorf("large bands are shared by %v", large)
	}
	for _, b := range s.Bands {
		if b.Width != 1280 || !slices.Contains([]int{592, 128}, b.Height) {
			t.Errorf("%+v", b)
		}
	}
	if n := m.node.Status().Totals["band_uneven_frames"]; n > 0 {
		t.Errorf("the black rows of bands were uneven %d times", n)
	}
}
