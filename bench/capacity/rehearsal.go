package capacity

import (
	"encoding/gob"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"parley/bench/clip"
	"parley/bench/onecore"
	"parley/codecs"
	"parley/codecs/native"
	"parley/composer"
)

// serveCodecs does the work that it reads until there is no more.
func serveCodecs(in io.Reader, out io.Writer) error {
	runtime.LockOSThread() // all that counts runs on this thread, whose clock is read
	var m material
	ask, answer := gob.NewDecoder(in), gob.NewEncoder(out)
	if err := ask.Decode(&m); err != nil {
		return err
	}
	for {
		var w work
		if err := ask.Decode(&w); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		s, err := w.run(&m)
		if err != nil {
			s.Failed = err.Error()
		}
		if err := answer.Encode(s); err != nil {
			return err
		}
	}
}

// pace is that of the engine.
const (
	pictureRate = 30
	soundRate   = codecs.SampleRate / codecs.FrameSamples
	// expectedLoss is what the engine tells its Opus encoders while nothing is lost.
	expectedLoss = 5
	// fading is how many frames of 20 ms the former speaker, who is silent now,
	// is sent a sound of his own: half a second.
	fading = 25
	// warmUp is how many pictures go before the clock starts: key frames.
	warmUp = pictureRate
)

// rehearsal is one stretch of codec work: the pictures and sounds of a
// conference, made as the engine makes them, of which only the time in the
// codecs counts. It runs on one thread and at the pace of a conference: after
// each rest caches and clocks are cold, which costs up to a fifth, and a node
// cannot help that.
type rehearsal struct {
	work
	spent
	counts   bool
	composer *composer.Composer
	cameras  []camera
	decoders []codecs.VideoDecoder // nil: nobody sees him
	newest   []*codecs.Picture
	bands    []*rehearsedBand
	hearing  []codecs.AudioDecoder
	saying   []codecs.AudioEncoder // of the common mix, and of the former speaker
	spoken   int                   // frames of sound since the floor changed
	samples  [][]float32
	packet   []byte
}

type rehearsedBand struct {
	workBand
	canvas  *composer.Canvas
	encoder codecs.VideoEncoder
}

// camera plays a caller's clips: that of his talking while he talks, each from
// its IDR.
type camera struct {
	idle, talking, now *clip.Video
	at                 int
}

func (c *camera) next(talks bool) codecs.AccessUnit {
	want := c.idle
	if talks {
		want = c.talking
	}
	if want != c.now || c.at == len(c.now.Units) {
		c.now, c.at = want, 0
	}
	c.at++
	return c.now.Units[c.at-1]
}

// run does the work.
func (w work) run(m *material) (spent, error) {
	r := &rehearsal{
		work: w, composer: composer.New(), newest: make([]*codecs.Picture, len(m.Idle)),
		samples: make([][]float32, len(m.Idle)),
	}
	defer r.close()
	if err := r.open(m); err != nil {
		return spent{}, err
	}
	if err := r.stagger(); err != nil {
		return spent{}, err
	}
	ticks, turn := int(w.Seconds*pictureRate), int(talkFor.Seconds()*pictureRate)
	sounds := 0
	begin := time.Now()
	for tick := range warmUp + ticks {
		time.Sleep(time.Until(begin.Add(time.Duration(tick) * time.Second / pictureRate)))
		r.counts = tick >= warmUp
		if tick > warmUp && (tick-warmUp)%turn == 0 {
			r.next()
		}
		if err := r.pictures(tick); err != nil {
			return spent{}, err
		}
		for ; sounds*pictureRate < (tick+1)*soundRate; sounds++ {
			if err := r.sound(m, sounds); err != nil {
				return spent{}, err
			}
		}
	}
	return r.spent, nil
}

func (r *rehearsal) open(m *material) error {
	set := native.Codecs()
	layout, _ := composer.Find(r.Layout)
	seen := map[int]bool{}
	for _, b := range r.Bands {
		one := &rehearsedBand{workBand: b}
		r.bands = append(r.bands, one)
		for _, i := range b.Cells {
			seen[i] = true
		}
		var err error
		if one.encoder, err = set.NewVideoEncoder(codecs.H264, b.Encoder); err != nil {
			return err
		}
		if b.Index < 0 {
			one.canvas = r.composer.NewCanvas(layout, b.Width, b.Height)
		} else {
			one.canvas = r.composer.NewBandCanvas(layout, b.Width, b.Height, layout.ResolveBands(b.Width, b.Height)[b.Index])
		}
	}
	for i := range m.Idle {
		r.cameras = append(r.cameras, camera{idle: m.Idle[i], talking: m.Talking[i]})
		var dec codecs.VideoDecoder
		if seen[i] {
			var err error
			if dec, err = set.NewVideoDecoder(codecs.H264); err != nil {
				return err
			}
		}
		r.decoders = append(r.decoders, dec)
		hear, err := set.NewAudioDecoder(codecs.Opus)
		if err != nil {
			return err
		}
		r.hearing = append(r.hearing, hear)
	}
	for range 2 {
		say, err := set.NewAudioEncoder(codecs.Opus, 0)
		if err != nil {
			return err
		}
		r.saying = append(r.saying, say)
	}
	return nil
}

// next gives the floor to the next caller: he changes places with the former
// speaker, as in the engine.
func (r *rehearsal) next() {
	speaker, former := (r.Speaker+1)%len(r.cameras), r.Speaker
	for _, b := range r.bands {
		small := b.Cells[1:]
		switch main := b.Cells[0]; {
		case main >= 0 && main == r.Speaker:
			b.Cells[0] = speaker
		case main >= 0:
			b.Cells[0] = former
		}
		i := slices.Index(small, speaker)
		if i < 0 {
			continue
		}
		for _, comes := range []int{former, r.Former} {
			if comes != b.Cells[0] && !slices.Contains(small, comes) {
				small[i] = comes
				break
			}
		}
	}
	r.Speaker, r.Former, r.spoken = speaker, former, 0
}

// pictures decodes, composes and encodes those of one tick.
func (r *rehearsal) pictures(tick int) error {
	for i := range r.cameras {
		if err := r.decode(i); err != nil {
			return err
		}
	}
	r.composer.BeginTick()
	for _, b := range r.bands {
		if err := b.draw(r, tick); err != nil {
			return err
		}
	}
	return nil
}

// stagger lets each caller's clip run for a while, so that their key frames do
// not come in one tick.
func (r *rehearsal) stagger() error {
	random := rand.New(rand.NewPCG(uint64(len(r.cameras)), 1))
	for i := range r.cameras {
		for range 1 + random.IntN(2*pictureRate) {
			if err := r.decode(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// large reports whether somebody sees the caller large: only then does the
// engine have his pictures deblocked.
func (r *rehearsal) large(i int) bool {
	return slices.ContainsFunc(r.bands, func(b *rehearsedBand) bool { return b.Cells[0] == i })
}

// decode decodes the next access unit of a caller.
func (r *rehearsal) decode(i int) error {
	unit := r.cameras[i].next(i == r.Speaker)
	if r.decoders[i] == nil {
		return nil
	}
	if f, ok := r.decoders[i].(interface{ SkipLoopFilter(bool) }); ok {
		f.SkipLoopFilter(!r.large(i))
	}
	start := clock()
	p, err := r.decoders[i].Decode(unit.Data, 0)
	r.time(&r.VideoDecode, start)
	if err != nil {
		p.Release()
		return err
	}
	if p != nil {
		r.newest[i].Release()
		r.newest[i] = p
	}
	return nil
}

// draw composes the band and encodes it at once, so that the encoder finds the
// picture where the engine's would: in the cache.
func (b *rehearsedBand) draw(r *rehearsal, tick int) error {
	if tick%(pictureRate/b.Encoder.FPS) != 0 {
		return nil
	}
	contents := make([]composer.Content, len(b.Cells))
	for cell, i := range b.Cells {
		if i >= 0 {
			contents[cell] = composer.Content{
				Source: name(i), Name: name(i), Version: uint64(tick) + 1, Picture: r.newest[i],
			}
		}
	}
	p := b.canvas.Draw(contents, composer.Overlay{}, uint32(tick))
	defer p.Release()
	start := clock()
	unit, err := b.encoder.Encode(p, false)
	r.time(&r.VideoEncode, start)
	if err == nil && r.counts {
		r.Bytes += len(unit.Data)
	}
	return err
}

// sound decodes and encodes one frame of 20 ms: everybody sends, and hears the
// speaker, who hears one packet of silence again and again. The former speaker
// has an encoder of his own for a while.
func (r *rehearsal) sound(m *material, tick int) error {
	for i, dec := range r.hearing {
		packets := m.Quiet.Packets
		if i == r.Speaker {
			packets = m.Voices[i].Packets
		}
		start := clock()
		samples, err := dec.Decode(r.samples[i][:0], packets[tick%len(packets)])
		r.time(&r.AudioDecode, start)
		if err != nil {
			return err
		}
		r.samples[i] = samples
	}
	for i, enc := range r.saying {
		if i == 1 && r.spoken >= fading {
			continue
		}
		frame := r.samples[r.Speaker]
		start := clock()
		enc.SetLoss(expectedLoss)
		packet, err := enc.Encode(r.packet[:0], frame)
		r.time(&r.AudioEncode, start)
		if err != nil {
			return err
		}
		r.packet = packet
	}
	r.spoken++
	if r.counts {
		r.Ticks++
	}
	return nil
}

// time notes that an operation took from start until now.
func (r *rehearsal) time(e *effort, start time.Duration) {
	if r.counts {
		e.Operations++
		e.Time += clock() - start
	}
}

func (r *rehearsal) close() {
	for _, b := range r.bands {
		if b.encoder != nil {
			b.encoder.Close()
		}
		if b.canvas != nil {
			b.canvas.Close()
		}
	}
	for _, d := range r.decoders {
		if d != nil {
			d.Close()
		}
	}
	for _, p := range r.newest {
		p.Release()
	}
	for _, d := range r.hearing {
		d.Close()
	}
	for _, e := range r.saying {
		e.Close()
	}
	r.composer.Close()
}

// clock returns the processor time of this thread.
func clock() time.Duration { return onecore.Clock() }
