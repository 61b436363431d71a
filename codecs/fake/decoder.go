package fake

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"parley/codecs"
)

// VideoDecoder is a codecs.VideoDecoder for what VideoEncoder makes. Any
// missing picture or slice is ErrCorrupt until the next complete key picture.
type VideoDecoder struct {
	pool          codecs.Pool
	width, height int
	blocks        []colour
	counter       uint32 // of the next picture
	valid         bool   // blocks hold the picture before it
	sps, pps      bool
	rbsp          []byte
	closed        bool
}

var _ codecs.VideoDecoder = (*VideoDecoder)(nil)

// NewVideoDecoder returns a decoder.
func NewVideoDecoder() *VideoDecoder { return &VideoDecoder{} }

// Decode implements codecs.VideoDecoder.
func (d *VideoDecoder) Decode(accessUnit []byte, timestamp uint32) (*codecs.Picture, error) {
	if d.closed {
		return nil, codecs.ErrClosed
	}
	next := 0 // block that the next slice must begin with
	var counter uint32
	for nal, rest := nextNAL(accessUnit); nal != nil; nal, rest = nextNAL(rest) {
		if len(nal) == 0 {
			continue
		}
		d.rbsp = appendRBSP(d.rbsp[:0], nal[1:])
		switch nal[0] & 31 {
		case nalSPS & 31:
			d.sps = true
		case nalPPS & 31:
			d.pps = true
		case nalIDR & 31, nalSlice & 31:
			n, c, err := d.slice(nal[0]&31 == nalIDR&31, next)
			if err != nil || next > 0 && c != counter {
				d.valid = false
				return nil, corrupt(err)
			}
			next, counter = next+n, c
		}
	}
	if next == 0 {
		return nil, nil
	}
	if next != len(d.blocks) {
		d.valid = false
		return nil, corrupt(nil)
	}
	d.valid, d.counter = true, counter+1
	p := d.pool.Get(d.width, d.height)
	p.Timestamp = timestamp
	d.draw(p)
	return p, nil
}

// Close implements codecs.VideoDecoder.
func (d *VideoDecoder) Close() { d.closed = true }

func corrupt(err error) error {
	if err != nil {
		return fmt.Errorf("fake: %w: %w", codecs.ErrCorrupt, err)
	}
	return fmt.Errorf("fake: %w: slices are missing", codecs.ErrCorrupt)
}

// slice reads one slice into blocks; want is the block that it must begin with.
func (d *VideoDecoder) slice(key bool, want int) (count int, counter uint32, err error) {
	r := bitReader{data: d.rbsp}
	first := int(r.ue())
	r.ue()
	r.ue()
	r.u(frameNum)
	if key {
		r.ue()
	}
	body := r.rest()
	if r.bad || len(body) < sliceHead {
		return 0, 0, fmt.Errorf("slice of %d bytes", len(d.rbsp))
	}
	sum := binary.BigEndian.Uint16(body)
	body = body[2 : len(body)-1]
	if sum != uint16(crc32.ChecksumIEEE(body)) {
		return 0, 0, fmt.Errorf("check sum of slice at block %d", first)
	}
	counter = binary.BigEndian.Uint32(body)
	width, height := int(binary.BigEndian.Uint16(body[4:])), int(binary.BigEndian.Uint16(body[6:]))
	count = int(binary.BigEndian.Uint16(body[8:]))
	body = body[10:]
	n := (width + block - 1) / block * ((height + block - 1) / block)
	switch {
	case width < block || height < block || width > maxSide || height > maxSide || width%2 != 0 || height%2 != 0:
		return 0, 0, fmt.Errorf("size %dx%d", width, height)
	case key && !(d.sps && d.pps):
		return 0, 0, fmt.Errorf("no parameter sets")
	case !key && (!d.valid || counter != d.counter || width != d.width || height != d.height):
		return 0, 0, fmt.Errorf("picture %d without the one before", counter)
	case first != want || count < 1 || first+count > n || len(body) < (count+7)/8:
		return 0, 0, fmt.Errorf("blocks %d and %d more, want %d", first, count, want)
	}
	if key && (width != d.width || height != d.height) {
		d.width, d.height, d.blocks = width, height, make([]colour, n)
	}
	flags, body := body[:(count+7)/8], body[(count+7)/8:]
	for i := range count {
		if flags[i/8]&(0x80>>(i%8)) == 0 {
			if key {
				return 0, 0, fmt.Errorf("key picture with a hole")
			}
			continue
		}
		if len(body) < 3 {
			return 0, 0, fmt.Errorf("slice too short")
		}
		d.blocks[first+i] = colour(body[:3])
		body = body[3:]
	}
	return count, counter, nil
}

// draw fills the picture with the blocks.
func (d *VideoDecoder) draw(p *codecs.Picture) {
	i := 0
	for y := 0; y < p.Height; y += block {
		for x := 0; x < p.Width; x += block {
			c := d.blocks[i]
			i++
			w, h := min(block, p.Width-x), min(block, p.Height-y)
			at := y/2*p.StrideUV + x/2
			fill(p.Y[y*p.StrideY+x:], p.StrideY, w, h, c[0])
			fill(p.U[at:], p.StrideUV, w/2, h/2, c[1])
			fill(p.V[at:], p.StrideUV, w/2, h/2, c[2])
		}
	}
}

func fill(plane []byte, stride, w, h int, v byte) {
	for y := range h {
		row := plane[y*stride : y*stride+w]
		for x := range row {
			row[x] = v
		}
	}
}
