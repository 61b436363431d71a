package stage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// nine returns a stage of A to I, who joined in that order with video and spoke
// as the string says.
func nine(spoke string) *Stage {
	s := New()
	for _, id := range "ABCDEFGHI" {
		s.Join(string(id), true)
	}
	for _, id := range spoke {
		s.Speaker(string(id))
	}
	return s
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *Stage)
		want string
	}{
		{"nobody has spoken", func(*Stage) {}, "ABCDEFGHI"},
		{"first speaker", func(s *Stage) { s.Speaker("D") }, "DABCEFGHI"},
		{"the one in front speaks first", func(s *Stage) { s.Speaker("A"); s.Speaker("D") }, "DABCEFGHI"},
		{"by recency", func(s *Stage) { s.Speaker("D"); s.Speaker("A"); s.Speaker("G"); s.Speaker("D") }, "DGABCEFHI"},
		{"the same again", func(s *Stage) { s.Speaker("D"); s.Speaker("D") }, "DABCEFGHI"},
		{"unknown speakers", func(s *Stage) { s.Speaker("D"); s.Speaker(""); s.Speaker("X") }, "DABCEFGHI"},
		{"speaker leaves", func(s *Stage) { s.Speaker("C"); s.Speaker("D"); s.Leave("D") }, "CABEFGHI"},
		{"leaver comes back as a newcomer", func(s *Stage) { s.Speaker("D"); s.Leave("D"); s.Join("D", true) }, "ABCEFGHID"},
		{"unknown leaver", func(s *Stage) { s.Leave("X") }, "ABCDEFGHI"},
		{"joins twice", func(s *Stage) { s.Join("C", true) }, "ABCDEFGHI"},
		{"audio only goes behind", func(s *Stage) { s.SetVideo("B", false); s.SetVideo("E", false) }, "ACDFGHIBE"},
		{"and comes back to his place", func(s *Stage) { s.SetVideo("B", false); s.SetVideo("B", true) }, "ABCDEFGHI"},
		{"joins again without video", func(s *Stage) { s.Join("B", false) }, "ACDEFGHIB"},
		{"audio only who spoke is like everybody", func(s *Stage) { s.SetVideo("B", false); s.Speaker("B"); s.Speaker("A") }, "ABCDEFGHI"},
		{"a speaker loses his video", func(s *Stage) { s.Speaker("B"); s.SetVideo("B", false) }, "BACDEFGHI"},
		{"joins with and without video", func(s *Stage) { s.Join("x", false); s.Join("y", true) }, "ABCDEFGHIyx"},
	} {
		s := nine("")
		c.do(s)
		if got := strings.Join(s.Order(), ""); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestVersionCountsChangesOfOrder(t *testing.T) {
	s := nine("")
	for _, c := range []struct {
		name    string
		do      func()
		changes bool
	}{
		{"the first in order speaks", func() { s.Speaker("A") }, false},
		{"another speaks", func() { s.Speaker("B") }, true},
		{"again", func() { s.Speaker("B") }, false},
		{"unknown", func() { s.Speaker("X"); s.Leave("X"); s.SetVideo("X", true) }, false},
		{"a speaker's video", func() { s.SetVideo("A", false) }, false},
		{"a listener's video", func() { s.SetVideo("C", false) }, true},
		{"the last one's", func() { s.SetVideo("C", false) }, false},
		{"leaves", func() { s.Leave("E") }, true},
		{"joins", func() { s.Join("E", true) }, true},
	} {
		before := s.Version()
		c.do()
		if s.Version() != before && !c.changes || s.Version() == before && c.changes {
			t.Errorf("%s: version from %d to %d", c.name, before, s.Version())
		}
	}
}

// What the nine see after a scripted discussion, as main/thumbnails.
func TestNineCallers(t *testing.T) {
	for _, c := range []struct {
		spoke    string
		receiver string
		hidden   string
		shown    string
	}{
		{"", "A", "B/CDEFGHI", "B/ACDEFGH"},
		{"", "B", "A/CDEFGHI", "A/BCDEFGH"},
		{"", "I", "A/BCDEFGH", "A/BCDEFGH"},
		{"", "recorder", "A/BCDEFGH", "A/BCDEFGH"},
		{"C", "C", "A/BDEFGHI", "A/CBDEFGH"},
		{"C", "A", "C/BDEFGHI", "C/ABDEFGH"},
		{"C", "H", "C/ABDEFGI", "C/ABDEFGH"},
		{"C", "I", "C/ABDEFGH", "C/ABDEFGH"},
		{"CI", "I", "C/ABDEFGH", "C/IABDEFG"},
		{"CI", "C", "I/ABDEFGH", "I/CABDEFG"},
		{"CI", "G", "I/CABDEFH", "I/CABDEFG"},
		{"CI", "H", "I/CABDEFG", "I/CABDEFG"},
		{"ABCDEFGHI", "I", "H/GFEDCBA", "H/IGFEDCB"},
		{"ABCDEFGHI", "H", "I/GFEDCBA", "I/HGFEDCB"},
		{"ABCDEFGHI", "A", "I/HGFEDCB", "I/HGFEDCB"},
		{"ABCDEFGHIA", "A", "I/HGFEDCB", "I/AHGFEDC"},
		{"ABCDEFGHIA", "B", "A/IHGFEDC", "A/IHGFEDC"},
	} {
		order := nine(c.spoke).Order()
		see := func(hidden bool) string {
			return Main(order, c.receiver) + "/" + strings.Join(Thumbnails(order, c.receiver, hidden, 7), "")
		}
		if got := see(true); got != c.hidden {
			t.Errorf("spoke %q: %s sees %s, want %s (hidden)", c.spoke, c.receiver, got, c.hidden)
		}
		if got := see(false); got != c.shown {
			t.Errorf("spoke %q: %s sees %s, want %s (shown)", c.spoke, c.receiver, got, c.shown)
		}
	}
}

func TestSmallConferences(t *testing.T) {
	for _, c := range []struct {
		order, receiver string
		main            string
		hidden, shown   string
	}{
		{"", "A", "", "", ""},
		{"A", "A", "", "", ""},
		{"A", "recorder", "A", "", ""},
		{"AB", "A", "B", "", "A"},
		{"AB", "B", "A", "", "B"},
		{"AB", "recorder", "A", "B", "B"},
		{"ABC", "A", "B", "C", "AC"},
		{"ABC", "B", "A", "C", "BC"},
	} {
		var order []string
		for _, id := range c.order {
			order = append(order, string(id))
		}
		main := Main(order, c.receiver)
		hidden := strings.Join(Thumbnails(order, c.receiver, true, 7), "")
		shown := strings.Join(Thumbnails(order, c.receiver, false, 7), "")
		if main != c.main || hidden != c.hidden || shown != c.shown {
			t.Errorf("%s of %q sees %s, hidden %q, shown %q", c.receiver, c.order, main, hidden, shown)
		}
		if got := Thumbnails(order, c.receiver, true, 0); got != nil {
			t.Errorf("no thumbnails: %v", got)
		}
	}
}

func TestThumbnailsLeaveOrderAlone(t *testing.T) {
	order := nine("C").Order()
	want := slices.Clone(order)
	for _, hidden := range []bool{false, true} {
		list := Thumbnails(order, "C", hidden, 7)
		clear(list)
		_ = append(list, "x")
	}
	if !slices.Equal(order, want) {
		t.Error(order)
	}
}

func TestMore(t *testing.T) {
	for _, c := range [][3]int{{0, 7, 0}, {1, 7, 0}, {8, 7, 0}, {9, 7, 1}, {100, 7, 92}, {3, 0, 2}, {22, 21, 0}} {
		if got := More(c[0], c[1]); got != c[2] {
			t.Errorf("More(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func BenchmarkSpeaker(b *testing.B) {
	for _, n := range []int{8, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := New()
			ids := make([]string, n)
			for i := range ids {
				ids[i] = fmt.Sprint(i)
				s.Join(ids[i], true)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				s.Speaker(ids[i%n])
			}
		})
	}
}
