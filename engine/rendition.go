package engine

import (
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/engine/rtp"
)

// renditionKey is what makes receivers of one view equal: they share one encode.
type renditionKey struct {
	rung    int // index into ladder
	profile codecs.Profile
	mode    int    // packetization-mode (RFC 6184 section 6.2)
	solo    string // participant who needs one of his own, "" = shared
}

// rendition is what one class of receivers of a view is sent: one encoder, and
// the packets that it makes fanned out.
type rendition struct {
	engine     *Engine
	key        renditionKey
	rung       Rung
	packetizer rtp.Packetizer
	job        func() // run, bound once

	// Written by the composing goroutine, read by the worker.
	deliveries atomic.Pointer[[]*delivery]

	// One job at a time: the composing goroutine fills these, then the worker has them.
	busy      atomic.Bool
	picture   *codecs.Picture
	keyFrame  bool
	timestamp uint32

	encoder codecs.VideoEncoder // worker only
	lastKey time.Time           // composing goroutine only
	users   atomic.Int32        // view and running job; the last one closes the encoder

	frames, keyFrames, skipped, failed atomic.Uint64
}

// delivery is one receiver of a rendition.
type delivery struct {
	video   *videoLeg
	started bool // worker only: he has had a key frame of this rendition
	waiting atomic.Bool
}

// Key frames cost every receiver of a rendition, so requests are merged.
const (
	keyGapJoin   = 200 * time.Millisecond // somebody has no picture at all
	keyGapShared = time.Second
	keyGapSingle = 400 * time.Millisecond
)

// packetPayload is the largest RTP payload that is sent; with all headers it
// stays below the MTU of any path in use.
const packetPayload = 1200

func newRendition(e *Engine, key renditionKey) *rendition {
	r := &rendition{engine: e, key: key, rung: ladder[key.rung]}
	r.packetizer = rtp.Packetizer{Mode: key.mode, MTU: packetPayload}
	r.deliveries.Store(&[]*delivery{})
	r.job = r.run
	r.users.Store(1)
	e.totals.begin(r)
	return r
}

// wantsKey decides whether the next frame must be a key frame.
func (r *rendition) wantsKey(now time.Time) bool {
	since := now.Sub(r.lastKey)
	list := *r.deliveries.Load()
	gap := keyGapShared
	if len(list) == 1 {
		gap = keyGapSingle
	}
	for _, d := range list {
		if !d.video.leg.confirmed.Load() {
			continue
		}
		if (d.waiting.Load() || d.video.fresh.Load()) && since >= keyGapJoin || d.video.keyWanted.Load() && since >= gap {
			return true
		}
	}
	return false
}

// submit hands a picture to the executor; it takes its own reference.
func (r *rendition) submit(p *codecs.Picture, timestamp uint32, now time.Time) {
	if len(*r.deliveries.Load()) == 0 {
		return
	}
	if !r.busy.CompareAndSwap(false, true) {
		r.skipped.Add(1)
		return
	}
	r.keyFrame = r.wantsKey(now)
	r.picture, r.timestamp = p.Retain(), timestamp
	r.users.Add(1)
	if !r.engine.exec.submit(r.job) {
		r.skipped.Add(1)
		r.done()
		return
	}
	if r.keyFrame {
		r.lastKey = now
	}
}

// run encodes and sends; on a worker.
func (r *rendition) run() {
	start := time.Now()
	if err := r.encode(); err != nil {
		r.failed.Add(1)
	}
	r.engine.meter.add(start)
	r.done()
}

// done ends a job.
func (r *rendition) done() {
	r.picture.Release()
	r.picture = nil
	r.busy.Store(false)
	r.release()
}

func (r *rendition) encode() error {
	if r.encoder == nil {
		c := codecs.VideoEncoderConfig{
			Width: r.rung.Width, Height: r.rung.Height, FPS: r.rung.FPS, Bitrate: r.rung.Bitrate,
			Profile: r.key.profile, Level: r.rung.Level,
		}
		if r.key.mode == 0 {
			c.MaxNAL = packetPayload
		}
		enc, err := r.engine.codecs.NewVideoEncoder(codecs.H264, c)
		if err != nil {
			return err
		}
		r.encoder = enc
		r.engine.encoders.Add(1)
	}
	au, err := r.encoder.Encode(r.picture, r.keyFrame)
	if err != nil {
		return err
	}
	payloads := r.packetizer.Split(au.Data)
	r.frames.Add(1)
	if au.Key {
		r.keyFrames.Add(1)
	}
	for _, d := range *r.deliveries.Load() {
		d.send(r, payloads, au.Key)
	}
	return nil
}

// send gives the receiver one frame, if he can use it.
func (d *delivery) send(r *rendition, payloads [][]byte, key bool) {
	v := d.video
	v.sending.Lock()
	defer v.sending.Unlock()
	if v.rendition.Load() != r || !v.leg.confirmed.Load() {
		return
	}
	if v.fresh.Load() || !d.started {
		if !key {
			d.started = false
			d.waiting.Store(true)
			return
		}
		v.fresh.Store(false)
	}
	if v.stream.SendFrame(payloads, r.timestamp) != nil {
		return // nowhere to send to; he starts when there is
	}
	if key {
		d.started = true
		d.waiting.Store(false)
		v.keyWanted.Store(false)
	}
	v.sent.Add(1)
}

// release gives up one use; the last one closes the encoder.
func (r *rendition) release() {
	if r.users.Add(-1) != 0 {
		return
	}
	r.engine.totals.end(r)
	if r.encoder != nil {
		r.encoder.Close()
		r.engine.encoders.Add(-1)
	}
}

// add puts a receiver into the rendition; he gets nothing before a key frame.
func (r *rendition) add(v *videoLeg) {
	d := &delivery{video: v}
	d.waiting.Store(true)
	old := *r.deliveries.Load()
	list := append(make([]*delivery, 0, len(old)+1), old...)
	list = append(list, d)
	r.deliveries.Store(&list)
}

// remove takes a receiver out of the rendition.
func (r *rendition) remove(v *videoLeg) {
	old := *r.deliveries.Load()
	list := make([]*delivery, 0, len(old))
	for _, d := range old {
		if d.video != v {
			list = append(list, d)
		}
	}
	r.deliveries.Store(&list)
}
