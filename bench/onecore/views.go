package onecore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"parley/codecs"
	"parley/codecs/h264"
	"parley/composer"
)

// Viewers is how many callers see different pictures when everybody on a full
// stage is shown the others.
const Viewers = 9

// What the pictures of a view are encoded at, whole and as bands, bit/s.
const (
	viewRate  = 1_500_000
	stripRate = viewRate / 3
	largeRate = viewRate - stripRate
)

// ViewOptions say how the views are encoded.
type ViewOptions struct {
	Profile codecs.Profile
	Preset  string        // of x264; "" or Chosen = the settings of a node
	Length  time.Duration // of the pictures measured; 0 = 10 s

	Progress func(Progress) // as in Options

	source  Size // what callers send; zero = 1280x720
	view    Size // what they are shown; zero = 1280x720
	seconds int  // of the clips; 0 = 2
}

// ViewResult is what the pictures of nine viewers take, processor time.
type ViewResult struct {
	Length                    time.Duration // of the pictures
	Whole                     time.Duration // nine encoders, a whole picture each
	Large, Strips             time.Duration // two encoders of large bands, nine of strips
	Stitch                    time.Duration // for nine receivers
	ComposeWhole, ComposeBand time.Duration // drawing what these encode
	WholeBits, BandBits       int           // of a viewer's stream in the mean
	Least, Most               float64       // Ratio of each second
}

// Bands returns what the encoders of bands and the stitching take.
func (r ViewResult) Bands() time.Duration { return r.Large + r.Strips + r.Stitch }

// Ratio returns by what part of nine whole encodes the bands get along.
func (r ViewResult) Ratio() float64 { return float64(r.Bands()) / float64(r.Whole) }

// MeasureViews encodes what nine callers of one conference are shown, whole and
// as bands that they share, in turns picture by picture on one thread. In the
// first second nothing is counted.
func MeasureViews(ctx context.Context, set codecs.Set, o ViewOptions) (ViewResult, error) {
	if o.view == (Size{}) {
		o.view = Size{1280, 720}
	}
	if o.Length == 0 {
		o.Length = 10 * time.Second
	}
	if o.Length < time.Second {
		return ViewResult{}, fmt.Errorf("%w: %v of pictures, a second or more is needed", ErrOptions, o.Length)
	}
	base, err := Options{Progress: o.Progress, source: o.source, seconds: o.seconds}.withDefaults()
	if err != nil {
		return ViewResult{}, err
	}
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	m := newMaterial(set, base)
	defer m.close()
	v, err := m.newViews(o)
	if err != nil {
		return ViewResult{}, err
	}
	defer v.close()
	base.Progress(Progress{Doing: "the views, whole and as bands"})
	for range pictureRate {
		if err := v.next(); err != nil {
			return ViewResult{}, err
		}
	}
	var total ViewResult
	for total.Length < o.Length {
		v.spent = ViewResult{Length: time.Second}
		for range pictureRate {
			if err := ctx.Err(); err != nil {
				return ViewResult{}, err
			}
			if err := v.next(); err != nil {
				return ViewResult{}, err
			}
		}
		total.add(v.spent)
	}
	total.WholeBits /= Viewers
	total.BandBits /= Viewers
	return total, nil
}

func (r *ViewResult) add(s ViewResult) {
	if ratio := s.Ratio(); r.Length == 0 {
		r.Least, r.Most = ratio, ratio
	} else {
		r.Least, r.Most = min(r.Least, ratio), max(r.Most, ratio)
	}
	r.Length += s.Length
	r.Whole += s.Whole
	r.Large += s.Large
	r.Strips += s.Strips
	r.Stitch += s.Stitch
	r.ComposeWhole += s.ComposeWhole
	r.ComposeBand += s.ComposeBand
	r.WholeBits += s.WholeBits
	r.BandBits += s.BandBits
}

// views are the pictures of nine viewers, made both ways.
type views struct {
	stage   *stage
	apart   *composer.Composer // that of the bands, so that none finds what the other drew
	whole   []*viewEncoder     // of each viewer
	large   []*viewEncoder     // with the speaker, and for himself with the one before him
	strips  []*viewEncoder     // of each viewer
	viewers []*h264.Stitcher
	n       int
	spent   ViewResult
}

// viewEncoder is a canvas and the encoder of what is drawn on it.
type viewEncoder struct {
	order    []int // the callers in its cells
	canvas   *composer.Canvas
	encoder  codecs.VideoEncoder
	contents []composer.Content
	source   h264.Source
	frame    h264.Frame
}

// cellsOf returns who is in the cells of a viewer's picture: the speaker, 0, or
// for himself the one before him, 1; and all others but himself. Each has his
// own seats.
func cellsOf(viewer int) []int {
	large := 0
	if viewer == 0 {
		large = 1
	}
	order := []int{large}
	for i := range Viewers {
		if k := (viewer + i) % Viewers; k != viewer && k != large {
			order = append(order, k)
		}
	}
	return order
}

func (m *material) newViews(o ViewOptions) (v *views, err error) {
	v = &views{apart: composer.New()}
	defer func() {
		if err != nil {
			v.close()
			v = nil
		}
	}()
	bands := m.layout.ResolveBands(o.view.Width, o.view.Height)
	if len(bands) != 2 {
		return v, fmt.Errorf("%w: %v has %d bands", errAbsent, o.view, len(bands))
	}
	if v.stage, err = m.newStage(Viewers); err != nil {
		return v, err
	}
	config := codecs.VideoEncoderConfig{Width: o.view.Width, Height: o.view.Height, FPS: pictureRate, Bitrate: viewRate, Profile: o.Profile, Level: 31, Preset: preset(o.Preset)}
	add := func(list *[]*viewEncoder, order []int, canvas *composer.Canvas, c codecs.VideoEncoderConfig) error {
		e, err := m.set.NewVideoEncoder(codecs.H264, c)
		if err != nil {
			canvas.Close()
			if errors.Is(err, codecs.ErrUnsupported) {
				err = fmt.Errorf("%w: preset %q: %w", ErrOptions, c.Preset, err)
			}
			return err
		}
		*list = append(*list, &viewEncoder{order: order, canvas: canvas, encoder: e})
		return nil
	}
	addBand := func(list *[]*viewEncoder, order []int, b composer.BandRect) error {
		c := config
		c.Height, c.Band, c.Bitrate = b.H, true, largeRate
		if b.Y > 0 {
			c.Bitrate, c.BlackTop = stripRate, b.Above
		} else {
			c.BlackBottom = b.Below
		}
		return add(list, order, v.apart.NewBandCanvas(m.layout, o.view.Width, o.view.Height, b), c)
	}
	idc := [...]uint8{codecs.ConstrainedBaseline: h264.Baseline, codecs.Main: h264.Main, codecs.High: h264.High}[o.Profile]
	layout := h264.Layout{Width: o.view.Width, Height: o.view.Height, Profile: idc, Level: 31, Rows: []int{bands[0].H / 16, (bands[1].H + 15) / 16}}
	for i := range 2 {
		if err = addBand(&v.large, cellsOf(1-i), bands[0]); err != nil { // those of one who is not the speaker, of the speaker
			return v, err
		}
	}
	for i := range Viewers {
		order := cellsOf(i)
		if err = add(&v.whole, order, v.stage.composer.NewCanvas(m.layout, o.view.Width, o.view.Height), config); err != nil {
			return v, err
		}
		if err = addBand(&v.strips, order, bands[1]); err != nil {
			return v, err
		}
		s, err := h264.NewStitcher(layout)
		if err != nil {
			return v, err
		}
		v.viewers = append(v.viewers, s)
	}
	return v, nil
}

func (v *views) close() {
	for _, list := range [][]*viewEncoder{v.whole, v.large, v.strips} {
		for _, e := range list {
			e.canvas.Close()
			e.encoder.Close()
		}
	}
	v.apart.Close()
	if v.stage != nil {
		v.stage.close()
	}
}

// next makes the next picture of everybody, both ways in turns which is first.
func (v *views) next() error {
	if err := v.stage.next(); err != nil {
		return err
	}
	v.apart.BeginTick()
	v.n++
	if v.n%2 == 0 {
		return errors.Join(v.makeWhole(), v.makeBands())
	}
	return errors.Join(v.makeBands(), v.makeWhole())
}

func (v *views) makeWhole() error {
	for _, e := range v.whole {
		u, err := e.next(v.stage.contents, &v.spent.ComposeWhole, &v.spent.Whole)
		if err != nil {
			return err
		}
		v.spent.WholeBits += 8 * len(u.Data)
	}
	return nil
}

func (v *views) makeBands() error {
	for i, list := range [][]*viewEncoder{v.large, v.strips} {
		for _, e := range list {
			spent := &v.spent.Large
			if i > 0 {
				spent = &v.spent.Strips
			}
			u, err := e.next(v.stage.contents, &v.spent.ComposeBand, spent)
			if err != nil {
				return err
			}
			start := Clock()
			err = e.source.Read(&e.frame, u.Data)
			v.spent.Stitch += Clock() - start
			if err != nil {
				return err
			}
		}
	}
	for i, s := range v.viewers {
		large := v.large[0]
		if i == 0 {
			large = v.large[1]
		}
		start := Clock()
		u, err := s.Next([]*h264.Frame{&large.frame, &v.strips[i].frame}, v.n == 1)
		v.spent.Stitch += Clock() - start
		if err != nil {
			return err
		}
		v.spent.BandBits += 8 * len(u.Data)
	}
	return nil
}

// next draws and encodes the next picture.
func (e *viewEncoder) next(callers []composer.Content, drawing, encoding *time.Duration) (codecs.AccessUnit, error) {
	e.contents = e.contents[:0]
	for _, k := range e.order {
		e.contents = append(e.contents, callers[k])
	}
	start := Clock()
	p := e.canvas.Draw(e.contents, composer.Overlay{}, 0)
	drawn := Clock()
	u, err := e.encoder.Encode(p, false)
	*drawing += drawn - start
	*encoding += Clock() - drawn
	p.Release()
	return u, err
}
