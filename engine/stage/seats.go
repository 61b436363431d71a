package stage

import "slices"

// Seats is a stable assignment of participants to the thumbnail cells of a
// layout.
//
// The rule: who stays keeps his cell; a newcomer takes the free seat nearest to
// the front of the seat order. A leaver without a successor leaves a hole, which
// waits one change for a newcomer; if the next change does not fill it either,
// the one on the outermost seat moves into it, so that the strip stays centred.
// Nobody moves while as many come as go.
type Seats struct {
	order []int    // cell index of every seat, the seat to fill first in front
	ids   []string // who sits there, "" = free
	old   []bool   // free since before the last change
}

// NewSeats returns empty seats. order is the cell index of every seat, the one
// to fill first in front: {4, 3, 5, 2, 6, 1, 7} fills a strip of seven from the
// middle out.
func NewSeats(order []int) *Seats {
	return &Seats{order: slices.Clone(order), ids: make([]string, len(order)), old: make([]bool, len(order))}
}

// Update seats ids, the most recent first, as Thumbnails returns them. Those
// beyond the number of seats, "" and repeated ids get none. An update that
// names the same people, in whatever order, changes nothing.
func (s *Seats) Update(ids []string) {
	ids = ids[:min(len(ids), len(s.ids))]
	same := true
	for i, id := range s.ids {
		if id != "" && !slices.Contains(ids, id) {
			s.ids[i] = ""
			same = false
		}
	}
	for _, id := range ids {
		if id == "" || slices.Contains(s.ids, id) {
			continue
		}
		i := slices.Index(s.ids, "")
		s.ids[i] = id // there is one: no more ids than seats
		same = false
	}
	if same {
		return
	}
	last := len(s.ids) - 1
	for i := range s.ids {
		if s.ids[i] != "" || !s.old[i] {
			continue
		}
		for last > i && s.ids[last] == "" {
			last--
		}
		if last <= i {
			break
		}
		s.ids[i], s.ids[last] = s.ids[last], ""
	}
	for i := range s.ids {
		s.old[i] = s.ids[i] == ""
	}
}

// Clone returns an independent copy: the start of a strip that differs from the
// common one in one place.
func (s *Seats) Clone() *Seats {
	return &Seats{order: s.order, ids: slices.Clone(s.ids), old: slices.Clone(s.old)}
}

// Cells returns the id in every cell of a layout with n thumbnails, "" = empty.
// Its length is n+1; cell 0 is the main picture's and always "".
func (s *Seats) Cells(n int) []string {
	cells := make([]string, n+1)
	for i, cell := range s.order {
		if cell > 0 && cell <= n {
			cells[cell] = s.ids[i]
		}
	}
	return cells
}
