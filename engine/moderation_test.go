package engine

import (
	"errors"
	"testing"

	"parley/codecs"
	"parley/codecs/fake"
	"parley/composer"
)

func TestLockedConferenceTakesNobody(t *testing.T) {
	e := newEngine(t)
	cfg := testConfig("locked", OwnHidden)
	p := join(t, e, cfg, 0)
	defer p.close()
	c := e.Conference("locked")
	c.Lock(true)
	if err := e.HasRoom(cfg, LegConfig{}); !errors.Is(err, ErrLocked) {
		t.Errorf("room in a locked conference: %v", err)
	}
	if _, err := e.Join(cfg, LegConfig{ID: "late"}); !errors.Is(err, ErrLocked) {
		t.Errorf("joined a locked conference: %v", err)
	}
	if !e.Status().Conferences[0].Locked {
		t.Error("the status does not tell")
	}
	c.Lock(false)
	q := join(t, e, cfg, 1)
	q.close()
}

// Everybody's picture takes another layout and, later, the first one again;
// whoever was large stays large.
func TestLayoutChanges(t *testing.T) {
	e := newEngine(t)
	var phones []*phone
	for i := range 3 {
		phones = append(phones, join(t, e, testConfig("layouts", OwnHidden), i))
	}
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	c := e.Conference("layouts")
	speak(c, "B")
	// sees tells who is in the middle of the first cell of a layout.
	main := func(p *phone, l *composer.Layout) rune {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.picture == nil {
			return '?'
		}
		r := l.Resolve(p.picture.Width, p.picture.Height)[0]
		x, y := r.X+r.W/2, r.Y+r.H/3
		return nearest([3]byte{
			p.picture.Y[y*p.picture.StrideY+x], p.picture.U[y/2*p.picture.StrideUV+x/2], p.picture.V[y/2*p.picture.StrideUV+x/2],
		})
	}
	seven, _ := composer.Find(composer.OneMainSevenPips)
	grid, ok := composer.Find("four_by_four_speaker")
	if !ok {
		t.Fatal("there is no second layout")
	}
	for _, l := range []*composer.Layout{seven, grid, seven} {
		c.SetLayout(l)
		drive(t, c, phones, "A and C see B large in "+l.Name, func() bool {
			return c.pictures.layout == l && main(phones[0], l) == 'B' && main(phones[2], l) == 'B' && main(phones[1], l) != 'B'
		})
		if s := e.Status().Conferences[0]; s.Layout != l.Name {
			t.Errorf("the status tells of %s", s.Layout)
		}
	}
}

func TestNobodyHearsTheMuted(t *testing.T) {
	h := newHall(t, fake.Codecs())
	h.crowd(t, fake.Codecs(), 3, codecs.PCMU, false)
	for range 50 {
		h.next()
	}
	legs := h.conference.Legs()
	heard := func(l *Leg) bool { return l.audio.Load().input.Active }
	if !heard(legs[0]) {
		t.Fatal("nothing is heard at all")
	}
	legs[0].Mute(true)
	h.next()
	if heard(legs[0]) {
		t.Error("the muted one is heard")
	}
	if !heard(legs[1]) {
		t.Error("another one is not")
	}
	legs[0].Mute(false)
	h.next()
	if !heard(legs[0]) {
		t.Error("he is not heard again")
	}
}
