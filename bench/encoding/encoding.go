// Package encoding measures what encoders make of composed pictures: likeness to
// the original at several rates, beside the processor time that it takes, for
// the settings that the engine uses and for plain presets of the library. The
// pictures are made, the same on every machine.
package encoding

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"parley/bench/clip"
	"parley/bench/onecore"
	"parley/codecs"
	"parley/composer"
)

// ErrOptions says that what was asked for cannot be measured.
var ErrOptions = errors.New("encoding: options")

// Options say what is measured. The zero value is the usual measurement.
type Options struct {
	Rates    []int // bit/s of a whole picture; nil = 0.5, 1, 1.5 and 2.5 Mbit/s
	Pictures int   // that count at each rate, after a second that does not; 0 = 120
	Rounds   int   // of which the fastest encoding of each picture counts; 0 = 3

	// Progress is told what is being done; nil = nobody wants to know.
	Progress func(text string)

	width, height int            // of the pictures; 0 = 1280x720
	warm          int            // pictures that go before; 0 = 30
	camera        clip.VideoSpec // size, rate and length of what callers send; zero = 1280x720 at 30 pictures/s for 2 s
}

func (o Options) withDefaults() (Options, error) {
	if o.Rates == nil {
		o.Rates = []int{500_000, 1_000_000, 1_500_000, 2_500_000}
	}
	for _, r := range o.Rates {
		if r < 50_000 || r > 50_000_000 {
			return o, fmt.Errorf("%w: %d bit/s: 50 kbit/s to 50 Mbit/s", ErrOptions, r)
		}
	}
	if o.Pictures < 0 || o.Rounds < 0 {
		return o, fmt.Errorf("%w: %d pictures, %d rounds", ErrOptions, o.Pictures, o.Rounds)
	}
	for _, d := range []struct{ field, value *int }{
		{&o.Pictures, ptr(120)}, {&o.Rounds, ptr(3)}, {&o.width, ptr(1280)}, {&o.height, ptr(720)}, {&o.warm, ptr(pictureRate)},
	} {
		if *d.field == 0 {
			*d.field = *d.value
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o, nil
}

func ptr(n int) *int { return &n }

const pictureRate = 30

// Chosen is the name of the engine's settings; others are presets.
const Chosen = "chosen"

// contender is a way to encode a picture.
type contender struct {
	settings string // Chosen or a preset
	bands    bool
}

// contenders are measured beside each other.
var contenders = []contender{
	{Chosen, false},
	{"superfast", false},
	{"veryfast", false},
	{Chosen, true},
	{"superfast", true},
	{"veryfast", true},
}

// thumbnailShare is the share of the rate that the lower of two bands gets, as
// in the engine.
const thumbnailShare = 1.0 / 3

// Result is what a contender made of one rate.
type Result struct {
	Settings string
	Bands    bool          // encoded in bands, else whole
	Asked    int           // bit/s
	Got      float64       // bit/s
	Each     time.Duration // processor time for a picture
	Speaker  Likeness      // of the large cell
	Strip    Likeness      // of the small ones
	Uneven   int           // pictures with a band whose black rows did not decode flat
}

// Measure encodes the pictures with each contender at each rate. It takes about
// two minutes, and ends early with the error of ctx.
func Measure(ctx context.Context, set codecs.Set, o Options) ([]Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	o.Progress("making the pictures of eight callers")
	m, err := newMaterial(set, o)
	if err != nil {
		return nil, err
	}
	defer m.close()
	var results []Result
	for _, rate := range o.Rates {
		var runs []*run
		for _, c := range contenders {
			if c.bands && len(m.bands) < 2 {
				continue
			}
			runs = append(runs, &run{contender: c, material: m, set: set, rate: rate, fastest: make([]time.Duration, o.Pictures)})
		}
		for round := range o.Rounds {
			o.Progress(fmt.Sprintf("%g Mbit/s, round %d of %d", float64(rate)/1e6, round+1, o.Rounds))
			if err := interleave(ctx, runs, o, round == 0); err != nil {
				return nil, err
			}
		}
		for _, r := range runs {
			results = append(results, r.result(o.Pictures))
		}
	}
	return results, nil
}

// interleave lets all contenders encode each picture before the next one comes,
// so that a machine that is busy for a while does them all the same harm. In the
// first round what they made is looked at.
func interleave(ctx context.Context, runs []*run, o Options, look bool) error {
	defer func() {
		for _, r := range runs {
			r.close()
		}
	}()
	for _, r := range runs {
		if err := r.open(look); err != nil {
			return err
		}
	}
	for n := range o.warm + o.Pictures {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.encode(n, n-o.warm, look); err != nil {
				return fmt.Errorf("%s, %d bit/s: %w", r.settings, r.rate, err)
			}
		}
	}
	return nil
}

// run is a contender at one rate.
type run struct {
	contender
	material *material
	set      codecs.Set
	rate     int
	parts    []part

	fastest  []time.Duration // of each picture that counts
	bits     float64
	cells    [2]sums // speaker, thumbnails
	uneven   int
	unevenIn bool // this picture
}

// part is a band, or the whole picture.
type part struct {
	composer.BandRect
	encoder codecs.VideoEncoder
	decoder codecs.VideoDecoder // nil: nobody looks
	picture *codecs.Picture     // what is encoded
}

func (r *run) open(look bool) error {
	rects := []composer.BandRect{r.material.whole}
	if r.bands {
		rects = r.material.bands
	}
	for i, b := range rects {
		rate := r.rate
		c := codecs.VideoEncoderConfig{
			Width: r.material.width, Height: b.H, FPS: pictureRate, Level: 51, Band: r.bands,
		}
		if r.bands {
			rate = int(float64(r.rate) * thumbnailShare)
			if i == 0 {
				rate = r.rate - rate
			}
			if i > 0 {
				c.BlackTop = b.Above
			}
			if i < len(rects)-1 {
				c.BlackBottom = b.Below
			}
		}
		c.Bitrate = rate
		if r.settings != Chosen {
			c.Preset = r.settings
		}
		e, err := r.set.NewVideoEncoder(codecs.H264, c)
		if err != nil {
			return err
		}
		p := part{BandRect: b, encoder: e, picture: codecs.NewPicture(c.Width, c.Height)}
		if look {
			if p.decoder, err = r.set.NewVideoDecoder(codecs.H264); err != nil {
				e.Close()
				p.picture.Release()
				return err
			}
		}
		r.parts = append(r.parts, p)
	}
	return nil
}

// encode encodes picture n; it is number `counts` of those that count, which
// begin with 0.
func (r *run) encode(n, counts int, look bool) error {
	source := r.material.pictures[n%len(r.material.pictures)]
	var took time.Duration
	r.unevenIn = false
	for _, p := range r.parts {
		// The encoder finds a picture in the cache, as after composing.
		copyRows(p.picture, source, p.Y)
		start := onecore.Clock()
		unit, err := p.encoder.Encode(p.picture, n == 0)
		took += onecore.Clock() - start
		if err != nil {
			return err
		}
		if !look {
			continue
		}
		out, err := p.decoder.Decode(unit.Data, 0)
		if err != nil {
			out.Release()
			return err
		}
		if out == nil {
			return errors.New("the decoder holds a picture back")
		}
		if counts >= 0 {
			r.bits += 8 * float64(len(unit.Data))
			r.unevenIn = r.unevenIn || unit.Uneven
			for _, i := range p.Cells {
				cell := r.material.cells[i]
				cell.Y -= p.Y
				if err := r.cells[min(i, 1)].add(p.picture, out, cell); err != nil {
					out.Release()
					return err
				}
			}
		}
		out.Release()
	}
	if r.unevenIn {
		r.uneven++
	}
	if counts >= 0 && (look || took < r.fastest[counts]) {
		r.fastest[counts] = took
	}
	return nil
}

func (r *run) close() {
	for _, p := range r.parts {
		p.encoder.Close()
		p.picture.Release()
		if p.decoder != nil {
			p.decoder.Close()
		}
	}
	r.parts = nil
}

func (r *run) result(pictures int) Result {
	var total time.Duration
	for _, t := range r.fastest {
		total += t
	}
	return Result{
		Settings: r.settings, Bands: r.bands, Asked: r.rate, Got: math.Round(r.bits * pictureRate / float64(pictures)),
		Each: total / time.Duration(pictures), Speaker: r.cells[0].likeness(), Strip: r.cells[1].likeness(), Uneven: r.uneven,
	}
}
