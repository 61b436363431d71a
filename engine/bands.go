package engine

import (
	"slices"
	"time"

	"parley/composer"
	"parley/engine/load"
)

// bandSet is the bands of a conference. Owned by the composing goroutine.
type bandSet struct {
	pictures *pictures
	running  map[bandKey]*band
	cuts     map[[2]int][]composer.BandRect // by size of picture
	due      []due
	list     []*band // of this tick, those with a new frame
	strips   uint64  // made so far: bands but the large ones
}

// due is a rendition that gets a picture in this tick.
type due struct {
	*rendition
	view    *view
	overlay composer.Overlay
	free    bool   // all its bands can advance
	wanted  bool   // somebody needs a key frame
	urgent  bool   // and its time has come
	number  uint64 // of its picture, counted at its frame rate
}

// thumbnailShare is the share of the rate that a band full of thumbnails gets:
// with a third its cells are as good as in a picture encoded whole.
const thumbnailShare = 1.0 / 3

func newBandSet(p *pictures) *bandSet {
	return &bandSet{pictures: p, running: map[bandKey]*band{}, cuts: map[[2]int][]composer.BandRect{}}
}

// cut returns the bands of pictures of the rung.
func (s *bandSet) cut(r Rung, whole bool) []composer.BandRect {
	layout := s.pictures.layout
	if whole {
		return wholePicture(layout, r.Width, r.Height)
	}
	size := [2]int{r.Width, r.Height}
	bands := s.cuts[size]
	if bands == nil {
		bands = bandsOf(layout, r.Width, r.Height)
		s.cuts[size] = bands
	}
	return bands
}

// whole reports whether pictures of the view are made of one band: where the
// layout cannot be cut, and the welcome, which lies over all of it.
func (s *bandSet) whole(v *view, rung int) bool {
	return v.main == "" || len(s.cut(ladder[rung], false)) == 1
}

// assign gives every rendition of the views its bands. Views are in order of
// the stage: who sees the same in a band as one before him shares that one's.
func (s *bandSet) assign(views []*view, speaker string, onStage int) {
	for _, b := range s.running {
		b.used = false
	}
	type content struct {
		bandKey
		shown string
	}
	names := map[content]string{}
	for _, v := range views {
		for _, r := range v.list {
			rects := s.cut(r.rung, r.key.whole)
			rest := r.rung.Bitrate
			for i, rect := range rects {
				key := bandKey{
					index: i, whole: len(rects) == 1, rung: r.key.rung,
					profile: r.key.profile, mode: r.key.mode, solo: r.key.solo,
				}
				shown := content{key, v.shownIn(rect)}
				name, known := names[shown]
				if !known {
					name = v.bandName(rect, speaker)
					names[shown] = name
				}
				key.name = name
				b := s.band(key, rect)
				b.used = true
				r.show(i, b)
				if i > 0 {
					rate := thumbnailRate(r.rung.Bitrate, onStage, len(v.cells)-1)
					rest -= rate
					b.bitrate.Store(int64(rate))
				}
			}
			r.bands[0].bitrate.Store(int64(rest))
		}
	}
	for key, b := range s.running {
		if !b.used {
			delete(s.running, key)
			b.drop()
		}
	}
}

// thumbnailRate returns the rate of a strip of which so many of n cells are taken.
func thumbnailRate(bitrate, taken, n int) int {
	taken = min(max(taken, 1), n)
	return int(float64(bitrate) * thumbnailShare * float64(taken) / float64(n))
}

func (s *bandSet) band(key bandKey, rect composer.BandRect) *band {
	b := s.running[key]
	if b == nil {
		p, rung := s.pictures, ladder[key.rung]
		layout := p.layout
		var canvas *composer.Canvas
		if key.whole {
			canvas = p.composer.NewCanvas(layout, rung.Width, rung.Height)
		} else {
			canvas = p.composer.NewBandCanvas(layout, rung.Width, rung.Height, rect)
		}
		b = newBand(p.conference.engine, key, rect, canvas)
		if key.index > 0 {
			b.phase = s.strips
			s.strips++
		}
		s.running[key] = b
	}
	return b
}

// turn makes a picture of every rendition that is due. All work of a turn is
// handed to the executor; what the last turn has not finished is left out of
// this one and counted.
func (s *bandSet) turn(views []*view, tick uint64, now time.Time, timestamp uint32) {
	s.gather(views, tick, now)
	s.demand(now)
	s.draw(tick, timestamp)
	deadline := now.Add(tickPeriod)
	for i := range s.due {
		r := &s.due[i]
		fresh := r.begin(timestamp)
		if fresh == 0 && !r.free {
			r.miss()
			continue
		}
		r.submit(fresh, deadline)
	}
	// The tallest take longest: first.
	slices.SortFunc(s.list, func(a, b *band) int { return b.rect.H*b.rung.Width - a.rect.H*a.rung.Width })
	for _, b := range s.list {
		b.submit(deadline)
	}
}

// step returns how much quality is given up.
func (s *bandSet) step() load.Step { return load.Step(s.pictures.conference.engine.step.Load()) }

// gather finds the renditions that are due. One that is not done with its last
// turn keeps its bands from advancing, or it would miss a frame of theirs.
func (s *bandSet) gather(views []*view, tick uint64, now time.Time) {
	s.due, s.list = s.due[:0], s.list[:0]
	most := FrameRate
	if s.step() >= load.HalfRate {
		most /= 2
	}
	for _, v := range views {
		overlay := v.describe(s.pictures)
		for _, r := range v.list {
			every := uint64(FrameRate / min(r.rung.FPS, most))
			if tick%every != 0 || !r.heard() {
				continue
			}
			if r.busy.Load() {
				r.miss()
				for _, b := range r.bands {
					b.held = tick
				}
				continue
			}
			r.keyFrame = false
			d := due{rendition: r, view: v, overlay: overlay, number: tick / every}
			d.wanted, d.urgent = r.wantsKey(now)
			s.due = append(s.due, d)
		}
	}
	for i := range s.due {
		d := &s.due[i]
		d.free = !slices.ContainsFunc(d.bands, func(b *band) bool { return !b.free(tick) })
	}
}

// demand makes key frames where they are due, and for those who wait for
// theirs where the large band begins anew anyway.
func (s *bandSet) demand(now time.Time) {
	for i := range s.due {
		if d := &s.due[i]; d.urgent && d.free {
			d.rendition.demand(now)
		}
	}
	for i := range s.due {
		if d := &s.due[i]; d.wanted && d.free && !d.keyFrame && d.bands[0].intra.Load() {
			d.rendition.demand(now)
		}
	}
}

// draw draws every band that can advance and has something new.
func (s *bandSet) draw(tick uint64, timestamp uint32) {
	slow := s.step() >= load.Thumbnails
	for i := range s.due {
		d := &s.due[i]
		for _, b := range d.bands {
			if b.seen == tick {
				continue
			}
			b.seen, b.fresh = tick, false
			if !b.free(tick) {
				b.skipped.Add(1)
				continue
			}
			// Half of the strips in each tick, so that all ticks take the same time.
			b.begin(d.view.contents, d.overlay, timestamp, slow && b.key.index > 0 && (d.number+b.phase)%2 != 0)
			if b.fresh {
				s.list = append(s.list, b)
			}
		}
	}
}

func (s *bandSet) close() {
	for _, b := range s.running {
		b.drop()
	}
}
