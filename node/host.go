package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley/config"
	"parley/engine"
	"parley/engine/load"
	"parley/signaling"
	"parley/signaling/sdp"
)

// host is the media host of this node: signaling.MediaHost on an engine of the
// same process.
type host struct {
	engine    *engine.Engine
	config    config.Config
	directory atomic.Pointer[config.Directory]
	log       *slog.Logger

	mu      sync.Mutex
	legs    map[signaling.LegID]*leg // guarded by mu
	staying map[string]*leg          // guarded by mu: the same, by the id of the participant
	joined  int                      // guarded by mu: legs and those about to be
	closed  bool                     // guarded by mu
	muted   map[string]bool          // guarded by mu: conferences whose guests are muted, by id

	maintenance atomic.Bool // no new calls

	refused   refusals
	chronicle *chronicle
}

func newHost(e *engine.Engine, c config.Config, log *slog.Logger) *host {
	return &host{engine: e, config: c, log: log, legs: map[signaling.LegID]*leg{}, staying: map[string]*leg{}, muted: map[string]bool{}, chronicle: newChronicle(nil, log)}
}

// newID returns a random UUID (RFC 9562 section 5.4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Answers implements signaling.MediaHost.
func (h *host) Answers(alias string) bool {
	_, ok := service(h.directory.Load(), alias)
	return ok
}

// Join implements signaling.MediaHost.
func (h *host) Join(_ context.Context, p signaling.Participant, offer []byte) (signaling.LegID, []byte, error) {
	id, reply, err := h.join(p, offer)
	if err != nil {
		h.refused.count(err)
		return "", nil, refusal(err)
	}
	return id, reply, nil
}

func (h *host) join(p signaling.Participant, offer []byte) (signaling.LegID, []byte, error) {
	if p.ID == "" {
		p.ID = newID()
	}
	s := h.newStay(p.ID, p.LocalAlias)
	if s == nil {
		return "", nil, &signaling.Refusal{Code: signaling.CodeUnknownAlias, Reason: fmt.Sprintf("nothing here is called %q", p.LocalAlias)}
	}
	if err := h.reserve(); err != nil {
		return "", nil, err
	}
	l, err := h.newLeg(p, s, offer)
	if err != nil {
		h.giveBack()
		return "", nil, err
	}
	reply, err := l.start(offer)
	if err != nil {
		l.end()
		h.giveBack()
		return "", nil, err
	}
	if !h.add(l) {
		h.dismiss(l, "the node has ended")
		h.giveBack()
		return "", nil, &signaling.Refusal{Code: signaling.CodeInternal, Reason: "the node is shutting down"}
	}
	l.announce()
	return signaling.LegID(p.ID), reply, nil
}

// add files a leg; false when the host is closed or the ID is in use.
func (h *host) add(l *leg) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := signaling.LegID(l.participant.ID)
	if h.closed || h.legs[id] != nil {
		return false
	}
	h.legs[id], h.staying[l.stay.Load().id] = l, l
	return true
}

// reserve takes a place on the node.
func (h *host) reserve() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch limit := h.config.MaxParticipants; {
	case h.closed:
		return &signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "the node is shutting down", RetryAfter: 30 * time.Second}
	case h.maintenance.Load():
		return &signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "the node is in maintenance", RetryAfter: 30 * time.Second}
	case limit > 0 && h.joined >= limit:
		return &signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "the node is full", RetryAfter: 30 * time.Second}
	}
	h.joined++
	return nil
}

func (h *host) giveBack() {
	h.mu.Lock()
	h.joined--
	h.mu.Unlock()
}

func (h *host) leg(id signaling.LegID) *leg {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.legs[id]
}

// staysAs returns the leg of a participant, or nil.
func (h *host) staysAs(participant string) *leg {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.staying[participant]
}

// Change implements signaling.MediaHost.
func (h *host) Change(_ context.Context, id signaling.LegID, kind signaling.ChangeKind, body []byte) ([]byte, error) {
	l := h.leg(id)
	if l == nil {
		return nil, &signaling.Refusal{Code: signaling.CodeInternal, Reason: "no such leg"}
	}
	reply, err := l.change(kind, body)
	if err != nil {
		if errors.As(err, new(*load.NoRoom)) { // he answered an offer of ours, and does not fit
			h.refused.count(err)
		}
		return nil, refusal(err)
	}
	l.announce()
	return reply, nil
}

// Control implements signaling.MediaHost.
func (h *host) Control(id signaling.LegID, c signaling.Command) {
	l := h.leg(id)
	if l == nil {
		return
	}
	switch c.Kind {
	case signaling.CommandKeyFrame:
		l.keyFrame()
	case signaling.CommandDTMF:
		for _, digit := range []byte(c.Digits) {
			l.digit(digit)
		}
	case signaling.CommandConfirm:
		l.confirm()
	}
}

// Events implements signaling.MediaHost.
func (h *host) Events(id signaling.LegID) <-chan signaling.Event {
	if l := h.leg(id); l != nil {
		return l.events
	}
	closed := make(chan signaling.Event)
	close(closed)
	return closed
}

// Leave implements signaling.MediaHost.
func (h *host) Leave(id signaling.LegID, reason string) {
	h.mu.Lock()
	l := h.legs[id]
	delete(h.legs, id)
	if l != nil {
		delete(h.staying, l.stay.Load().id)
		h.joined--
	}
	h.mu.Unlock()
	if l != nil {
		h.dismiss(l, reason)
	}
}

// dismiss ends a leg that is filed no more, and writes it down.
func (h *host) dismiss(l *leg, reason string) {
	l.turn.Lock()
	defer l.turn.Unlock()
	conference := l.chronicle(reason)
	l.end()
	if conference != nil && h.engine.Running(conference.ID()) == nil {
		h.chronicle.over(conference.ID())
	}
}

// confirmWithin is how long a call may take from its answer to its ACK; twice
// what SIP allows (RFC 3261 section 13.3.1.4).
const confirmWithin = time.Minute

// reap ends legs from which nothing has arrived for too long. The signalling
// is told first; where there is none any more the leg is ended all the same.
func (h *host) reap(now time.Time) {
	h.mu.Lock()
	legs := slices.Collect(maps.Values(h.legs))
	h.mu.Unlock()
	for _, l := range legs {
		l.watch(now)
		switch l.judge(now, h.config.Media.SilenceTimeout) {
		case legSilent:
			l.tell(signaling.Event{Kind: signaling.EventEnd, Reason: fmt.Sprintf("no media for %v", h.config.Media.SilenceTimeout)})
		case legForgotten:
			l.log().Warn("leg without signalling ended")
			h.Leave(signaling.LegID(l.participant.ID), "left without a word")
		}
	}
}

// close ends every leg.
func (h *host) close() {
	h.mu.Lock()
	h.closed = true
	legs := h.legs
	h.legs, h.staying = map[signaling.LegID]*leg{}, map[string]*leg{}
	h.mu.Unlock()
	for _, l := range legs {
		h.dismiss(l, "the node has ended")
	}
}

// refusal turns an error of media into what a caller is told.
func refusal(err error) *signaling.Refusal {
	var parse *sdp.ParseError
	var r *signaling.Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &parse):
		return &signaling.Refusal{Code: signaling.CodeBadSDP, Reason: parse.Error()}
	case errors.Is(err, sdp.ErrAddress):
		return &signaling.Refusal{Code: signaling.CodeNoAddress, Reason: err.Error()}
	case errors.Is(err, sdp.ErrNoCommonCodec):
		return &signaling.Refusal{Code: signaling.CodeNoCodec, Reason: "audio needs opus, G722, PCMU or PCMA; video needs H264"}
	case errors.Is(err, sdp.ErrTransport):
		return &signaling.Refusal{Code: signaling.CodeNoTransport, Reason: "media must be RTP/AVP or RTP/AVPF; no SRTP here, switch encryption of media off or to optional"}
	case errors.Is(err, sdp.ErrMismatch):
		return &signaling.Refusal{Code: signaling.CodeBadSDP, Reason: err.Error()}
	case errors.Is(err, sdp.ErrState):
		return &signaling.Refusal{Code: signaling.CodeBadState, Reason: err.Error()}
	case errors.Is(err, engine.ErrLocked):
		return &signaling.Refusal{Code: signaling.CodeConferenceFull, Reason: "the conference is locked"}
	case errors.Is(err, engine.ErrFull):
		return &signaling.Refusal{Code: signaling.CodeConferenceFull, Reason: "the conference is full", RetryAfter: time.Minute}
	case errors.As(err, new(*load.NoRoom)):
		return &signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "the node is at its capacity", RetryAfter: 30 * time.Second}
	default:
		return &signaling.Refusal{Code: signaling.CodeInternal, Reason: err.Error()}
	}
}
