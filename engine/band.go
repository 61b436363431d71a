package engine

import (
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/codecs/h264"
	"parley/composer"
)

// bandKey is what makes bands equal: all renditions that need such a one share
// its encoder.
type bandKey struct {
	name    string // what it shows, whoever that is at the moment
	index   int    // which band of the layout
	whole   bool   // the only band of its pictures
	rung    int    // index into ladder
	profile codecs.Profile
	mode    int    // packetization-mode (RFC 6184 section 6.2)
	solo    string // participant who needs one of his own, "" = shared
}

// band is a stack of macroblock rows with an encoder of its own. Its content
// may change at any time; its encoder goes on.
type band struct {
	engine  *Engine
	key     bandKey
	rung    Rung
	rect    composer.BandRect
	canvas  *composer.Canvas
	job     func() // run, bound once
	phase   uint64 // at half the rate it advances where it and the picture's number are both even, or both odd
	intra   atomic.Bool
	bitrate atomic.Int64

	// Composing goroutine only.
	used  bool      // by a rendition, at the last assignment
	seen  uint64    // tick in which it was last looked at
	held  uint64    // tick in which it must not advance: a rendition still has its last frame
	still int       // pictures since it last changed
	fresh bool      // has a new frame in this tick
	asked time.Time // when a receiver last got a key frame of it

	// A job at a time: the composing goroutine fills these while nobody uses
	// the band, then the workers have them.
	users   atomic.Int32 // the encoding, and renditions that have yet to send the frame
	picture *codecs.Picture
	force   bool
	urgent  time.Time
	waiting []*rendition

	// Workers only.
	encoder codecs.VideoEncoder
	rate    int64     // that the encoder has
	evened  time.Time // when uneven black rows were last answered with an intra frame
	source  h264.Source
	frame   h264.Frame
	ok      bool // frame is of this turn

	refs atomic.Int32 // the conference and running jobs; the last one closes the encoder

	frames, intras, skipped, failed atomic.Uint64
	uneven                          atomic.Uint64 // times that the black rows at the seam did not decode flat
}

// stillPictures is how many pictures of a band that does not change are encoded
// all the same: each makes it a little better. Then it is skipped.
const stillPictures = 15

// seamRows is how many black luma rows bands need on both sides of a seam
// (package h264).
const seamRows = 32

// evenAgain spaces the intra frames that follow uneven black rows: only an
// encoder that has far too few bits leaves them so.
const evenAgain = 2 * time.Second

// sliceGrowth is what rewriting may add to a slice: macroblock addresses and
// escapes.
const sliceGrowth = 20

// bandsOf returns the bands of pictures of that size; one where seams would not
// be exact.
func bandsOf(l *composer.Layout, width, height int) []composer.BandRect {
	bands, more := l.ResolveBands(width, height), l.ResolveMore(width, height)
	for i, b := range bands[:len(bands)-1] {
		seam := b.Y + b.H
		if b.Below < seamRows || bands[i+1].Above < seamRows || more.Y < seam+seamRows && more.Y+more.H > seam-seamRows {
			return wholePicture(l, width, height)
		}
	}
	return bands
}

// wholePicture is all cells in one band.
func wholePicture(l *composer.Layout, width, height int) []composer.BandRect {
	b := composer.BandRect{H: height}
	for i := range l.Cells {
		b.Cells = append(b.Cells, i)
	}
	return []composer.BandRect{b}
}

func newBand(e *Engine, key bandKey, rect composer.BandRect, canvas *composer.Canvas) *band {
	b := &band{engine: e, key: key, rung: ladder[key.rung], rect: rect, canvas: canvas}
	b.job = b.run
	b.refs.Store(1)
	e.totals.begin(b)
	return b
}

// free reports whether the band may have a new frame in this tick.
func (b *band) free(tick uint64) bool { return b.users.Load() == 0 && b.held != tick }

// begin draws the band and gets it ready for submit, unless there is nothing
// new, or it may rest in this tick.
func (b *band) begin(contents []composer.Content, o composer.Overlay, timestamp uint32, rest bool) {
	if b.fresh = false; rest && !b.intra.Load() {
		return
	}
	if b.canvas.Shows(contents, o) {
		b.still++
	} else {
		b.still = 0
	}
	force := b.intra.Swap(false)
	if b.fresh = force || b.still <= stillPictures; !b.fresh {
		return
	}
	b.force = force
	b.picture = b.canvas.Draw(contents, o, timestamp)
	b.waiting = b.waiting[:0]
	b.users.Store(1)
	b.refs.Add(1)
}

// submit hands the band to the executor; renditions wait for it.
func (b *band) submit(deadline time.Time) {
	b.urgent = deadline
	if b.engine.exec.submit(deadline, b.job) {
		return
	}
	b.ok = false
	b.skipped.Add(1)
	if b.force {
		b.intra.Store(true)
	}
	b.finish()
}

// run encodes; on a worker.
func (b *band) run() {
	start := time.Now()
	err := b.encode()
	if b.ok = err == nil; !b.ok {
		b.failed.Add(1)
		b.source.Lost()
	}
	b.engine.meter.add(workEncode, start)
	b.finish()
}

func (b *band) encode() error {
	rate := b.bitrate.Load()
	if b.encoder == nil {
		c := codecs.VideoEncoderConfig{
			Width: b.rung.Width, Height: b.rect.H, FPS: b.rung.FPS, Bitrate: int(rate),
			Profile: b.key.profile, Level: b.rung.Level, Band: !b.key.whole,
		}
		if b.rect.Y > 0 {
			c.BlackTop = b.rect.Above
		}
		if b.rect.Y+b.rect.H < b.rung.Height {
			c.BlackBottom = b.rect.Below
		}
		if b.key.mode == 0 {
			c.MaxNAL = packetPayload - sliceGrowth
		}
		enc, err := b.engine.codecs.NewVideoEncoder(codecs.H264, c)
		if err != nil {
			return err
		}
		b.encoder, b.rate = enc, rate
		b.engine.encoders.Add(1)
	}
	if b.rate != rate {
		if err := b.encoder.SetBitrate(int(rate)); err != nil {
			return err
		}
		b.rate = rate
	}
	au, err := b.encoder.Encode(b.picture, b.force)
	if err != nil {
		return err
	}
	if err := b.source.Read(&b.frame, au.Data); err != nil {
		return err
	}
	b.frames.Add(1)
	if au.Uneven && time.Since(b.evened) > evenAgain {
		b.evened = time.Now()
		b.uneven.Add(1)
		b.intra.Store(true)
	}
	if b.frame.Intra() {
		b.intras.Add(1)
	}
	return nil
}

// finish wakes those who wait for the frame.
func (b *band) finish() {
	b.picture.Release()
	b.picture = nil
	for _, r := range b.waiting {
		if r.pending.Add(-1) == 0 {
			r.ready(b.urgent)
		}
	}
	b.took()
}

// took says that one who used the frame is done with it.
func (b *band) took() {
	b.users.Add(-1)
	b.release()
}

// wait makes r wait for the frame and keeps the band until r has sent it.
func (b *band) wait(r *rendition) {
	b.users.Add(1)
	b.refs.Add(1)
	b.waiting = append(b.waiting, r)
}

// drop is the end of the band for the composing goroutine.
func (b *band) drop() {
	b.canvas.Close()
	b.release()
}

func (b *band) release() {
	if b.refs.Add(-1) != 0 {
		return
	}
	b.engine.totals.end(b)
	if b.encoder != nil {
		b.encoder.Close()
		b.engine.encoders.Add(-1)
	}
}

// counts is what the band has counted.
func (b *band) counts() map[string]uint64 {
	return map[string]uint64{"band_frames": b.frames.Load(), "band_intra_frames": b.intras.Load(), "band_skipped_frames": b.skipped.Load(), "band_uneven_frames": b.uneven.Load()}
}
