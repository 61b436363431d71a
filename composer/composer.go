package composer

import (
	"parley/codecs"
	"parley/composer/pixel"
)

// Content is what a cell shows.
type Content struct {
	Source  string          // who: the participant's id; "" is an empty cell
	Version uint64          // changes with anything below: cells of equal Source and Version are not drawn again
	Picture *codecs.Picture // nil: the avatar
	Name    string          // drawn on the cell; "" is none

	Muted, OnHold, AudioOnly, Speaking bool
}

// Overlay is what lies above the cells.
type Overlay struct {
	More    int      // how many are not shown, drawn as "+n"; 0 is none
	Message []string // lines in the middle of the canvas, the first one large
}

// Counters count work since New.
type Counters struct {
	Scaled     uint64 // pictures scaled to a cell
	Cells      uint64 // cells copied to a canvas
	Overlays   uint64 // overlays and backgrounds drawn
	Rasterised uint64 // texts and shapes rasterised
	Buffers    uint64 // canvas buffers taken
}

// Composer is what the canvases of one conference share: finished cells, the
// names and shapes drawn on them, scalers, and the memory of pictures. It and
// its canvases are used by one goroutine at a time.
type Composer struct {
	pool     codecs.Pool
	tick     uint64
	cells    []finished // few: the distinct cells of the last two ticks
	scalers  map[[4]int]*pixel.Scaler
	stencils map[stencilKey]*stencil
	counters Counters

	moreNumber int // moreText says it: not made anew for each canvas and tick
	moreText   string
}

// finished is a cell drawn with everything on it, ready to be copied.
type finished struct {
	key     cellKey
	picture *codecs.Picture
	used    uint64 // the tick
}

// cellKey names a finished cell. Its content has no Picture: Version tells.
type cellKey struct {
	content       Content
	width, height int
}

// These bound what callers can make the composer keep: by ever new sizes and
// names, or by never beginning a tick.
const (
	maxCells    = 512
	maxScalers  = 64
	maxStencils = 512
)

// New returns a composer.
func New() *Composer {
	return &Composer{
		scalers:  map[[4]int]*pixel.Scaler{},
		stencils: map[stencilKey]*stencil{},
	}
}

// BeginTick starts a tick: finished cells that the last tick did not use are given up.
func (c *Composer) BeginTick() {
	c.tick++
	kept := c.cells[:0]
	for _, f := range c.cells {
		if f.used+1 < c.tick {
			f.picture.Release()
			continue
		}
		kept = append(kept, f)
	}
	clear(c.cells[len(kept):])
	c.cells = kept
}

// Counters returns what was done so far.
func (c *Composer) Counters() Counters { return c.counters }

// Close gives up all that the composer keeps. Its canvases are closed by
// their owners, before or after.
func (c *Composer) Close() {
	for _, f := range c.cells {
		f.picture.Release()
	}
	c.cells = nil
	clear(c.scalers)
	clear(c.stencils)
}

// finishedCell returns the cell that shows content, drawn at most once per tick
// for all canvases. The composer keeps the reference.
func (c *Composer) finishedCell(key cellKey, picture *codecs.Picture) *codecs.Picture {
	for i := range c.cells {
		if f := &c.cells[i]; f.key == key {
			f.used = c.tick
			return f.picture
		}
	}
	if len(c.cells) >= maxCells {
		c.cells[0].picture.Release()
		c.cells = append(c.cells[:0], c.cells[1:]...)
	}
	cell := c.pool.Get(key.width, key.height)
	c.drawCell(cell, key.content, picture)
	c.cells = append(c.cells, finished{key: key, picture: cell, used: c.tick})
	return cell
}

func (c *Composer) scaler(srcWidth, srcHeight, dstWidth, dstHeight int) *pixel.Scaler {
	size := [4]int{srcWidth, srcHeight, dstWidth, dstHeight}
	s := c.scalers[size]
	if s == nil {
		if len(c.scalers) >= maxScalers {
			clear(c.scalers)
		}
		s = pixel.NewScaler(srcWidth, srcHeight, dstWidth, dstHeight)
		c.scalers[size] = s
	}
	return s
}
