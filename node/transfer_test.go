package node

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"parley/bus"
	"parley/codecs/fake"
	"parley/config"
	"parley/engine"
	"parley/node/journal"
	"parley/signaling"
)

func transferTo(id, alias, role string) bus.Command {
	return bus.Command{Action: bus.Transfer, Participant: id, Alias: alias, Role: role}
}

// enter joins a confirmed call, and returns the leg.
func enter(t *testing.T, h *host, alias, offer string) *leg {
	t.Helper()
	id, _, err := h.Join(t.Context(), caller(alias), []byte(offer))
	if err != nil {
		t.Fatal(err)
	}
	h.Control(id, signaling.Command{Kind: signaling.CommandConfirm})
	return h.leg(id)
}

// Whoever may not go where he is to go stays where he is, and is told why.
func TestRefusedTransfers(t *testing.T) {
	h := testHost(t, nil)
	l := enter(t, h, "weekly", plainOffer)
	id := l.stay.Load().id
	enter(t, h, "small", plainOffer)
	enter(t, h, "meet-locked", plainOffer)
	h.engine.Conference("meet-locked").Lock(true)
	late, _, err := h.Join(t.Context(), caller("weekly"), nil) // nothing is agreed with him yet
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ id, alias, role, says string }{
		{id, "nobody", "", `nothing here is called "nobody"`},
		{id, "", "", "nothing here is called"},
		{id, "meet-locked", "", "the conference is locked"},
		{id, "small", "", "the conference is full"},
		{id, "WEEKLY@any.example", "", "in Weekly already"},
		{id, "meet", "king", `role "king"`},
		{"nobody", "meet", "", "no such participant"},
		{string(late), "meet", "", "no such participant"},
	} {
		if err := h.moderate(transferTo(test.id, test.alias, test.role)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("to %q as %q: %v, want %s", test.alias, test.role, err, test.says)
		}
	}
	if l.engine.Conference() != h.engine.Conference("Weekly") || l.stay.Load().id != id || *l.role.Load() != roleHost || h.staysAs(id) != l {
		t.Error("he is not where he was")
	}
	if h.engine.Conference("meet") != nil || len(h.engine.Conference("meet-locked").Legs()) != 1 {
		t.Error("a refused transfer left something behind")
	}
}

// A guest is muted in a room whose guests are; in another he is heard again.
func TestTransferredGuest(t *testing.T) {
	h := testHost(t, nil)
	l := enter(t, h, "weekly", plainOffer)
	enter(t, h, "meet", plainOffer)
	quiet := h.engine.Conference("meet").ID()
	if err := h.moderateConference(bus.Command{Action: bus.MuteGuests, Conference: quiet}); err != nil {
		t.Fatal(err)
	}
	first := l.stay.Load().id
	for _, step := range []struct {
		alias, role string
		muted       bool
		want        string
	}{{"meet", roleGuest, true, roleGuest}, {"weekly", "", false, roleGuest}, {"meet", roleHost, false, roleHost}} {
		if err := h.moderate(transferTo(l.stay.Load().id, step.alias, step.role)); err != nil {
			t.Fatal(err)
		}
		if s := l.engine.Status(); s.Muted != step.muted || *l.role.Load() != step.want {
			t.Errorf("in %s: muted %v, %s", step.alias, s.Muted, *l.role.Load())
		}
	}
	if err := h.moderate(transferTo(first, "weekly", "")); err == nil {
		t.Error("he is still known by the id that he had first")
	}
}

// Where the other room's pictures are larger, what they cost more must be there.
// What adds nothing always fits.
func TestTransferNeedsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // promises last as long as the test
		for _, test := range []struct {
			from, to   string
			processors float64
			fits       bool
		}{{"little", "meet", 0.25, false}, {"little", "meet", 1, true}, {"meet", "meet-others", roomForOnePicture, true}} {
			h, _ := loadedHost(t, test.processors)
			d := config.DefaultDeployment()
			sd := "sd"
			d.AddRoom("Little").MaxPixelsPerSecond = &sd
			h.directory.Store(d.Directory())
			offer := strings.Replace(withVideo(1, "sendrecv"), "packetization", "level-asymmetry-allowed=1;packetization", 1)
			l := enter(t, h, test.from, offer)
			err := h.moderate(transferTo(l.stay.Load().id, test.to, ""))
			if (err == nil) != test.fits || err != nil && !strings.Contains(err.Error(), "at its capacity") {
				t.Errorf("%+v: %v", test, err)
			}
			if in := l.engine.Conference() == h.engine.Conference(test.to); in != test.fits {
				t.Errorf("%+v: he is in the other room: %v", test, in)
			}
		}
	})
}

// One who is transferred before his call is confirmed takes his share when it is.
func TestTransferBeforeTheCallIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // promises last as long as the test
		h, _ := loadedHost(t, roomForOnePicture)
		id, _, err := h.Join(t.Context(), caller("meet"), []byte(withVideo(1, "sendrecv")))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.moderate(transferTo(string(id), "meet-others", "")); err != nil {
			t.Fatal(err)
		}
		h.Control(id, signaling.Command{Kind: signaling.CommandConfirm})
		if _, _, err := h.Join(t.Context(), caller("meet-third"), []byte(withVideo(1, "sendrecv"))); err == nil {
			t.Error("there was room for one picture only")
		}
	})
}

// onMessage does something when a message is logged, whatever else becomes of it.
type onMessage struct {
	slog.Handler
	message string
	do      func()
}

func (o *onMessage) Enabled(context.Context, slog.Level) bool { return true }
func (o *onMessage) WithAttrs([]slog.Attr) slog.Handler       { return o }
func (o *onMessage) Handle(_ context.Context, r slog.Record) error {
	if r.Message == o.message && o.do != nil {
		o.do()
	}
	return nil
}

// Whoever hangs up, or is transferred again, while he is transferred leaves
// nothing behind, and the history has his stays one after the other.
func TestTransferMeetsTheEnd(t *testing.T) {
	h := testHost(t, nil)
	hook := &onMessage{Handler: slog.DiscardHandler, message: "participant left"}
	h.engine = engine.New(engine.Config{Codecs: fake.Codecs(), Manual: true, Log: slog.New(hook)})
	defer h.engine.Close()
	written, err := journal.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	h.chronicle = newChronicle(written, slog.New(slog.DiscardHandler))
	for range 300 {
		l := enter(t, h, "weekly", plainOffer)
		id := l.participant.ID
		midst, once := make(chan struct{}), sync.Once{}
		hook.do = func() { once.Do(func() { close(midst) }) } // before anybody may move him
		var all sync.WaitGroup
		moved := make([]bool, 2)
		for i, alias := range []string{"meet", "small"} {
			all.Go(func() { moved[i] = h.moderate(transferTo(id, alias, "")) == nil })
		}
		all.Go(func() {
			<-midst
			h.Leave(signaling.LegID(id), "hung up")
		})
		all.Wait()
		if moved[0] && moved[1] {
			t.Fatal("he was transferred twice from one room")
		}
		if len(h.legs) != 0 || len(h.staying) != 0 || len(h.chronicle.running) != 0 || h.engine.Participants() != 0 {
			t.Fatalf("left behind: %d legs, %d stays, %d conferences, %d in the engine",
				len(h.legs), len(h.staying), len(h.chronicle.running), h.engine.Participants())
		}
		want := 2 // his stay, and the conference
		if moved[0] || moved[1] {
			want = 4
		}
		records := written.Waiting(10, 1<<20)
		if len(records) != want {
			t.Fatalf("%d records, want %d", len(records), want)
		}
		for i, r := range records {
			var p bus.EndedParticipant
			if i%2 == 1 {
				if r.Kind != bus.RecordConference {
					t.Fatalf("record %d is a %s", i, r.Kind)
				}
				continue
			}
			if err := json.Unmarshal(r.Body, &p); err != nil || r.Kind != bus.RecordParticipant {
				t.Fatalf("record %d is a %s: %v", i, r.Kind, err)
			}
			if last := i == len(records)-2; (p.ID == id) != (i == 0) || p.CallUUID != id || (p.Reason == "hung up") != last {
				t.Fatalf("record %d of %d: %+v", i, len(records), p)
			}
		}
		if err := written.Acknowledge(records[len(records)-1].Number); err != nil {
			t.Fatal(err)
		}
	}
}
