package onecore

import (
	"errors"
	"math"

	"parley/bench/clip"
	"parley/codecs"
	"parley/composer"
	"parley/composer/pixel"
)

// material is what the operations work on: moving, noisy pictures of callers and
// their voices, made alike on every machine.
type material struct {
	Options
	set     codecs.Set
	library *clip.Library
	layout  *composer.Layout

	// Composed pictures of one size, kept for the next encoder of that size.
	size     Size
	pictures []*codecs.Picture
}

func newMaterial(set codecs.Set, o Options) *material {
	layout, _ := composer.Find(composer.OneMainSevenPips)
	return &material{Options: o, set: set, library: clip.NewLibrary(set), layout: layout}
}

func (m *material) close() { m.forget() }

func (m *material) forget() {
	for _, p := range m.pictures {
		p.Release()
	}
	m.pictures = nil
}

// rate returns bit/s for pictures of that size: 1.5 Mbit/s at 1280x720, of
// larger ones fewer bits a sample.
func rate(s Size) int {
	return int(1.5e6 * math.Pow(float64(s.Width*s.Height)/(1280*720), 0.75))
}

// clip returns what a caller sends.
func (m *material) clip(caller int, s Size) (*clip.Video, error) {
	return m.library.Video(clip.VideoSpec{
		Caller: caller, Style: clip.Person, Name: "Caller", Talking: caller == 0,
		Width: s.Width, Height: s.Height, FPS: m.fps, Seconds: m.seconds, Noise: 6, Seed: uint64(caller) + 1,
		Bitrate: rate(s),
	})
}

// stage is callers and a composer.
type stage struct {
	composer *composer.Composer
	clips    []*clip.Video
	decoders []codecs.VideoDecoder
	contents []composer.Content
	tick     int
}

// newStage returns so many callers; eight fill the cells of a picture.
func (m *material) newStage(callers int) (*stage, error) {
	s := &stage{composer: composer.New()}
	for i := range callers {
		m.Progress(Progress{Doing: "the pictures of callers"})
		c, err := m.clip(i, m.source)
		if err != nil {
			s.close()
			return nil, err
		}
		d, err := m.set.NewVideoDecoder(codecs.H264)
		if err != nil {
			s.close()
			return nil, err
		}
		s.clips, s.decoders = append(s.clips, c), append(s.decoders, d)
		s.contents = append(s.contents, composer.Content{Source: string(rune('a' + i)), Name: "Caller"})
	}
	return s, nil
}

// next decodes the next picture of every caller and begins a tick.
func (s *stage) next() error {
	for i, d := range s.decoders {
		units := s.clips[i].Units
		p, err := d.Decode(units[s.tick%len(units)].Data, 0)
		if err != nil {
			p.Release()
			return err
		}
		if p == nil {
			return errors.New("the decoder holds a picture back")
		}
		s.contents[i].Picture.Release()
		s.contents[i].Picture = p
		s.contents[i].Version++
	}
	s.tick++
	s.composer.BeginTick()
	return nil
}

func (s *stage) close() {
	for _, d := range s.decoders {
		d.Close()
	}
	for _, c := range s.contents {
		c.Picture.Release()
	}
	s.composer.Close()
}

// composed returns the pictures that eight callers' conference shows, round and
// round. They stay m's.
func (m *material) composed(size Size) ([]*codecs.Picture, error) {
	if m.size == size && m.pictures != nil {
		return m.pictures, nil
	}
	m.forget()
	s, err := m.newStage(len(m.layout.Cells))
	if err != nil {
		return nil, err
	}
	defer s.close()
	canvas := s.composer.NewCanvas(m.layout, size.Width, size.Height)
	defer canvas.Close()
	for range s.clips[0].Units {
		if err := s.next(); err != nil {
			return nil, err
		}
		p := canvas.Draw(s.contents, composer.Overlay{}, 0)
		c := codecs.NewPicture(p.Width, p.Height)
		copyPicture(c, p)
		p.Release()
		m.pictures = append(m.pictures, c)
	}
	m.size = size
	return m.pictures, nil
}

// planes returns the three planes of a picture.
func planes(p *codecs.Picture) [3]pixel.Plane {
	w, h := p.Width, p.Height
	return [3]pixel.Plane{
		{Pix: p.Y, Stride: p.StrideY, Width: w, Height: h},
		{Pix: p.U, Stride: p.StrideUV, Width: w / 2, Height: h / 2},
		{Pix: p.V, Stride: p.StrideUV, Width: w / 2, Height: h / 2},
	}
}

// copyPicture copies the samples of a picture of the same size.
func copyPicture(dst, src *codecs.Picture) {
	to, from := planes(dst), planes(src)
	for i := range to {
		pixel.Copy(to[i], from[i])
	}
}

// band returns height rows of a picture from y on, as a picture that lives as
// long as p does.
func band(p *codecs.Picture, y, height int) *codecs.Picture {
	b := &codecs.Picture{
		Width: p.Width, Height: height, StrideY: p.StrideY, StrideUV: p.StrideUV,
		Y: p.Y[y*p.StrideY:][:height*p.StrideY],
		U: p.U[y/2*p.StrideUV:][:height/2*p.StrideUV],
		V: p.V[y/2*p.StrideUV:][:height/2*p.StrideUV],
	}
	codecs.InitPicture(b, nil)
	return b
}
