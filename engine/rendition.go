package engine

import (
	"errors"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/codecs/h264"
	"parley/engine/rtp"
)

// renditionKey is what makes receivers of one view equal: they share one encode.
type renditionKey struct {
	rung    int // index into ladder
	profile codecs.Profile
	mode    int    // packetization-mode (RFC 6184 section 6.2)
	whole   bool   // made of one band
	solo    string // participant who needs one of his own, "" = shared
}

// rendition is what one class of receivers of a view is sent: the bands of the
// view stitched into one stream, and the packets of that fanned out.
type rendition struct {
	engine     *Engine
	key        renditionKey
	rung       Rung
	packetizer rtp.Packetizer
	job        func() // run, bound once

	// Written by the composing goroutine, read by the worker.
	deliveries atomic.Pointer[[]*delivery]

	bands []*band // composing goroutine only

	// A turn at a time: the composing goroutine fills these while it is not
	// busy, then a worker has them.
	busy      atomic.Bool
	pending   atomic.Int32 // bands that are being encoded
	parts     []*band
	fresh     []bool // the part has a new frame
	keyFrame  bool
	timestamp uint32

	stitcher *h264.Stitcher // worker only
	stitch   []*h264.Frame  // worker only
	users    atomic.Int32   // view and running job

	frames, keyFrames, skipped, failed atomic.Uint64
}

// delivery is one receiver of a rendition.
type delivery struct {
	video   *videoLeg
	started bool // worker only: he has had a key frame of this rendition
	waiting atomic.Bool
}

// Key frames cost every receiver who shares a band, so requests are merged.
const (
	keyGapJoin   = 200 * time.Millisecond // somebody has no picture at all
	keyGapShared = 600 * time.Millisecond
	keyGapSingle = 250 * time.Millisecond // two that are lost again still keep a freeze below a second
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

// show says which bands the rendition is made of from now on. A band that is
// new in it must begin with an intra frame.
func (r *rendition) show(i int, b *band) {
	for len(r.bands) <= i {
		r.bands = append(r.bands, nil)
	}
	if r.bands[i] != b {
		r.bands[i] = b
		b.intra.Store(true)
	}
}

// wantsKey decides whether somebody needs a key frame, and whether its time
// has come.
func (r *rendition) wantsKey(now time.Time) (wanted, due bool) {
	since := now.Sub(r.bands[0].asked)
	list := *r.deliveries.Load()
	gap := keyGapShared
	if len(list) == 1 {
		gap = keyGapSingle
	}
	for _, d := range list {
		switch {
		case !d.video.leg.confirmed.Load():
		case d.waiting.Load() || d.video.fresh.Load():
			wanted, due = true, due || since >= keyGapJoin
		case d.video.keyWanted.Load():
			wanted, due = true, due || since >= gap
		}
	}
	return wanted, due
}

// demand makes the next picture a key frame, if all bands can have an intra frame.
func (r *rendition) demand(now time.Time) {
	r.keyFrame = true
	for _, b := range r.bands {
		b.intra.Store(true)
		b.asked = now
	}
}

// begin makes the bands as they are now the parts of the turn; it returns how
// many of them have something new.
func (r *rendition) begin(timestamp uint32) (fresh int) {
	r.parts, r.fresh, r.timestamp = append(r.parts[:0], r.bands...), r.fresh[:0], timestamp
	for _, b := range r.parts {
		r.fresh = append(r.fresh, b.fresh)
		if b.fresh {
			fresh++
		}
	}
	return fresh
}

// submit waits for the bands of the turn, then sends.
func (r *rendition) submit(fresh int, deadline time.Time) {
	r.busy.Store(true)
	r.users.Add(1)
	r.pending.Store(int32(fresh))
	if fresh == 0 {
		r.ready(deadline)
		return
	}
	for i, b := range r.parts {
		if r.fresh[i] {
			b.wait(r)
		}
	}
}

// ready is called when all bands of the turn are there.
func (r *rendition) ready(deadline time.Time) {
	if !r.engine.exec.submit(deadline, r.job) {
		r.miss()
		r.done()
	}
}

// run stitches and sends; on a worker.
func (r *rendition) run() {
	start := time.Now()
	if err := r.send(); err != nil {
		r.failed.Add(1)
	}
	r.engine.meter.add(workSend, start)
	r.done()
}

// heard reports whether anybody is there to be sent a picture.
func (r *rendition) heard() bool {
	for _, d := range *r.deliveries.Load() {
		if d.video.leg.confirmed.Load() {
			return true
		}
	}
	return false
}

// miss counts a picture that was due and is not made.
func (r *rendition) miss() {
	r.skipped.Add(1)
	r.engine.missed.Add(1)
}

// done ends a turn.
func (r *rendition) done() {
	for i, b := range r.parts {
		if r.fresh[i] {
			b.took()
		}
	}
	r.busy.Store(false)
	r.release()
}

// profileIDC are the values of profile_idc.
var profileIDC = [...]uint8{codecs.ConstrainedBaseline: h264.Baseline, codecs.Main: h264.Main, codecs.High: h264.High}

func (r *rendition) send() error {
	if r.stitcher == nil {
		l := h264.Layout{Width: r.rung.Width, Height: r.rung.Height, Profile: profileIDC[r.key.profile], Level: uint8(r.rung.Level)}
		for _, b := range r.parts {
			l.Rows = append(l.Rows, (b.rect.H+15)/16) // of macroblocks
		}
		s, err := h264.NewStitcher(l)
		if err != nil {
			return err
		}
		r.stitcher = s
	}
	r.stitch = r.stitch[:0]
	for i, b := range r.parts {
		if r.fresh[i] && b.ok {
			r.stitch = append(r.stitch, &b.frame)
		} else {
			r.stitch = append(r.stitch, nil)
		}
	}
	au, err := r.next()
	if err != nil {
		return err
	}
	payloads := r.packetizer.Split(au.Data)
	r.frames.Add(1)
	r.engine.made.Add(1)
	if au.Key {
		r.keyFrames.Add(1)
	}
	for _, d := range *r.deliveries.Load() {
		d.send(r, payloads, au.Key)
	}
	return nil
}

// next stitches the picture. Bands that do not follow what the receivers hold
// are left as they are, and must begin anew.
func (r *rendition) next() (h264.AccessUnit, error) {
	au, err := r.stitcher.Next(r.stitch, r.keyFrame)
	if err == nil {
		return au, nil // before missing, which is allocated
	}
	var missing *h264.IntraError
	if !errors.As(err, &missing) {
		return au, err
	}
	for _, i := range missing.Bands {
		r.parts[i].intra.Store(true)
		r.stitch[i] = nil
	}
	return r.stitcher.Next(r.stitch, false)
}

// send gives the receiver one frame, if he can use it.
func (d *delivery) send(r *rendition, payloads [][]byte, key bool) {
	v := d.video
	v.sending.Lock()
	defer v.sending.Unlock()
	if v.gone || v.rendition.Load() != r || !v.leg.confirmed.Load() {
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

// release gives up one use.
func (r *rendition) release() {
	if r.users.Add(-1) == 0 {
		r.engine.totals.end(r)
	}
}

// counts is what the rendition has counted.
func (r *rendition) counts() map[string]uint64 {
	return map[string]uint64{"frames": r.frames.Load(), "key_frames": r.keyFrames.Load(), "skipped_frames": r.skipped.Load()}
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
