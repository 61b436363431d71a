package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/engine/rtp"
)

// videoLeg is the picture of one leg: its stream, the source that decodes what
// arrives, and what decides which rendition it is sent.
type videoLeg struct {
	leg        *Leg
	stream     *rtp.Stream
	config     atomic.Pointer[VideoConfig]
	source     *source
	receiver   *rtp.VideoReceiver        // receive goroutine only
	asked      atomic.Int64              // when signalling was last asked for a key frame, unix ns
	keyWanted  atomic.Bool               // a key frame is owed to this receiver
	fresh      atomic.Bool               // he has had nothing at the address that he is at now
	generation atomic.Uint64             // bumped when the choice of rendition may have changed
	rendition  atomic.Pointer[rendition] // what he is sent; set by the composing goroutine
	sent       atomic.Uint64             // frames sent

	mu      sync.Mutex
	adapt   *adaptation // guarded by mu
	excused time.Time   // guarded by mu: when a loss was last answered with a key frame unasked

	// sending is held while a frame goes out, so that no rendition can send
	// behind the key frame of its successor.
	sending sync.Mutex
	gone    bool // guarded by sending: another leg has the stream

	earlier StreamStatus // what the stream had counted when it came from another leg
}

// nackWait is how long a gap may wait for its retransmission before the frame
// is given up, and noNackWait for mere reordering where no NACK was agreed.
const (
	nackWait   = 150 * time.Millisecond
	noNackWait = 30 * time.Millisecond
	// infoInterval spaces requests for key frames by SIP INFO.
	infoInterval = time.Second
	// excuseInterval spaces key frames for receivers that cannot ask for them.
	excuseInterval = 3 * time.Second
)

// newVideoLeg makes the picture of a leg, with the stream of from if that is not nil.
func newVideoLeg(l *Leg, cfg VideoConfig, from *videoLeg, now time.Time) *videoLeg {
	v := &videoLeg{leg: l, receiver: rtp.NewVideoReceiver()}
	v.adapt = newAdaptation(cfg.Limits, l.conference.config.MaxHeight, now)
	v.config.Store(&cfg)
	v.setWait(cfg)
	v.source = newSource(l.engine, v.requestKeyFrame)
	v.source.ready = func() { l.conference.pictureOf(l) }
	c := cfg.RTP
	c.Hooks = rtp.Hooks{
		Packet: v.receive, KeyFrameRequest: v.keyFrameRequested,
		BitrateRequest: v.bitrateRequested, Report: v.report, Moved: v.restart,
	}
	if from != nil {
		from.mu.Lock()
		v.adapt = from.adapt.elsewhere(cfg.Limits, l.conference.config.MaxHeight, now)
		from.mu.Unlock()
		v.stream, v.earlier = from.stream, streamStatus(from.stream.Stats())
		takeOver(v.stream, c)
		if v.stream.BitrateAsked() {
			v.ask(false) // the other conference may have asked for less
		}
		return v
	}
	v.stream = rtp.PrepareStream(c)
	return v
}

// giveAway ends the use of the stream, which another leg takes over.
func (v *videoLeg) giveAway() {
	v.sending.Lock()
	v.gone = true
	v.sending.Unlock()
	v.source.close()
}

// reconfigure takes a new agreement; nil = no picture any more, but the stream
// and its sockets wait for when it comes back.
func (v *videoLeg) reconfigure(agreed *VideoConfig, now time.Time) {
	var cfg VideoConfig
	old := v.config.Load()
	if agreed != nil {
		cfg = *agreed
	} else {
		cfg.RTP = idle(old.RTP)
	}
	v.config.Store(&cfg)
	v.setWait(cfg)
	v.stream.Reconfigure(func(c *rtp.Config) {
		hooks, transport := c.Hooks, c.Transport
		*c = cfg.RTP
		c.Hooks, c.Transport = hooks, transport
	})
	if agreed != nil {
		v.mu.Lock()
		v.adapt.setLimits(cfg.Limits, now)
		v.mu.Unlock()
	}
	v.generation.Add(1)
	if cfg.Receive && (!old.Receive || cfg.RTP.Remote != old.RTP.Remote) {
		v.stream.RenewBitrate()
	}
	// A session refresh changes nothing and must not cost the others a key frame.
	if cfg.Send != old.Send || cfg.RTP.Remote != old.RTP.Remote || cfg.RTP.SendPayloadType != old.RTP.SendPayloadType {
		v.restart()
	}
}

// restart begins the delivery anew with a key frame: what was sent so far went
// elsewhere or nowhere.
func (v *videoLeg) restart() { v.fresh.Store(true) }

func (v *videoLeg) setWait(cfg VideoConfig) {
	if cfg.RTP.Feedback.NACK {
		v.receiver.SetWait(nackWait)
	} else {
		v.receiver.SetWait(noNackWait)
	}
}

// receive takes a packet from the stream's goroutine and hands whole access
// units to the source.
func (v *videoLeg) receive(p rtp.Packet) {
	cfg := v.config.Load()
	v.leg.Confirm()
	if !cfg.Receive || cfg.Formats[p.PayloadType] != codecs.H264 {
		return
	}
	v.receiver.Push(p)
	for {
		au, ok := v.receiver.Pop(p.Arrival)
		if !ok {
			break
		}
		v.source.push(au)
	}
	if cfg.RTP.Feedback.NACK {
		if missing := v.receiver.Missing(p.Arrival); len(missing) > 0 {
			v.stream.Nack(missing)
		}
	}
}

// requestKeyFrame asks the far end by RTCP, or through the signalling.
func (v *videoLeg) requestKeyFrame() {
	if v.stream.RequestKeyFrame() {
		return
	}
	now, last := time.Now().UnixNano(), v.asked.Load()
	if now-last >= int64(infoInterval) && v.asked.CompareAndSwap(last, now) {
		v.leg.notify(LegEvent{Kind: LegNeedsKeyFrame})
	}
}

func (v *videoLeg) keyFrameRequested() {
	v.keyWanted.Store(true)
	v.mu.Lock()
	changed := v.adapt.keyFrame(time.Now())
	v.mu.Unlock()
	if changed {
		v.generation.Add(1)
	}
}

func (v *videoLeg) bitrateRequested(bitrate int) {
	v.mu.Lock()
	changed := v.adapt.request(bitrate, time.Now())
	v.mu.Unlock()
	if changed {
		v.generation.Add(1)
	}
}

func (v *videoLeg) report(r rtp.Report) {
	f := v.config.Load().RTP.Feedback
	if r.RTT > 0 && f.NACK {
		v.receiver.SetRTT(r.RTT)
	}
	now := time.Now()
	v.mu.Lock()
	changed := v.adapt.report(r.FractionLost, now)
	changed = v.adapt.calm(now) || changed
	// A receiver that cannot ask for key frames gets one when he lost something.
	excuse := r.FractionLost > 0 && !f.PLI && !f.FIR && now.Sub(v.excused) >= excuseInterval
	if excuse {
		v.excused = now
	}
	v.mu.Unlock()
	if changed {
		v.generation.Add(1)
	}
	if excuse {
		v.keyFrameRequested()
	}
}

// rung returns the step of the ladder that he is sent and whether he needs a
// rendition of his own.
func (v *videoLeg) rung() (index int, solo bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.adapt.rung, v.adapt.struggling
}

// close stops the stream and the source's goroutine.
func (v *videoLeg) close() {
	v.stream.Close()
	v.source.close()
}
