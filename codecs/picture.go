package codecs

import (
	"fmt"
	"sync/atomic"
)

// Picture is one video picture, 8-bit planar YCbCr 4:2:0 (BT.601 or BT.709
// limited range; the engine does not convert between them).
//
// A picture is reference counted. Whoever holds a reference may read it; it is
// written only by the one who made it, before he first shares it. A function
// that takes a picture and succeeds owns the reference that it was given; one
// that fails leaves it with its caller. Memory may be native: a picture must
// not be read after its last Release.
type Picture struct {
	Width, Height int // luma samples, both even
	Y, U, V       []byte
	StrideY       int // bytes from one luma row to the next
	StrideUV      int // the same for U and for V

	// Timestamp is the RTP timestamp (90 kHz) of the access unit that it was
	// decoded from, or of the tick that composed it.
	Timestamp uint32

	refs atomic.Int32
	free func(*Picture)
	book pictureBook
}

// picturesLive counts the pictures with at least one reference.
var picturesLive atomic.Int64

// PicturesLive returns how many pictures are held at the moment, for leak checks.
func PicturesLive() int64 { return picturesLive.Load() }

// InitPicture gives p its first reference and the function that takes its
// memory back after the last Release. Codecs call it on pictures that they
// fill; everybody else calls NewPicture or a Pool.
func InitPicture(p *Picture, free func(*Picture)) {
	if !p.refs.CompareAndSwap(0, 1) {
		panic("codecs: InitPicture of a picture in use")
	}
	p.free = free
	picturesLive.Add(1)
	p.book.took(p)
}

// NewPicture returns a picture of its own memory with one reference. Width and
// height are rounded up to even; the content is undefined.
func NewPicture(width, height int) *Picture {
	p := &Picture{}
	allocate(p, width, height)
	InitPicture(p, nil)
	return p
}

// allocate gives p planes for width x height, rounded up to even.
func allocate(p *Picture, width, height int) {
	if width <= 0 || height <= 0 || width > 1<<14 || height > 1<<14 {
		panic(fmt.Sprintf("codecs: picture of %dx%d", width, height))
	}
	width, height = (width+1)&^1, (height+1)&^1
	const align = 64 // rows start on a cache line
	sy := (width + align - 1) &^ (align - 1)
	suv := (width/2 + align - 1) &^ (align - 1)
	buf := make([]byte, sy*height+2*suv*(height/2))
	p.Width, p.Height, p.StrideY, p.StrideUV = width, height, sy, suv
	ny, nuv := sy*height, suv*(height/2)
	p.Y, p.U, p.V = buf[:ny:ny], buf[ny:ny+nuv:ny+nuv], buf[ny+nuv:]
}

// Retain adds a reference and returns p.
func (p *Picture) Retain() *Picture {
	if p.refs.Add(1) < 2 {
		panic("codecs: Retain of a released picture")
	}
	return p
}

// Release gives one reference back; after the last the memory is reused.
// Release of a nil picture does nothing.
func (p *Picture) Release() {
	if p == nil {
		return
	}
	switch n := p.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("codecs: Release of a released picture")
	}
	picturesLive.Add(-1)
	p.book.gave()
	if p.free != nil {
		p.free(p)
	}
}

// Exclusive reports whether the caller's reference is the only one, so that he
// may write to the picture again.
func (p *Picture) Exclusive() bool { return p.refs.Load() == 1 }
