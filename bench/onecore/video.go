package onecore

import (
	"errors"
	"fmt"

	"parley/codecs"
	"parley/composer"
	"parley/composer/pixel"
)

// picture fills in the result of an operation on pictures.
func picture(group, name string, s Size) Result {
	return Result{Group: group, Name: name, Size: s.String(), Rate: pictureRate, Area: s.Width * s.Height}
}

// loopFilterSkipper is a decoder that can leave out the deblocking filter.
type loopFilterSkipper interface{ SkipLoopFilter(skip bool) }

// decodes decode a caller's pictures of each size.
func (m *material) decodes() (all []operation) {
	for _, size := range m.Sizes {
		for _, skip := range [...]bool{false, true} {
			name := "decode"
			if skip {
				name = "decode without loop filter"
			}
			all = append(all, operation{picture(Decode, name, size), func() (task, error) { return m.decode(size, skip) }})
		}
	}
	return all
}

func (m *material) decode(size Size, skip bool) (task, error) {
	m.Progress(Progress{Doing: fmt.Sprintf("pictures of %v", size)})
	c, err := m.clip(0, size)
	if err != nil {
		return task{}, err
	}
	d, err := m.set.NewVideoDecoder(codecs.H264)
	if err != nil {
		return task{}, err
	}
	if skip {
		s, ok := d.(loopFilterSkipper)
		if !ok {
			d.Close()
			return task{}, errAbsent
		}
		s.SkipLoopFilter(true)
	}
	return task{steps: len(c.Units), each: 1, close: d.Close, do: func(i int) error {
		p, err := d.Decode(c.Units[i].Data, 0)
		p.Release()
		return err
	}}, nil
}

// scales bring pictures to the cells of a canvas of their own size, and what
// most callers send to those of every canvas.
func (m *material) scales() (all []operation) {
	for _, from := range m.Sizes {
		for _, canvas := range m.Sizes {
			if from != canvas && from != m.source {
				continue
			}
			cells := m.layout.Resolve(canvas.Width, canvas.Height)
			for i, name := range [...]string{"main cell", "thumbnail"} {
				to := Size{cells[i].W, cells[i].H}
				all = append(all, operation{
					picture(Scale, fmt.Sprintf("scale %v to %s of %v", from, name, canvas), to),
					func() (task, error) { return scale(from, to) },
				})
			}
		}
	}
	return all
}

// scaled is how many pictures are scaled in a round, all of them different, so
// that they are not in the nearest cache.
const scaled = 8

func scale(from, to Size) (task, error) {
	var sources [scaled]*codecs.Picture
	for i := range sources {
		sources[i] = codecs.NewPicture(from.Width, from.Height)
		for _, plane := range planes(sources[i]) {
			for k := range plane.Pix {
				plane.Pix[k] = byte(k*7 + i)
			}
		}
	}
	target := codecs.NewPicture(to.Width, to.Height)
	luma := pixel.NewScaler(from.Width, from.Height, to.Width, to.Height)
	chroma := pixel.NewScaler(from.Width/2, from.Height/2, to.Width/2, to.Height/2)
	free := func() {
		for _, p := range sources {
			p.Release()
		}
		target.Release()
	}
	return task{steps: 4 * scaled, each: 1, close: free, do: func(i int) error {
		src, dst := planes(sources[i%scaled]), planes(target)
		pixel.Scale(dst[0], src[0], luma)
		pixel.Scale(dst[1], src[1], chroma)
		pixel.Scale(dst[2], src[2], chroma)
		return nil
	}}, nil
}

// composes draw eight callers' new pictures.
func (m *material) composes() (all []operation) {
	for _, size := range m.Sizes {
		for _, again := range [...]bool{false, true} {
			name := "compose 1+7 of " + m.source.String()
			if again {
				name = "the same pictures in one more view"
			}
			all = append(all, operation{picture(Compose, name, size), func() (task, error) { return m.compose(size, again) }})
		}
	}
	return all
}

func (m *material) compose(size Size, again bool) (task, error) {
	s, err := m.newStage(len(m.layout.Cells))
	if err != nil {
		return task{}, err
	}
	first := s.composer.NewCanvas(m.layout, size.Width, size.Height)
	second := s.composer.NewCanvas(m.layout, size.Width, size.Height)
	draw := func(c *composer.Canvas) { c.Draw(s.contents, composer.Overlay{}, 0).Release() }
	t := task{steps: len(s.clips[0].Units), each: 1, close: func() {
		first.Close()
		second.Close()
		s.close()
	}}
	t.prepare = func(int) error {
		err := s.next()
		if again && err == nil {
			draw(first)
		}
		return err
	}
	t.do = func(int) error {
		if again {
			draw(second)
		} else {
			draw(first)
		}
		return nil
	}
	return t, nil
}

// bandsFrom is the height of pictures that are worth encoding in bands.
const bandsFrom = 720

// encodes encode composed pictures of each size, and their bands.
func (m *material) encodes() (all []operation) {
	add := func(name string, part Size, open func(name string) (task, error)) {
		for _, p := range m.Presets {
			all = append(all, operation{picture(Encode, name+p, part), func() (task, error) { return open(p) }})
		}
	}
	for _, size := range m.Sizes {
		add("encode ", size, func(name string) (task, error) {
			return m.encode(size, composer.BandRect{H: size.Height}, name)
		})
		bands := m.layout.ResolveBands(size.Width, size.Height)
		if size.Height < bandsFrom || len(bands) < 2 {
			continue
		}
		for _, b := range bands {
			add("encode band ", Size{size.Width, b.H}, func(name string) (task, error) { return m.encode(size, b, name) })
		}
	}
	return all
}

// encode encodes rows of composed pictures, the whole or a band.
func (m *material) encode(size Size, rows composer.BandRect, name string) (task, error) {
	pictures, err := m.composed(size)
	if err != nil {
		return task{}, err
	}
	part := Size{size.Width, rows.H}
	e, err := m.set.NewVideoEncoder(codecs.H264, codecs.VideoEncoderConfig{
		Width: part.Width, Height: part.Height, FPS: pictureRate, Bitrate: rate(part), Level: 51,
		Preset: preset(name), Band: rows.H < size.Height,
	})
	if errors.Is(err, codecs.ErrUnsupported) {
		return task{}, fmt.Errorf("%w: preset %q: %w", ErrOptions, name, err)
	}
	if err != nil {
		return task{}, err
	}
	// The encoder finds a picture in the cache, as after composing.
	fresh := codecs.NewPicture(part.Width, part.Height)
	t := task{steps: len(pictures), each: 1, close: func() {
		e.Close()
		fresh.Release()
	}}
	t.prepare = func(i int) error {
		b := band(pictures[i], rows.Y, rows.H)
		copyPicture(fresh, b)
		b.Release()
		return nil
	}
	t.do = func(int) error {
		_, err := e.Encode(fresh, false)
		return err
	}
	return t, nil
}
