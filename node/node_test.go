package node

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley/codecs/fake"
	"parley/config"
	"parley/engine"
	"parley/engine/load"
	"parley/signaling"
	"parley/signaling/sdp"
)

func testHost(t *testing.T, change func(*config.Config)) *host {
	t.Helper()
	c, d := config.Default(), config.DefaultDeployment()
	d.AddRoom("Weekly", "weekly", "board@example.com")
	one := 1
	d.AddRoom("Small").ParticipantLimit = &one
	if change != nil {
		change(&c)
	}
	e := engine.New(engine.Config{Codecs: fake.Codecs(), Manual: true, Log: slog.New(slog.DiscardHandler)})
	h := newHost(e, c, slog.New(slog.DiscardHandler))
	h.directory.Store(d.Directory())
	t.Cleanup(func() {
		h.close()
		e.Close()
	})
	return h
}

func TestServiceBehindAnAlias(t *testing.T) {
	h := testHost(t, nil)
	for alias, want := range map[string]string{
		"weekly": "Weekly", "WEEKLY": "Weekly", "weekly@any.example": "Weekly", "board@example.com": "Weekly",
		"small": "Small", "meet": "meet", "meet-tomorrow@parley.example": "meet-tomorrow",
		"board": "", "board@other.example": "", "nobody": "", "": "",
	} {
		got, ok := service(h.directory.Load(), alias)
		if ok != (want != "") || got.Name != want {
			t.Errorf("%q leads to %q, want %q", alias, got.Name, want)
		}
		if h.Answers(alias) != ok {
			t.Errorf("%q: Answers and service disagree", alias)
		}
	}
	if c, _ := service(h.directory.Load(), "weekly"); c.MaxHeight != 720 || c.Layout == nil || c.OwnThumbnail != engine.OwnAuto {
		t.Errorf("%+v", c)
	}
}

const plainOffer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

func caller(alias string) signaling.Participant {
	return signaling.Participant{LocalAlias: alias, LocalAddress: "127.0.0.1", RemoteAddress: "127.0.0.1:5060", Protocol: "sip"}
}

func TestRefusals(t *testing.T) {
	h := testHost(t, func(c *config.Config) { c.MaxParticipants = 2 })
	refused := func(what string, code signaling.Code, alias, offer string) {
		t.Helper()
		_, _, err := h.Join(t.Context(), caller(alias), []byte(offer))
		var r *signaling.Refusal
		if !errors.As(err, &r) || r.Code != code || r.Reason == "" {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	refused("unknown", signaling.CodeUnknownAlias, "nobody", plainOffer)
	refused("malformed", signaling.CodeBadSDP, "meet", "v=0\r\nnonsense\r\n")
	refused("no codec", signaling.CodeNoCodec, "meet", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n")
	small, _, err := h.Join(t.Context(), caller("small"), []byte(plainOffer))
	if err != nil {
		t.Fatal(err)
	}
	refused("full conference", signaling.CodeConferenceFull, "small", plainOffer)
	if _, _, err := h.Join(t.Context(), caller("small"), nil); err == nil {
		t.Error("a full conference made an offer")
	}
	if _, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer)); err != nil {
		t.Fatal(err)
	}
	refused("full node", signaling.CodeNoCapacity, "meet", plainOffer)
	h.Leave(small, "done")
	h.Leave(small, "done")
	if _, _, err := h.Join(t.Context(), caller("small"), []byte(plainOffer)); err != nil {
		t.Errorf("after one left: %v", err)
	}
}

func TestRefusalOfErrors(t *testing.T) {
	for err, want := range map[error]signaling.Code{
		fmt.Errorf("x: %w", &sdp.ParseError{Line: 3, Reason: "bad"}): signaling.CodeBadSDP,
		sdp.ErrState:           signaling.CodeBadState,
		sdp.ErrMismatch:        signaling.CodeBadSDP,
		sdp.ErrNoCommonCodec:   signaling.CodeNoCodec,
		sdp.ErrTransport:       signaling.CodeNoTransport,
		sdp.ErrAddress:         signaling.CodeNoAddress,
		engine.ErrFull:         signaling.CodeConferenceFull,
		&load.NoRoom{Needs: 1}: signaling.CodeNoCapacity,
		errors.New("whatever"): signaling.CodeInternal,
	} {
		if got := refusal(err); got.Code != want {
			t.Errorf("%v: %s, want %s", err, got.Code, want)
		}
	}
}

// A leg from which nothing comes is ended, once it is confirmed and not before.
func TestSilentLegIsReaped(t *testing.T) {
	h := testHost(t, func(c *config.Config) { c.Media.SilenceTimeout = 10 * time.Second })
	id, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer))
	if err != nil {
		t.Fatal(err)
	}
	events := h.Events(id)
	h.reap(time.Now().Add(50 * time.Second))
	h.Control(id, signaling.Command{Kind: signaling.CommandConfirm})
	h.reap(time.Now().Add(5 * time.Second))
	select {
	case e := <-events:
		t.Fatalf("ended too early: %+v", e)
	default:
	}
	h.reap(time.Now().Add(time.Minute))
	select {
	case e := <-events:
		if e.Kind != signaling.EventEnd || e.Reason == "" {
			t.Errorf("%+v", e)
		}
	default:
		t.Error("not ended")
	}
	h.Leave(id, "done")
	if _, open := <-events; open {
		t.Error("events go on after the leg has left")
	}
}

// An offer of ours that the far end refused is taken back; until then an offer
// of his is out of turn, and never mistaken for an answer.
func TestRefusedOfferIsRolledBack(t *testing.T) {
	h := testHost(t, nil)
	id, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer))
	if err != nil {
		t.Fatal(err)
	}
	change := func(kind signaling.ChangeKind, body string) ([]byte, error) {
		return h.Change(t.Context(), id, kind, []byte(body))
	}
	if offer, err := change(signaling.ChangeWant, ""); err != nil || len(offer) == 0 {
		t.Fatalf("%q, %v", offer, err)
	}
	var r *signaling.Refusal
	if _, err := change(signaling.ChangeOffer, plainOffer); !errors.As(err, &r) || r.Code != signaling.CodeBadState {
		t.Errorf("an offer across ours: %v", err)
	}
	if _, err := change(signaling.ChangeRollback, ""); err != nil {
		t.Fatal(err)
	}
	if answer, err := change(signaling.ChangeOffer, plainOffer); err != nil || len(answer) == 0 {
		t.Errorf("after the rollback: %q, %v", answer, err)
	}
}

// A leg whose call was never confirmed, or whose signalling does not end it,
// does not stay.
func TestForgottenLegsGo(t *testing.T) {
	h := testHost(t, func(c *config.Config) { c.Media.SilenceTimeout = 10 * time.Second })
	for range 2 {
		if _, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer)); err != nil {
			t.Fatal(err)
		}
	}
	for id := range h.legs {
		h.Control(id, signaling.Command{Kind: signaling.CommandConfirm})
		break
	}
	now := time.Now()
	if h.reap(now.Add(30 * time.Second)); len(h.legs) != 2 {
		t.Errorf("%d legs after 30 s", len(h.legs))
	}
	if h.reap(now.Add(70 * time.Second)); len(h.legs) != 1 {
		t.Errorf("%d legs after 70 s: the unconfirmed one should have gone", len(h.legs))
	}
	if h.reap(now.Add(100 * time.Second)); len(h.legs) != 0 || h.engine.Participants() != 0 {
		t.Errorf("%d legs after 100 s: the silent one, told at 30 s, should have gone", len(h.legs))
	}
}

func TestMediaAddresses(t *testing.T) {
	six := strings.ReplaceAll(strings.ReplaceAll(plainOffer, "IP4", "IP6"), "127.0.0.1", "::1")
	for _, c := range []struct {
		name, configured, arrived, offer, listen, public string
	}{
		{"as it arrived", "", "127.0.0.1", plainOffer, "127.0.0.1", "127.0.0.1"},
		{"public address", "203.0.113.5", "127.0.0.1", plainOffer, "127.0.0.1", "203.0.113.5"},
		{"public address of the other family", "203.0.113.5", "::1", six, "::1", "::1"},
		{"offer of the other family", "", "::1", plainOffer, "127.0.0.1", "127.0.0.1"},
		{"arrived elsewhere", "", "192.0.2.77", plainOffer, "127.0.0.1", "127.0.0.1"},
		{"no offer", "", "127.0.0.1", "", "127.0.0.1", "127.0.0.1"},
	} {
		p := signaling.Participant{LocalAddress: c.arrived, RemoteAddress: "127.0.0.1:5060"}
		listen, public, err := mediaAddresses(c.configured, p, []byte(c.offer))
		if err != nil || listen.String() != c.listen || public.String() != c.public {
			t.Errorf("%s: %v, %v, %v", c.name, listen, public, err)
		}
	}
}
