package node

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/engine"
	"parley/engine/rtp"
	"parley/signaling"
	"parley/signaling/sdp"
)

// leg is one participant on this media host: his negotiation, his sockets and
// his leg in the engine.
type leg struct {
	host        *host
	participant signaling.Participant
	stay        atomic.Pointer[stay]
	confirmed   atomic.Bool
	role        atomic.Pointer[string] // chair or guest
	announced   atomic.Bool            // event sinks know of him
	offered     *sdp.LocalMedia        // the picture that we can do

	// turn is held by whoever moves him, commands him or writes down that he came
	// or left, so that what is told of him is true and in order. Taken before mu.
	turn sync.Mutex

	mu           sync.Mutex
	negotiation  *sdp.Negotiation // guarded by mu
	audio, video *rtp.Transport   // guarded by mu; the engine's once engine is set
	engine       *engine.Leg      // guarded by mu; nil until media are agreed
	ended        bool             // guarded by mu
	since        time.Time        // guarded by mu: when he began or last changed
	served       bool             // guarded by mu: he was to be sent something; one who never was is not on hold
	held         bool             // guarded by mu: he has us on hold
	pictured     bool             // guarded by mu: he has a picture that was let in; on hold it stays so
	told         time.Time        // guarded by mu: when the signalling was told to end it
	quality      quality          // guarded by mu

	tellMu sync.Mutex
	events chan signaling.Event // closed under tellMu
	over   bool                 // guarded by tellMu
}

// stay is the time of a participant in one conference. When he is transferred
// another one begins.
type stay struct {
	id         string // UUID of the participant
	conference engine.ConferenceConfig
	tag        string // of the room
	alias      string // what led to it
}

// newStay returns a stay in what an alias leads to; nil = it leads nowhere.
func (h *host) newStay(id, alias string) *stay {
	d := h.directory.Load()
	conference, ok := service(d, alias)
	if !ok {
		return nil
	}
	room, _ := d.Lookup(alias)
	return &stay{id: id, conference: conference, tag: room.Tag, alias: alias}
}

// log returns the log with who he is and where.
func (l *leg) log() *slog.Logger {
	s := l.stay.Load()
	return l.host.log.With("conference", s.conference.Name, "participant", s.id, "call_id", l.participant.CallID)
}

// eventQueue bounds what a leg's signalling has not yet read.
const eventQueue = 8

// newLeg opens the sockets of a leg.
func (h *host) newLeg(p signaling.Participant, s *stay, offer []byte) (*leg, error) {
	listen, public, err := mediaAddresses(h.config.Media.Address, p, offer)
	if err != nil {
		return nil, &signaling.Refusal{Code: signaling.CodeNoAddress, Reason: err.Error()}
	}
	l := &leg{
		host: h, participant: p, since: time.Now(),
		events: make(chan signaling.Event, eventQueue),
	}
	l.stay.Store(s)
	l.setRole(roleHost)
	ports := rtp.ListenConfig{Address: listen, PortMin: int(h.config.Media.Ports.First), PortMax: int(h.config.Media.Ports.Last)}
	if l.audio, err = rtp.Listen(ports); err == nil {
		l.video, err = rtp.Listen(ports)
	}
	if err != nil {
		l.end()
		h.log.Error("no sockets for media", "address", listen, "err", err)
		return nil, &signaling.Refusal{Code: signaling.CodeNoCapacity, Reason: "no sockets for media", RetryAfter: 10 * time.Second}
	}
	description := localDescription(public, l.audio.Port(), l.video.Port(), s.conference.MaxHeight)
	l.offered = description.Video
	l.negotiation = sdp.New(description)
	return l, nil
}

// start answers the first offer, or makes it when the far end left it to us.
func (l *leg) start(offer []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if offer == nil {
		// What he can take will be in his answer, and is admitted for what it is then
		// (apply). Until then most phones' 720p is asked for, which is too much for
		// some: whom we refuse now may try another node, but a call that begins and
		// does not fit has to be ended.
		video := engine.VideoConfig{Send: true, Receive: true, Limits: engine.TypicalLimits}
		if err := l.host.engine.HasRoom(l.stay.Load().conference, engine.LegConfig{Video: &video}); err != nil {
			return nil, err
		}
		return l.negotiation.Offer()
	}
	answer, err := l.negotiation.Answer(offer)
	if err != nil {
		return nil, err
	}
	return answer, l.apply()
}

// change re-negotiates.
func (l *leg) change(kind signaling.ChangeKind, body []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, sdp.ErrState
	}
	switch kind {
	case signaling.ChangeWant:
		if l.refusesVideo(nil) {
			l.withoutVideo(l.negotiation)
		}
		defer l.withVideo(l.negotiation)
		return l.negotiation.Offer()
	case signaling.ChangeRollback:
		l.negotiation.Rollback()
		return nil, nil
	case signaling.ChangeAnswer:
		// A picture that we offered during the call is not asked about again: there is
		// no refusing an answer but by another offer.
		if err := l.negotiation.Accept(body); err != nil {
			return nil, err
		}
		return nil, l.apply()
	default:
		next := l.negotiation.Clone()
		answer, err := next.Answer(body)
		if err == nil && next.Media().Video != nil && l.refusesVideo(next.Media().Video) {
			// That stream alone is refused (RFC 3264 section 6); the sound goes on.
			// 488 would refuse the rest of the offer with it (RFC 3261 section 14.2).
			next = l.negotiation.Clone()
			l.withoutVideo(next)
			answer, err = next.Answer(body)
			l.withVideo(next)
		}
		if err != nil {
			return nil, err
		}
		l.negotiation = next
		return answer, l.apply()
	}
}

// refusesVideo reports whether a picture that the call has not had so far does
// not fit; agreed nil = it is not known yet what he can take. One that is on hold
// is taken back without a question, and one that does not flow yet costs nothing.
func (l *leg) refusesVideo(agreed *sdp.Stream) bool {
	if l.engine == nil || l.pictured || agreed != nil && !agreed.Send && !agreed.Receive {
		return false
	}
	video := &engine.VideoConfig{Send: true, Receive: true, Limits: engine.TypicalLimits}
	if agreed != nil {
		video = videoConfig(agreed, l.video, l.participant, l.stay.Load().conference.MaxHeight)
	}
	if l.engine.RoomForVideo(*video) == nil {
		return false
	}
	if agreed != nil { // else nobody has asked for one
		l.host.refused.add(reasonPicture)
	}
	return true
}

func (l *leg) withoutVideo(n *sdp.Negotiation) { n.SetLocal(func(d *sdp.Local) { d.Video = nil }) }
func (l *leg) withVideo(n *sdp.Negotiation)    { n.SetLocal(func(d *sdp.Local) { d.Video = l.offered }) }

// apply puts into force what was agreed.
func (l *leg) apply() error {
	m := l.negotiation.Media()
	s := l.stay.Load()
	cfg := l.config(s, m)
	cfg.OnHold = l.served && onHold(m)
	l.held = cfg.OnHold
	l.served = l.served || cfg.Audio != nil && cfg.Audio.Send || cfg.Video != nil && cfg.Video.Send
	l.since = time.Now()
	if l.engine != nil {
		if err := l.engine.Reconfigure(cfg); err != nil {
			// The far end has agreed to what we cannot do: there is no way back.
			l.tell(signaling.Event{Kind: signaling.EventEnd, Reason: "media failed"})
			return err
		}
		l.picture(m.Video)
		return nil
	}
	joined, err := l.host.engine.Join(s.conference, cfg)
	if err != nil {
		return err
	}
	l.engine = joined
	l.picture(m.Video)
	l.host.chronicle.joined(joined.Conference(), s)
	return nil
}

// config is what the engine is told of one who has agreed to m, for a stay. The
// caller holds mu.
func (l *leg) config(s *stay, m sdp.Media) engine.LegConfig {
	p := l.participant
	return engine.LegConfig{
		ID: s.id, DisplayName: displayName(p), RemoteAlias: p.RemoteAlias, Protocol: p.Protocol,
		Vendor: p.Vendor, CallID: p.CallID, RemoteAddress: p.RemoteAddress,
		Audio: audioConfig(m.Audio, l.audio, p), Video: videoConfig(m.Video, l.video, p, s.conference.MaxHeight),
		Notify: l.notify, AwaitConfirm: !l.confirmed.Load(), OnHold: l.held,
	}
}

// picture notes whether the call has a picture that was let in.
func (l *leg) picture(agreed *sdp.Stream) {
	l.pictured = agreed != nil && (l.pictured || agreed.Send || agreed.Receive)
}

// onHold reports whether the far end holds everything that it has.
func onHold(m sdp.Media) bool {
	held, running := false, false
	for _, s := range []*sdp.Stream{m.Audio, m.Video} {
		if s != nil {
			held = held || s.OnHold
			running = running || !s.OnHold
		}
	}
	return held && !running
}

// displayName is what the others read: what the caller calls himself, else the
// first part of his address.
func displayName(p signaling.Participant) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	name := p.RemoteAlias
	if _, rest, ok := strings.Cut(name, ":"); ok {
		name = rest
	}
	if user, _, ok := strings.Cut(name, "@"); ok && user != "" {
		name = user
	}
	return name
}

// notify takes what the engine tells.
func (l *leg) notify(e engine.LegEvent) {
	switch e.Kind {
	case engine.LegNeedsKeyFrame:
		l.tell(signaling.Event{Kind: signaling.EventKeyFrame})
	case engine.LegDigit:
		l.digit(e.Digit)
	case engine.LegEnded:
		l.tell(signaling.Event{Kind: signaling.EventEnd, Reason: "disconnected from the conference"})
	}
}

// tell queues an event for the signalling; what does not fit is dropped, an
// end is kept instead of what waits.
func (l *leg) tell(e signaling.Event) {
	l.tellMu.Lock()
	defer l.tellMu.Unlock()
	if l.over {
		return
	}
	for {
		select {
		case l.events <- e:
			return
		default:
		}
		if e.Kind != signaling.EventEnd {
			return
		}
		select {
		case <-l.events:
		default:
		}
	}
}

// digit takes a DTMF digit. Nothing acts on digits yet but the log.
func (l *leg) digit(d byte) { l.log().Debug("dtmf", "digit", string(rune(d))) }

// confirm notes that the call is established.
func (l *leg) confirm() {
	l.confirmed.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine != nil {
		l.engine.Confirm()
	}
}

func (l *leg) keyFrame() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine != nil {
		l.engine.KeyFrame()
	}
}

// verdict is what the reaper thinks of a leg.
type verdict uint8

const (
	legAlive     verdict = iota
	legSilent            // nothing has arrived for longer than the timeout although something should
	legForgotten         // its signalling never confirmed it, or did not end it when told to
)

// judge looks for signs of life; timeout 0 = silence is no reason.
func (l *leg) judge(now time.Time, timeout time.Duration) verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.confirmed.Load():
		if now.Sub(l.since) > confirmWithin {
			return legForgotten
		}
		return legAlive
	case l.engine == nil || timeout <= 0:
		return legAlive
	case !l.told.IsZero():
		if now.Sub(l.told) > confirmWithin {
			return legForgotten
		}
		return legAlive
	}
	last, control := l.engine.LastSign()
	if !l.engine.ExpectsMedia() && (l.held || !control) {
		return legAlive // on hold, or a viewer without RTCP: the session timer is all there is
	}
	if l.since.After(last) {
		last = l.since
	}
	if now.Sub(last) <= timeout {
		return legAlive
	}
	l.told = now
	return legSilent
}

// end frees everything and closes the events. A second end does nothing.
func (l *leg) end() {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return
	}
	l.ended = true
	joined, audio, video := l.engine, l.audio, l.video
	l.mu.Unlock()
	if joined != nil {
		joined.Close()
	}
	for _, t := range []*rtp.Transport{audio, video} {
		if t != nil {
			t.Close()
		}
	}
	l.tellMu.Lock()
	l.over = true
	close(l.events)
	l.tellMu.Unlock()
}
