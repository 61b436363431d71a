package engine

import (
	"errors"
	"testing"
)

// One who is moved is seen in the other conference and sees who is there, on the
// stream that he had; in the first one he is seen no more.
func TestMove(t *testing.T) {
	e := newEngine(t)
	first, second := testConfig("first", OwnHidden), testConfig("second", OwnHidden)
	var phones []*phone
	for i := range 3 {
		phones = append(phones, join(t, e, first, i))
	}
	phones = append(phones, join(t, e, second, 3))
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	a, b, c, d := phones[0], phones[1], phones[2], phones[3]
	speak(e.Conference("first"), "B")
	drive(t, e.Conference("first"), phones, "A sees B and C", func() bool { return sees(a, "B", "C") && sees(c, "B", "A") })
	ssrc := b.leg.video.Load().stream.LocalSSRC()
	before := b.leg.Status()
	old := b.leg

	moved, err := e.Move(old, second, *old.config.Load())
	if err != nil {
		t.Fatal(err)
	}
	b.leg = moved
	if moved.Conference() != e.Conference("second") || len(e.Conference("first").Legs()) != 2 || len(e.Conference("second").Legs()) != 2 {
		t.Fatal("he is not where he should be")
	}
	if s := moved.Status(); s.Video.RxPackets > before.Video.RxPackets/2 {
		t.Errorf("%d packets are counted of him already, after %d in the first conference", s.Video.RxPackets, before.Video.RxPackets)
	}
	if got := moved.video.Load().stream.LocalSSRC(); got != ssrc {
		t.Errorf("SSRC %d, was %d", got, ssrc)
	}
	drive(t, e.Conference("first"), phones, "A and C see each other", func() bool { return sees(a, "C", "") && sees(c, "A", "") })
	drive(t, e.Conference("second"), phones, "B and D see each other", func() bool { return sees(b, "D", "") && sees(d, "B", "") })
	b.mu.Lock()
	if b.jumps > 0 {
		t.Errorf("timestamps jumped %d times", b.jumps)
	}
	b.mu.Unlock()
	old.Close() // does nothing any more
	if len(e.Conference("second").Legs()) != 2 {
		t.Error("the old leg took the new one along")
	}

	// Nothing changes where there is no way.
	for _, test := range []struct {
		leg  *Leg
		to   string
		want error
	}{{moved, "second", ErrThere}, {old, "first", ErrClosed}, {a.leg, "second", ErrLocked}} {
		e.Conference("second").Lock(errors.Is(test.want, ErrLocked))
		if _, err := e.Move(test.leg, testConfig(test.to, OwnHidden), *test.leg.config.Load()); !errors.Is(err, test.want) {
			t.Errorf("to %s: %v, want %v", test.to, err, test.want)
		}
	}
	if _, err := e.Move(a.leg, testConfig("third", OwnHidden), LegConfig{ID: "A", Video: &VideoConfig{Codec: "VP9"}}); err == nil || e.Conference("third") != nil {
		t.Errorf("with a codec that there is not: %v", err)
	}
	drive(t, e.Conference("first"), phones, "A is still seen", func() bool { return sees(c, "A", "") })

	// The last one to go ends the conference that he leaves.
	for _, p := range []*phone{a, c} {
		to, err := e.Move(p.leg, testConfig("third", OwnHidden), *p.leg.config.Load())
		if err != nil {
			t.Fatal(err)
		}
		p.leg = to
	}
	if e.Conference("first") != nil || e.Participants() != 4 {
		t.Errorf("first is %v, %d participants", e.Conference("first"), e.Participants())
	}
	drive(t, e.Conference("third"), phones, "A and C see each other again", func() bool { return sees(a, "C", "") && sees(c, "A", "") })
}

// What his network bears and what he asked for stays when he is moved.
func TestMoveKeepsTheRung(t *testing.T) {
	e := newEngine(t)
	p := join(t, e, testConfig("first", OwnHidden), 0)
	defer p.close()
	p.leg.video.Load().bitrateRequested(300_000)
	before, _ := p.leg.video.Load().rung()
	moved, err := e.Move(p.leg, testConfig("second", OwnHidden), *p.leg.config.Load())
	if err != nil {
		t.Fatal(err)
	}
	p.leg = moved
	if after, _ := moved.video.Load().rung(); after != before || ladder[after].Bitrate > 300_000 {
		t.Errorf("rung %d with %d bit/s, was %d", after, ladder[after].Bitrate, before)
	}
	drive(t, moved.Conference(), []*phone{p}, "a small picture comes", func() bool {
		_, width, _ := p.shows()
		return width == ladder[before].Width
	})
}
