package encoding

import (
	"errors"

	"parley/bench/clip"
	"parley/codecs"
	"parley/composer"
	"parley/composer/pixel"
)

// material is composed pictures, to be shown round and round.
type material struct {
	width, height int
	cells         []composer.Rect
	whole         composer.BandRect
	bands         []composer.BandRect
	pictures      []*codecs.Picture
}

// newMaterial composes what eight callers send: people who move before a camera
// with noise, encoded as callers do, so that much of the noise has gone and
// blemishes have come.
func newMaterial(set codecs.Set, o Options) (*material, error) {
	width, height := o.width, o.height
	layout, _ := composer.Find(composer.OneMainSevenPips)
	m := &material{
		width: width, height: height, cells: layout.Resolve(width, height), bands: layout.ResolveBands(width, height),
		whole: composer.BandRect{H: height},
	}
	c := composer.New()
	defer c.Close()
	canvas := c.NewCanvas(layout, width, height)
	defer canvas.Close()
	library := clip.NewLibrary(set)
	var callers []*caller
	var contents []composer.Content
	defer func() {
		for i, one := range callers {
			one.decoder.Close()
			contents[i].Picture.Release()
		}
	}()
	for i := range m.cells {
		m.whole.Cells = append(m.whole.Cells, i)
		one, err := newCaller(set, library, o.camera, i)
		if err != nil {
			return nil, err
		}
		callers = append(callers, one)
		contents = append(contents, composer.Content{Source: string(rune('a' + i)), Name: "Caller"})
	}
	for range len(callers[0].units) {
		for i, one := range callers {
			p, err := one.next()
			if err != nil {
				m.close()
				return nil, err
			}
			contents[i].Picture.Release()
			contents[i].Picture = p
			contents[i].Version++
		}
		c.BeginTick()
		p := canvas.Draw(contents, composer.Overlay{}, 0)
		kept := codecs.NewPicture(width, height)
		copyRows(kept, p, 0)
		p.Release()
		m.pictures = append(m.pictures, kept)
	}
	return m, nil
}

func (m *material) close() {
	for _, p := range m.pictures {
		p.Release()
	}
	m.pictures = nil
}

// caller decodes a clip, round and round.
type caller struct {
	units   []codecs.AccessUnit
	decoder codecs.VideoDecoder
	at      int
}

// apart is by how many pictures callers' clips are shifted against each other,
// so that not all of them begin anew in the same picture.
const apart = 7

func newCaller(set codecs.Set, library *clip.Library, camera clip.VideoSpec, i int) (*caller, error) {
	camera.Caller, camera.Style, camera.Name, camera.Talking = i, clip.Person, "Caller", i == 0
	camera.Noise, camera.Seed, camera.Bitrate = 6, uint64(i)+1, 1_500_000
	v, err := library.Video(camera)
	if err != nil {
		return nil, err
	}
	d, err := set.NewVideoDecoder(codecs.H264)
	if err != nil {
		return nil, err
	}
	c := &caller{units: v.Units, decoder: d}
	for range i * apart {
		p, err := c.next()
		if err != nil {
			d.Close()
			return nil, err
		}
		p.Release()
	}
	return c, nil
}

func (c *caller) next() (*codecs.Picture, error) {
	p, err := c.decoder.Decode(c.units[c.at%len(c.units)].Data, 0)
	c.at++
	if err != nil {
		p.Release()
		return nil, err
	}
	if p == nil {
		return nil, errors.New("the decoder holds a picture back")
	}
	return p, nil
}

// copyRows fills dst with rows of src, which is as wide, from row y on.
func copyRows(dst, src *codecs.Picture, y int) {
	for _, plane := range [...]struct {
		dst, src              []byte
		dstStride, srcStride  int
		width, height, offset int
	}{
		{dst.Y, src.Y, dst.StrideY, src.StrideY, dst.Width, dst.Height, y},
		{dst.U, src.U, dst.StrideUV, src.StrideUV, dst.Width / 2, dst.Height / 2, y / 2},
		{dst.V, src.V, dst.StrideUV, src.StrideUV, dst.Width / 2, dst.Height / 2, y / 2},
	} {
		pixel.Copy(
			pixel.Plane{Pix: plane.dst, Stride: plane.dstStride, Width: plane.width, Height: plane.height},
			pixel.Plane{Pix: plane.src[plane.offset*plane.srcStride:], Stride: plane.srcStride, Width: plane.width, Height: plane.height},
		)
	}
}
