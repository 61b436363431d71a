package stage

import (
	"slices"
	"strings"
	"testing"
)

var strip = []int{4, 3, 5, 2, 6, 1, 7}

// row returns the cells 1 to n as a string, '.' = empty.
func row(s *Seats, n int) string {
	var b strings.Builder
	for _, id := range s.Cells(n)[1:] {
		if id == "" {
			id = "."
		}
		b.WriteString(id)
	}
	return b.String()
}

func TestSeats(t *testing.T) {
	type step struct{ ids, want string }
	for name, steps := range map[string][]step{
		"from the middle out":       {{"", "......."}, {"A", "...A..."}, {"AB", "..BA..."}, {"ABC", "..BAC.."}, {"ABCDEFG", "FDBACEG"}},
		"at once":                   {{"ABCDE", ".DBACE."}},
		"order of ids is no matter": {{"ABC", "..BAC.."}, {"CBA", "..BAC.."}},
		"a turn takes the seat of the one who became large": {{"ABCDEFG", "FDBACEG"}, {"XABCEFG", "FXBACEG"}, {"DXABCEF", "FXBACED"}},
		"a hole waits for one change":                       {{"ABCDE", ".DBACE."}, {"BCDE", ".DB.CE."}, {"BCDE", ".DB.CE."}, {"BCD", "..BDC.."}},
		"a newcomer takes the hole":                         {{"ABCDE", ".DBACE."}, {"BCDE", ".DB.CE."}, {"XBCDE", ".DBXCE."}},
		"the outermost moves into an old hole":              {{"ABCDE", ".DBACE."}, {"BCDE", ".DB.CE."}, {"XCDE", ".D.XCE."}, {"YCDE", ".DEYC.."}},
		"two old holes":                                     {{"ABCDEFG", "FDBACEG"}, {"CDEFG", "FD..CEG"}, {"CDEF", ".DEFC.."}},
		"no hole where the outermost leaves":                {{"ABC", "..BAC.."}, {"AB", "..BA..."}, {"ABX", "..BAX.."}},
		"all leave":                                         {{"ABC", "..BAC.."}, {"", "......."}, {"X", "...X..."}},
		"too many, empty and repeated get nothing":          {{"AABBCC", "..BAC.."}, {"ABCDEFGHI", "FDBACEG"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSeats(strip)
			for i, c := range steps {
				s.Update(strings.Split(c.ids, ""))
				if got := row(s, 7); got != c.want {
					t.Fatalf("step %d: %s: %s, want %s", i, c.ids, got, c.want)
				}
			}
		})
	}
}

func TestSeatsClone(t *testing.T) {
	s := NewSeats(strip)
	s.Update([]string{"A", "B", "C"})
	c := s.Clone()
	c.Update([]string{"A", "X", "C"})
	if row(s, 7) != "..BAC.." || row(c, 7) != "..XAC.." {
		t.Errorf("%s and %s", row(s, 7), row(c, 7))
	}
	s.Update([]string{"A"})
	if row(c, 7) != "..XAC.." {
		t.Error(row(c, 7))
	}
}

func TestSeatsCells(t *testing.T) {
	s := NewSeats([]int{2, 1, 9, 0, -1})
	s.Update([]string{"A", "B", "C", "D", "E"})
	if got := s.Cells(3); !slices.Equal(got, []string{"", "B", "A", ""}) {
		t.Error(got)
	}
	if got := NewSeats(nil).Cells(0); len(got) != 1 {
		t.Error(got)
	}
}

func BenchmarkSeats(b *testing.B) {
	s := NewSeats(strip)
	order := nine("").Order()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		s.Update(order[i%3 : i%3+6])
	}
}
