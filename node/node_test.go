package node

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"parley/codecs/fake"
	"parley/config"
	"parley/engine"
	"parley/signaling"
	"parley/signaling/sdp"
)

func testHost(t *testing.T, change func(*config.Config)) *host {
	t.Helper()
	c := config.Default()
	c.Conferences = []config.Conference{
		{Name: "Weekly", Aliases: []string{"weekly", "board@example.com"}, MaxQuality: config.HD},
		{Name: "Small", MaxParticipants: 1},
	}
	if change != nil {
		change(&c)
	}
	e := engine.New(engine.Config{Codecs: fake.Codecs(), Manual: true, Log: slog.New(slog.DiscardHandler)})
	h := newHost(e, c, slog.New(slog.DiscardHandler))
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
		got, ok := service(&h.config, alias)
		if ok != (want != "") || got.Name != want {
			t.Errorf("%q leads to %q, want %q", alias, got.Name, want)
		}
		if h.Answers(alias) != ok {
			t.Errorf("%q: Answers and service disagree", alias)
		}
	}
	if c, _ := service(&h.config, "weekly"); c.MaxHeight != 720 || c.Layout == nil || c.OwnThumbnail != engine.OwnAuto {
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
	h.Leave(small)
	h.Leave(small)
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
		engine.ErrFull:         signaling.CodeConferenceFull,
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
	h.reap(time.Now().Add(time.Minute))
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
	h.Leave(id)
	if _, open := <-events; open {
		t.Error("events go on after the leg has left")
	}
}
