package load

import (
	"context"
	"errors"
	"math"
	"runtime"
	"time"

	"parley/codecs"
)

// What Measure works on: a head that sways before a still background, with a
// little noise, as a camera's picture is when it has been decoded. A megapixel of
// it takes encoders within a tenth of what bands of the bench's callers take, and
// decoders a third more than what these send at 1 Mbit/s: real ones send more.
const (
	sampleWidth, sampleHeight = 1280, 720
	sampleBitrate             = 1_000_000
	sampleRounds              = 3 // the quickest counts: others may take the processor
	samplePictures            = 8 // in a round
	samplePackets             = 40
)

// errNothing: codecs that give nothing out cannot be measured.
var errNothing = errors.New("load: a codec gave nothing out")

// Measure finds the costs on this machine. It keeps one processor busy for
// about half a second, unless ctx ends.
func Measure(ctx context.Context, set codecs.Set) (Costs, error) {
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	return measure(ctx, set, threadClock)
}

// measure is Measure by a clock of processor time.
func measure(ctx context.Context, set codecs.Set, clock func() time.Duration) (Costs, error) {
	m := measurement{set: set, clock: clock}
	defer m.close()
	if err := m.open(); err != nil {
		return Costs{}, err
	}
	const megapixels = float64(sampleWidth*sampleHeight*samplePictures) / 1e6
	const seconds = samplePackets / 50.0
	best := [workKinds]float64{}
	for i := range best {
		best[i] = math.Inf(1)
	}
	for round := range 1 + sampleRounds {
		if err := ctx.Err(); err != nil {
			return Costs{}, err
		}
		m.spent = [workKinds]time.Duration{}
		if err := errors.Join(m.pictures(round), m.sound(round)); err != nil {
			return Costs{}, err
		}
		for i, d := range m.spent {
			if round > 0 { // the first has the key frame, and cold caches
				best[i] = min(best[i], d.Seconds())
			}
		}
	}
	return Costs{
		Encode: best[workEncode] / megapixels,
		Decode: best[workDecode] / megapixels, DecodeSmall: best[workDecodeSmall] / megapixels,
		AudioEncode: best[workAudioEncode] / seconds, AudioDecode: best[workAudioDecode] / seconds,
	}, nil
}

// The kinds of work that are measured.
const (
	workEncode = iota
	workDecode
	workDecodeSmall
	workAudioEncode
	workAudioDecode
	workKinds
)

// measurement is the codecs of one measurement, each of its ways of working
// with one of its own.
type measurement struct {
	set     codecs.Set
	clock   func() time.Duration
	enc     codecs.VideoEncoder
	dec     [2]codecs.VideoDecoder // all, without the loop filter
	say     codecs.AudioEncoder
	hear    codecs.AudioDecoder
	picture *codecs.Picture
	frame   []float32
	packet  []byte
	samples []float32
	spent   [workKinds]time.Duration
}

func (m *measurement) open() (err error) {
	if m.enc, err = m.set.NewVideoEncoder(codecs.H264, codecs.VideoEncoderConfig{
		Width: sampleWidth, Height: sampleHeight, FPS: 30, Bitrate: sampleBitrate, Level: 31,
	}); err != nil {
		return err
	}
	for i := range m.dec {
		if m.dec[i], err = m.set.NewVideoDecoder(codecs.H264); err != nil {
			return err
		}
	}
	if d, ok := m.dec[1].(interface{ SkipLoopFilter(skip bool) }); ok {
		d.SkipLoopFilter(true)
	}
	if m.say, err = m.set.NewAudioEncoder(codecs.Opus, 0); err != nil {
		return err
	}
	if m.hear, err = m.set.NewAudioDecoder(codecs.Opus); err != nil {
		return err
	}
	m.picture = codecs.NewPicture(sampleWidth, sampleHeight)
	m.frame = make([]float32, codecs.FrameSamples)
	return nil
}

// count adds the time since start to what has been spent on a kind of work.
func (m *measurement) count(kind int, start time.Duration) { m.spent[kind] += m.clock() - start }

func (m *measurement) pictures(round int) error {
	for n := range samplePictures {
		paint(m.picture, round*samplePictures+n)
		start := m.clock()
		au, err := m.enc.Encode(m.picture, false)
		m.count(workEncode, start)
		if err != nil {
			return err
		}
		for i, dec := range m.dec {
			start := m.clock()
			p, err := dec.Decode(au.Data, uint32(n))
			m.count(workDecode+i, start)
			if err != nil {
				return err
			}
			if p == nil {
				return errNothing
			}
			p.Release()
		}
	}
	return nil
}

func (m *measurement) sound(round int) (err error) {
	for n := range samplePackets {
		for i := range m.frame { // a hum that swells three times a second
			at := float64((round*samplePackets+n)*len(m.frame)+i) / codecs.SampleRate
			m.frame[i] = float32(0.3 * math.Sin(2*math.Pi*180*at) * math.Sin(2*math.Pi*3*at))
		}
		start := m.clock()
		m.packet, err = m.say.Encode(m.packet[:0], m.frame)
		m.count(workAudioEncode, start)
		if err != nil {
			return err
		}
		if len(m.packet) == 0 {
			continue // silence is not sent
		}
		start = m.clock()
		m.samples, err = m.hear.Decode(m.samples[:0], m.packet)
		m.count(workAudioDecode, start)
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) close() {
	if m.enc != nil {
		m.enc.Close()
	}
	for _, d := range m.dec {
		if d != nil {
			d.Close()
		}
	}
	if m.say != nil {
		m.say.Close()
	}
	if m.hear != nil {
		m.hear.Close()
	}
	m.picture.Release()
}

// paint makes picture n.
func paint(p *codecs.Picture, n int) {
	w, h := p.Width, p.Height
	x0, y0 := w/2+w/60*swing(n, 24)/24, h*3/5+h/90*swing(n, 14)/14
	noise := uint32(n*7919 + 1)
	for y := range h {
		row := p.Y[y*p.StrideY:][:w]
		dy := (y - y0) * 100 / (h * 2 / 5)
		for x := range row {
			v := 70 + x*60/w + y*30/h + (x>>5^y>>5)&3*8 // a wall, and tiles
			dx := (x - x0) * 100 / (w / 6)
			if d := dx*dx + dy*dy; d < 100*100 {
				v = 180 - d/150 + (swing(x-x0, 20)+swing(y-y0+swing(n, 10), 16))/2
			}
			noise = noise*1664525 + 1013904223
			row[x] = byte(v + int(noise>>16)%3 - 1)
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = 120, 135
	}
}

// swing goes up to most and down again.
func swing(n, most int) int {
	n %= 2 * most
	if n < 0 {
		n += 2 * most
	}
	return min(n, 2*most-n)
}
