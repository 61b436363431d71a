package load

import (
	"fmt"

	"parley/bench/clip"
	"parley/bench/quality"
	"parley/codecs"
	"parley/composer"
)

// Likeness is how like a picture that a probe was sent is to what it should
// show: the pictures of the clips whose numbers are read in its cells, decoded
// and composed as a node does it, and not encoded again. What the server's
// encoder loses is the difference, and anything that it does wrong.
type Likeness struct {
	PSNR, SSIM               float64 // of the whole picture
	SpeakerPSNR, SpeakerSSIM float64 // of the speaker's cell
	OthersPSNR, OthersSSIM   float64 // of the other cells, mean; 0 = there are none
}

// specimen is a picture that was received, and what its cells show.
type specimen struct {
	picture *codecs.Picture
	cells   []clip.Mark
	empty   []bool
}

// read reads what a view shows; false where a cell cannot be read.
func read(p *codecs.Picture, l *composer.Layout) (specimen, bool) {
	s := specimen{picture: p}
	for _, cell := range l.Resolve(p.Width, p.Height) {
		r := clip.Rect(cell)
		mark, ok := clip.ReadMark(p, r)
		if !ok {
			colour, spread := clip.CellColour(p, r)
			if colour.Y > 24 || spread > 10 {
				return s, false
			}
		}
		s.cells, s.empty = append(s.cells, mark), append(s.empty, !ok)
	}
	return s, !s.empty[0]
}

// expectation composes what specimens should show.
type expectation struct {
	plan     *Plan
	reels    *reels
	set      codecs.Set
	composer *composer.Composer
	layout   *composer.Layout
	names    func(look int) string
}

// decoded returns pictures of the clips by their marks.
func (e *expectation) decoded(wanted map[clip.Mark]bool) (map[clip.Mark]*codecs.Picture, error) {
	found := map[clip.Mark]*codecs.Picture{}
	for _, v := range append(append([]*clip.Video(nil), e.reels.idle...), e.reels.talking...) {
		last := -1
		for i := range v.Units {
			if wanted[v.Spec.MarkOf(i)] {
				last = i
			}
		}
		if last < 0 {
			continue
		}
		dec, err := e.set.NewVideoDecoder(codecs.H264)
		if err != nil {
			return found, err
		}
		for i, u := range v.Units[:last+1] {
			p, err := dec.Decode(u.Data, uint32(i))
			if err != nil {
				dec.Close()
				return found, fmt.Errorf("load: decoding a clip: %w", err)
			}
			if m := v.Spec.MarkOf(i); wanted[m] && p != nil {
				found[m] = p
			} else {
				p.Release()
			}
		}
		dec.Close()
	}
	return found, nil
}

// compare returns the likeness of each specimen.
func (e *expectation) compare(list []specimen) ([]Likeness, error) {
	wanted := map[clip.Mark]bool{}
	for _, s := range list {
		for i, m := range s.cells {
			if !s.empty[i] {
				wanted[m] = true
			}
		}
	}
	pictures, err := e.decoded(wanted)
	defer func() {
		for _, p := range pictures {
			p.Release()
		}
	}()
	if err != nil {
		return nil, err
	}
	var found []Likeness
	for _, s := range list {
		one, err := e.like(s, pictures)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// like composes what one specimen should show and compares.
func (e *expectation) like(s specimen, pictures map[clip.Mark]*codecs.Picture) (Likeness, error) {
	p := s.picture
	canvas := e.composer.NewCanvas(e.layout, p.Width, p.Height)
	defer canvas.Close()
	contents := make([]composer.Content, len(s.cells))
	for i, m := range s.cells {
		if s.empty[i] {
			continue
		}
		name := e.names(m.Caller)
		contents[i] = composer.Content{Source: name, Name: name, Version: uint64(m.Picture) + 1, Picture: pictures[m]}
	}
	e.composer.BeginTick()
	want := canvas.Draw(contents, composer.Overlay{}, 0)
	defer want.Release()
	var l Likeness
	var err error
	both := func(r quality.Rect) (psnr, ssim float64) {
		if err == nil {
			psnr, err = quality.PSNR(p, want, r)
		}
		if err == nil {
			ssim, err = quality.SSIM(p, want, r)
		}
		return psnr, ssim
	}
	l.PSNR, l.SSIM = both(quality.Whole(p))
	cells, others := canvas.Cells(), 0.0
	for i, cell := range cells {
		psnr, ssim := both(quality.Rect(cell))
		switch {
		case i == 0:
			l.SpeakerPSNR, l.SpeakerSSIM = psnr, ssim
		case !s.empty[i]:
			l.OthersPSNR, l.OthersSSIM, others = l.OthersPSNR+psnr, l.OthersSSIM+ssim, others+1
		}
	}
	if others > 0 {
		l.OthersPSNR, l.OthersSSIM = l.OthersPSNR/others, l.OthersSSIM/others
	}
	return l, err
}
