package stage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// meeting does random things to a stage.
type meeting struct {
	rng   *rand.Rand
	stage *Stage
	here  []string
	next  int
}

func newMeeting(seed uint64) *meeting {
	return &meeting{rng: rand.New(rand.NewPCG(seed, 1)), stage: New()}
}

// step does one random thing and returns its name.
func (m *meeting) step() string {
	pick := func() string { return m.here[m.rng.IntN(len(m.here))] }
	switch k := m.rng.IntN(10); {
	case len(m.here) == 0 || k == 0 && len(m.here) < 14:
		id := fmt.Sprint("p", m.next)
		m.next++
		m.here = append(m.here, id)
		m.stage.Join(id, m.rng.IntN(4) > 0)
		return "join " + id
	case k == 1 && m.rng.IntN(2) == 0:
		id := pick()
		m.here = slices.DeleteFunc(m.here, func(o string) bool { return o == id })
		m.stage.Leave(id)
		return "leave " + id
	case k == 2:
		id := pick()
		m.stage.SetVideo(id, m.rng.IntN(2) == 0)
		return "video " + id
	default:
		id := pick()
		m.stage.Speaker(id)
		if m.stage.Order()[0] != id {
			return "speaker is not first: " + id
		}
		return "speaker " + id
	}
}

func picture(order []string, receiver string, hidden bool, n int) string {
	return Main(order, receiver) + "/" + strings.Join(Thumbnails(order, receiver, hidden, n), ",")
}

func TestProperties(t *testing.T) {
	for seed := range uint64(60) {
		m := newMeeting(seed)
		n := []int{7, 7, 1, 3, 21}[seed%5]
		for range 300 {
			did := m.step()
			order := m.stage.Order()
			if len(order) != len(m.here) || len(slices.Compact(slices.Sorted(slices.Values(order)))) != len(order) {
				t.Fatalf("%s: order %v of %v", did, order, m.here)
			}
			shown := map[string]bool{}
			for _, receiver := range append(slices.Clone(order), "recorder") {
				main := Main(order, receiver)
				if main == receiver {
					t.Fatalf("%s: %s sees himself large", did, receiver)
				}
				if main == "" && len(order) > 1 {
					t.Fatalf("%s: %s sees nobody", did, receiver)
				}
				for _, hidden := range []bool{true, false} {
					list := Thumbnails(order, receiver, hidden, n)
					if len(list) > n {
						t.Fatalf("%s: %d thumbnails", did, len(list))
					}
					seen := map[string]bool{main: true}
					for _, id := range list {
						if seen[id] || id == "" {
							t.Fatalf("%s: %s sees %q twice: %s", did, receiver, id, picture(order, receiver, hidden, n))
						}
						seen[id] = true
						if hidden && id == receiver {
							t.Fatalf("%s: %s sees himself", did, receiver)
						}
					}
					want := len(order) - 1 // all but himself, or but the one seen large
					if hidden && slices.Contains(order, receiver) {
						want--
					}
					if len(list) != max(0, min(n, want)) {
						t.Fatalf("%s: %s has %d thumbnails, want %d of %d", did, receiver, len(list), want, len(order))
					}
				}
				shown[picture(order, receiver, false, n)] = true
			}
			if len(shown) > 2 {
				t.Fatalf("%s: %d pictures in shown mode", did, len(shown))
			}
		}
	}
}

// Those who stay on the strip keep their cell, of every receiver's strip. Only
// after somebody left without a successor may one move: from the outermost seat
// inwards.
func TestSeatsProperties(t *testing.T) {
	for seed := range uint64(60) {
		m := newMeeting(seed)
		strips := map[string]*Seats{}
		cells := map[string][]string{}
		moves := 0
		for range 300 {
			did := m.step()
			order := m.stage.Order()
			for _, receiver := range append(slices.Clone(m.here), "common") {
				s := strips[receiver]
				if s == nil {
					s = NewSeats(strip)
					strips[receiver] = s
				}
				ids := Thumbnails(order, receiver, true, 7)
				before := cells[receiver]
				s.Update(ids)
				now := s.Cells(7)
				cells[receiver] = now
				if now[0] != "" || !slices.Equal(sorted(now), sorted(ids)) {
					t.Fatalf("%s: cells %v for %v", did, now, ids)
				}
				if before == nil {
					continue
				}
				hole := false
				for _, cell := range strip {
					hole = hole || before[cell] == ""
				}
				for cell, id := range before {
					to := slices.Index(now, id)
					if id == "" || to < 0 || to == cell {
						continue
					}
					moves++
					if !hole || slices.Index(strip, to) > slices.Index(strip, cell) || before[to] != "" {
						t.Fatalf("%s: %s moves from %d to %d: %v to %v", did, id, cell, to, before, now)
					}
				}
			}
		}
		if moves > 100 {
			t.Errorf("%d moves", moves)
		}
	}
}

// sorted returns the ids without the empty ones.
func sorted(ids []string) []string {
	return slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })))
}

// The seats of a full strip have no holes; a strip that stays smaller loses its
// holes with the second change after the leave.
func TestHolesClose(t *testing.T) {
	m := newMeeting(5)
	s := NewSeats(strip)
	since := 0
	for range 5000 {
		m.step()
		before := row(s, 7)
		s.Update(Thumbnails(m.stage.Order(), "", false, 7))
		if row(s, 7) == before {
			continue
		}
		cells := s.Cells(7)
		hole, inside := false, false
		for _, cell := range strip {
			inside = inside || hole && cells[cell] != ""
			hole = hole || cells[cell] == ""
		}
		if since++; !inside {
			since = 0
		}
		if since > 3 {
			t.Fatalf("a hole inside for %d changes: %v", since, cells)
		}
	}
}

func TestDeterministic(t *testing.T) {
	run := func() string {
		m := newMeeting(11)
		s := NewSeats(strip)
		var log strings.Builder
		for range 500 {
			fmt.Fprintln(&log, m.step(), m.stage.Version(), m.stage.Order())
			s.Update(Thumbnails(m.stage.Order(), "p1", true, 7))
			fmt.Fprintln(&log, s.Cells(7))
		}
		return log.String()
	}
	if first, second := run(), run(); first != second {
		t.Error("two runs differ")
	}
}

func BenchmarkPictures(b *testing.B) {
	s := New()
	for i := range 100 {
		s.Join(fmt.Sprint(i), true)
	}
	order := s.Order()
	b.ReportAllocs()
	for b.Loop() {
		for _, id := range order {
			Main(order, id)
			Thumbnails(order, id, true, 7)
		}
	}
}
