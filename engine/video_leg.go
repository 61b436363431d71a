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
	generation atomic.Uint64             // bumped when the choice of rendition may have changed
	rendition  atomic.Pointer[rendition] // what he is sent; set by the composing goroutine
	sent       atomic.Uint64             // frames sent

	mu    sync.Mutex
	adapt *adaptation // guarded by mu
}

// nackWait is how long a gap may wait for its retransmission before the frame
// is given up, and noNackWait for mere reordering where no NACK was agreed.
const (
	nackWait   = 150 * time.Millisecond
	noNackWait = 30 * time.Millisecond
	// infoInterval spaces requests for key frames by SIP INFO.
	infoInterval = time.Second
)

func newVideoLeg(l *Leg, cfg VideoConfig, now time.Time) *videoLeg {
	v := &videoLeg{leg: l, receiver: rtp.NewVideoReceiver()}
	v.adapt = newAdaptation(cfg.Limits, l.conference.config.MaxHeight, now)
	v.config.Store(&cfg)
	v.setWait(cfg)
	v.source = newSource(l.engine, v.requestKeyFrame)
	c := cfg.RTP
	c.Hooks = rtp.Hooks{
		Packet: v.receive, KeyFrameRequest: v.keyFrameRequested,
		BitrateRequest: v.bitrateRequested, Report: v.report,
	}
	v.stream = rtp.NewStream(c)
	return v
}

func (v *videoLeg) reconfigure(cfg VideoConfig, now time.Time) {
	v.config.Store(&cfg)
	v.stream.Reconfigure(func(c *rtp.Config) {
		hooks, transport := c.Hooks, c.Transport
		*c = cfg.RTP
		c.Hooks, c.Transport = hooks, transport
	})
	v.mu.Lock()
	v.adapt.setLimits(cfg.Limits, now)
	v.mu.Unlock()
	if !cfg.Receive {
		v.source.pause()
	}
	v.generation.Add(1)
	v.keyWanted.Store(true)
}

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
	if r.RTT > 0 {
		v.receiver.SetRTT(r.RTT)
	}
	now := time.Now()
	v.mu.Lock()
	changed := v.adapt.report(r.FractionLost, now)
	changed = v.adapt.calm(now) || changed
	v.mu.Unlock()
	if changed {
		v.generation.Add(1)
	}
	// A receiver that cannot ask for key frames gets one when he lost something.
	if f := v.config.Load().RTP.Feedback; r.FractionLost > 0 && !f.PLI && !f.FIR && !f.NACK {
		v.keyWanted.Store(true)
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
