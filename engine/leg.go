package engine

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/engine/load"
	"parley/engine/rtp"
)

// LegConfig describes the media of one participant as negotiated.
type LegConfig struct {
	ID            string // unique in the engine
	DisplayName   string
	RemoteAlias   string
	Protocol      string
	Vendor        string
	CallID        string
	RemoteAddress string
	OnHold        bool         // the far end put us on hold
	AwaitConfirm  bool         // send no picture before Confirm or the first packet: nobody listens yet
	Audio         *AudioConfig // nil = no sound
	Video         *VideoConfig // nil = no picture
	// Notify is told of what the signalling must know. It must not block and
	// must not call the leg; it comes from many goroutines.
	Notify func(LegEvent)
}

// AudioConfig is a leg's sound.
type AudioConfig struct {
	RTP           rtp.Config       // without hooks
	Send, Receive bool             // from our side
	Codec         string           // what we send
	Bitrate       int              // bit/s for Codec, 0 = the codec's default
	Formats       map[uint8]string // payload type -> encoding name of what may arrive
}

// VideoConfig is a leg's picture.
type VideoConfig struct {
	RTP           rtp.Config       // without hooks
	Send, Receive bool             // from our side
	Codec         string           // what we send
	Formats       map[uint8]string // payload type -> encoding name of what may arrive
	Limits        VideoLimits      // what the receiver can take
	// ReceiveBitrate is what we declared that we take, bit/s; 0 = unsaid, and the
	// sender is never asked for less.
	ReceiveBitrate int
}

// flows reports whether a picture goes either way; nil = there is none.
func (v *VideoConfig) flows() bool { return v != nil && (v.Send || v.Receive) }

// LegEvent is what a leg tells its signalling.
type LegEvent struct {
	Kind  LegEventKind
	Digit byte // LegDigit: '0'..'9', '*', '#', 'A'..'D'
}

// LegEventKind is the kind of a LegEvent.
type LegEventKind uint8

// The events of a leg.
const (
	// LegNeedsKeyFrame: a key frame is needed and RTCP cannot ask for it.
	LegNeedsKeyFrame LegEventKind = iota
	// LegDigit: a DTMF digit arrived in RTP (RFC 4733).
	LegDigit
	// LegEnded: the engine ended the leg (conference disconnected).
	LegEnded
)

// Leg is the media of one participant.
type Leg struct {
	id         string
	conference *Conference
	engine     *Engine
	log        *slog.Logger
	joined     time.Time
	config     atomic.Pointer[LegConfig]

	audio     atomic.Pointer[audioLeg] // once there, it stays: without media it is idle
	video     atomic.Pointer[videoLeg] // likewise
	confirmed atomic.Bool
	muted     atomic.Bool // nobody hears him
	cost      float64     // the share of the processors that was predicted

	mu     sync.Mutex // serialises Reconfigure and Close
	closed bool       // guarded by mu
}

// newLeg starts the streams of a leg. Transports are the leg's when it succeeds.
// Where from is not nil, its streams go on as those of the new leg.
func newLeg(c *Conference, cfg LegConfig, from *Leg, cost float64, now time.Time) (*Leg, error) {
	l := &Leg{
		id: cfg.ID, conference: c, engine: c.engine, joined: now, cost: cost,
		log: c.log.With("participant", cfg.ID, "call_id", cfg.CallID),
	}
	if cfg.Notify == nil {
		cfg.Notify = func(LegEvent) {}
	}
	l.config.Store(&cfg)
	if err := l.checkCodecs(cfg); err != nil {
		return nil, err
	}
	if !cfg.AwaitConfirm {
		l.Confirm()
	}
	l.open(cfg, from, now)
	return l, nil
}

// open starts the streams that are not there yet; from as in newLeg.
func (l *Leg) open(cfg LegConfig, from *Leg, now time.Time) {
	var audio *audioLeg
	var video *videoLeg
	if from != nil {
		audio, video = from.giveAway()
	}
	if agreed := cfg.Audio; l.audio.Load() == nil && (agreed != nil || audio != nil) {
		if agreed == nil {
			agreed = &AudioConfig{RTP: idle(audio.config.Load().RTP)}
		}
		a := newAudioLeg(l, *agreed, audio)
		l.audio.Store(a)
		a.stream.Start()
	}
	if agreed := cfg.Video; l.video.Load() == nil && (agreed != nil || video != nil) {
		if agreed == nil {
			agreed = &VideoConfig{RTP: idle(video.config.Load().RTP)}
		}
		v := newVideoLeg(l, *agreed, video, now)
		l.video.Store(v)
		v.stream.Start()
	}
}

// giveAway ends the leg but for its streams; nil = it has none. The caller holds mu.
func (l *Leg) giveAway() (*audioLeg, *videoLeg) {
	l.closed = true
	a, v := l.audio.Load(), l.video.Load()
	if a != nil {
		a.giveAway()
	}
	if v != nil {
		v.giveAway()
	}
	return a, v
}

// checkCodecs makes sure that everything negotiated can be made, so that a
// failure is a refused call and not a silent leg.
func (l *Leg) checkCodecs(cfg LegConfig) error {
	if a := cfg.Audio; a != nil && a.Send {
		enc, err := l.engine.codecs.NewAudioEncoder(a.Codec, a.Bitrate)
		if err != nil {
			return err
		}
		enc.Close()
	}
	if v := cfg.Video; v != nil && v.Codec != codecs.H264 {
		return errors.Join(codecs.ErrUnsupported, errors.New("video codec "+v.Codec))
	}
	return nil
}

// Conference returns the conference that he is in.
func (l *Leg) Conference() *Conference { return l.conference }

// Status tells of the participant.
func (l *Leg) Status() ParticipantStatus { return l.status(l.conference.pictures.published.Load()) }

// ID returns the participant's identifier.
func (l *Leg) ID() string { return l.id }

// Reconfigure takes what a new offer and answer agreed. Streams keep their
// sockets, SSRCs and sequence numbers; a kind of media may come or go.
func (l *Leg) Reconfigure(cfg LegConfig) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if err := l.checkCodecs(cfg); err != nil {
		return err
	}
	if cfg.Notify == nil {
		cfg.Notify = l.config.Load().Notify
	}
	cfg.ID = l.id
	now := time.Now()
	if !l.config.Load().Video.flows() && cfg.Video.flows() {
		cost, _ := l.videoCost(cfg.Video) // it comes, whether it fits or not
		l.engine.account.Promise(cost, now)
	}
	l.config.Store(&cfg)
	if a := l.audio.Load(); a != nil {
		a.reconfigure(cfg.Audio)
	}
	if v := l.video.Load(); v != nil {
		v.reconfigure(cfg.Video, now)
	}
	l.open(cfg, nil, now)
	l.conference.changed.Add(1)
	return nil
}

// RoomForVideo tells whether the node could bear a picture of one who has none
// yet: nil or *load.NoRoom.
func (l *Leg) RoomForVideo(v VideoConfig) error {
	_, err := l.videoCost(&v)
	if full := (*load.NoRoom)(nil); errors.As(err, &full) {
		l.log.Info("picture refused for load", "needs", full.Needs, "free", full.Free, "step", load.Step(l.engine.step.Load()).String())
	}
	return err
}

// videoCost predicts what a picture adds, in processors; *load.NoRoom = that
// does not fit.
func (l *Leg) videoCost(v *VideoConfig) (float64, error) {
	c := l.conference
	without, with := *l.config.Load(), *l.config.Load()
	without.Video, with.Video = nil, v
	from, to := c.config.describe(c, without), c.config.describe(c, with)
	from.Parties, to.Parties = from.Parties-1, to.Parties-1 // those beside him
	return l.engine.account.AdmitChange(from, to, time.Now())
}

// KeyFrame sends the receiver a key frame soon, for requests outside RTCP.
func (l *Leg) KeyFrame() {
	if v := l.video.Load(); v != nil {
		v.keyFrameRequested()
	}
}

// Confirm says that the far end has our answer, so that pictures may go. Until
// then he takes nothing from others: anybody can send an INVITE.
func (l *Leg) Confirm() {
	if !l.confirmed.Load() && l.confirmed.CompareAndSwap(false, true) {
		l.engine.account.Promise(l.cost, time.Now())
	}
}

// LastSign returns when RTP or RTCP last arrived on any stream; control tells
// whether RTCP ever has. Before anything it is when the leg joined.
func (l *Leg) LastSign() (last time.Time, control bool) {
	last = l.joined
	var streams [2]*rtp.Stream
	if a := l.audio.Load(); a != nil {
		streams[0] = a.stream
	}
	if v := l.video.Load(); v != nil {
		streams[1] = v.stream
	}
	for _, s := range streams {
		if s == nil {
			continue
		}
		c := s.LastControl()
		control = control || !c.IsZero()
		for _, t := range []time.Time{s.LastArrival(), c} {
			if t.After(last) {
				last = t
			}
		}
	}
	return last, control
}

// ExpectsMedia reports whether the far end agreed to send anything.
func (l *Leg) ExpectsMedia() bool {
	c := l.config.Load()
	return c.Audio != nil && c.Audio.Receive || c.Video != nil && c.Video.Receive
}

// Close takes the participant out of the conference and frees everything. A
// second Close does nothing.
func (l *Leg) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	l.mu.Unlock()
	l.engine.leave(l)
	l.closeStreams()
}

// closeStreams stops the goroutines of the streams and frees the sockets.
// What the conference's loops own they free when they see that the leg is gone.
func (l *Leg) closeStreams() {
	if a := l.audio.Load(); a != nil {
		a.stream.Close()
		a.end()
	}
	if v := l.video.Load(); v != nil {
		v.close()
	}
}

// notify tells the signalling.
func (l *Leg) notify(e LegEvent) { l.config.Load().Notify(e) }

// hasVideo reports whether the participant may be seen.
func (l *Leg) hasVideo() bool {
	v := l.video.Load()
	return v != nil && v.config.Load().Receive
}
