//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/h264"
	"parley/codecs/native"
	"parley/composer"
)

// studio makes bands as a conference would: callers who move before noisy
// cameras, composed, each band encoded by an encoder of its own.
type studio struct {
	t        *testing.T
	composer *composer.Composer
	cameras  []*camera
	large    []*feed // those of the upper band
	strips   []*feed // those of the lower one
	rects    []composer.BandRect
	n        int // pictures so far
}

// camera is a caller's pictures: a window that pans fast over a larger one,
// which has noise that changes.
type camera struct {
	stills []*codecs.Picture
	seed   int
}

// feed is one band's encoder and all that it made.
type feed struct {
	index   int // of the band
	every   int // it has a new picture in each so many
	encoder codecs.VideoEncoder
	canvas  *composer.Canvas
	cells   []int // the camera of each cell
	source  h264.Source
	frame   h264.Frame
	units   [][]byte
	intra   bool // asked for
	fresh   bool // the frame is of this picture
	uneven  int
}

// The pictures of the tests: 1280x720, most of 1.5 Mbit/s for the large band.
const (
	studioWidth, studioHeight = 1280, 720
	largeRate, stripRate      = 1_000_000, 500_000
	studioStills              = 4
)

// newStudio opens two large bands and three strips.
func newStudio(t *testing.T, profile codecs.Profile, mode int) *studio {
	t.Helper()
	layout, _ := composer.Find(composer.OneMainSevenPips)
	s := &studio{t: t, composer: composer.New(), rects: layout.ResolveBands(studioWidth, studioHeight)}
	t.Cleanup(s.close)
	if len(s.rects) != 2 || s.rects[0].H != 592 || s.rects[1].H != 128 {
		t.Fatalf("bands %+v", s.rects)
	}
	for i := range 8 {
		c := &camera{seed: i}
		s.cameras = append(s.cameras, c)
		for k := range studioStills {
			spec := clip.VideoSpec{
				Caller: i, Style: clip.Person, Name: "Caller " + string(rune('A'+i)),
				Width: 960, Height: 540, Noise: 6, Seed: uint64(i + 1),
			}
			p, err := spec.Draw(4 * k)
			if err != nil {
				t.Fatal(err)
			}
			c.stills = append(c.stills, p)
		}
	}
	for k := range 2 {
		s.large = append(s.large, s.open(layout, profile, mode, 0, k, 1))
	}
	for k := range 3 {
		every := 1
		if k == 2 {
			every = 2 // thumbnails at half the rate
		}
		s.strips = append(s.strips, s.open(layout, profile, mode, 1, k, every))
	}
	return s
}

// open opens an encoder for a band that shows the cameras from first on.
func (s *studio) open(layout *composer.Layout, profile codecs.Profile, mode, index, first, every int) *feed {
	s.t.Helper()
	rect := s.rects[index]
	c := codecs.VideoEncoderConfig{
		Width: studioWidth, Height: rect.H, FPS: 30, Bitrate: largeRate, Profile: profile, Level: 31, Band: true,
		BlackBottom: rect.Below,
	}
	if index > 0 {
		c.Bitrate, c.BlackTop, c.BlackBottom = stripRate, rect.Above, 0
	}
	if mode == 0 {
		c.MaxNAL = 1180
	}
	e, err := native.Codecs().NewVideoEncoder(codecs.H264, c)
	if err != nil {
		s.t.Fatal(err)
	}
	f := &feed{index: index, every: every, encoder: e, canvas: s.composer.NewBandCanvas(layout, studioWidth, studioHeight, rect)}
	for i := range layout.Cells {
		f.cells = append(f.cells, (first+i)%len(s.cameras))
	}
	return f
}

func (s *studio) feeds() []*feed { return append(append([]*feed(nil), s.large...), s.strips...) }

func (s *studio) close() {
	for _, f := range s.feeds() {
		f.encoder.Close()
		f.canvas.Close()
	}
	for _, c := range s.cameras {
		for _, p := range c.stills {
			p.Release()
		}
	}
	s.composer.Close()
}

// window returns what the camera sees at picture n: up to 27 rows a picture
// further. It lives as long as the camera.
func (c *camera) window(n int) *codecs.Picture {
	p := c.stills[n%len(c.stills)]
	const w, h = 640, 360
	x := int((1+math.Sin(0.13*float64(n)+float64(c.seed)))*(960-w)/2) &^ 1
	y := int((1+math.Sin(0.3*float64(n)+2*float64(c.seed)))*(540-h)/2) &^ 1
	out := &codecs.Picture{
		Width: w, Height: h, StrideY: p.StrideY, StrideUV: p.StrideUV,
		Y: p.Y[y*p.StrideY+x:], U: p.U[y/2*p.StrideUV+x/2:], V: p.V[y/2*p.StrideUV+x/2:],
	}
	codecs.InitPicture(out, nil)
	return out
}

// next draws and encodes the next picture of every band.
func (s *studio) next() error {
	s.composer.BeginTick()
	var views []*codecs.Picture
	for _, c := range s.cameras {
		views = append(views, c.window(s.n))
	}
	defer func() {
		for _, v := range views {
			v.Release()
		}
	}()
	for _, f := range s.feeds() {
		f.fresh = s.n%f.every == 0
		if !f.fresh {
			continue
		}
		var contents []composer.Content
		for _, k := range f.cells {
			contents = append(contents, composer.Content{
				Source: string(rune('a' + k)), Version: uint64(s.n + 1), Picture: views[k], Name: "Caller",
			})
		}
		p := f.canvas.Draw(contents, composer.Overlay{}, 0)
		err := f.encode(p)
		p.Release()
		if err != nil {
			return fmt.Errorf("band %d: %w", f.index, err)
		}
	}
	s.n++
	return nil
}

func (f *feed) encode(p *codecs.Picture) error {
	intra := f.intra
	f.intra = false
	u, err := f.encoder.Encode(p, intra)
	if err != nil {
		return err
	}
	if u.Uneven {
		f.uneven++
	}
	f.units = append(f.units, bytes.Clone(u.Data))
	return f.source.Read(&f.frame, u.Data)
}

// shown is what a picture has in a band: a frame of a feed.
type shown struct {
	feed   *feed
	number int
}

// reference makes the expected pictures: each feed's own stream, decoded alone
// by FFmpeg.
type reference struct {
	decoders map[*feed]*alone
}

type alone struct {
	decoder codecs.VideoDecoder
	next    int
	picture *codecs.Picture // of the frame before next
}

func newReference() *reference { return &reference{map[*feed]*alone{}} }

func (r *reference) close() {
	for _, a := range r.decoders {
		a.picture.Release()
		a.decoder.Close()
	}
}

// picture decodes the feed up to the frame. Frames are asked for in their order.
func (r *reference) picture(s shown) (*codecs.Picture, error) {
	a := r.decoders[s.feed]
	if a == nil {
		d, err := native.Codecs().NewVideoDecoder(codecs.H264)
		if err != nil {
			return nil, err
		}
		a = &alone{decoder: d}
		r.decoders[s.feed] = a
	}
	if s.number < a.next-1 {
		return nil, fmt.Errorf("frame %d after %d", s.number, a.next-1)
	}
	for ; a.next <= s.number; a.next++ {
		p, err := a.decoder.Decode(s.feed.units[a.next], 0)
		if err != nil || p == nil {
			return nil, fmt.Errorf("own stream, frame %d: no picture: %w", a.next, err)
		}
		a.picture.Release()
		a.picture = p
	}
	return a.picture, nil
}

// compare compares every sample of a picture with the bands that it is to show.
func (r *reference) compare(got *codecs.Picture, bands []shown) error {
	if got.Width != studioWidth || got.Height != studioHeight {
		return fmt.Errorf("%dx%d", got.Width, got.Height)
	}
	top := 0
	for i, b := range bands {
		want, err := r.picture(b)
		if err != nil {
			return err
		}
		for _, plane := range []struct {
			name       string
			got, want  []byte
			sg, sw     int
			top, width int
			height     int
		}{
			{"Y", got.Y, want.Y, got.StrideY, want.StrideY, top, want.Width, want.Height},
			{"U", got.U, want.U, got.StrideUV, want.StrideUV, top / 2, want.Width / 2, want.Height / 2},
			{"V", got.V, want.V, got.StrideUV, want.StrideUV, top / 2, want.Width / 2, want.Height / 2},
		} {
			wrong, first := 0, 0
			for y := range plane.height {
				g, w := plane.got[(plane.top+y)*plane.sg:][:plane.width], plane.want[y*plane.sw:][:plane.width]
				if bytes.Equal(g, w) {
					continue
				}
				if wrong == 0 {
					first = y
				}
				for x := range g {
					if g[x] != w[x] {
						wrong++
					}
				}
			}
			if wrong > 0 {
				return fmt.Errorf("band %d, %s: %d samples differ, from row %d on", i, plane.name, wrong, first)
			}
		}
		top += want.Height
	}
	if top != got.Height {
		return fmt.Errorf("bands of %d rows", top)
	}
	return nil
}
