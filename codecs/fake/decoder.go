package fake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"

	"parley/codecs"
	"parley/codecs/h264"
)

// VideoDecoder is a codecs.VideoDecoder for what VideoEncoder makes, also when
// several of its streams were stitched into one. Any missing picture or slice
// is ErrCorrupt until the next complete key picture; unlike a real decoder it
// notices a band that refers to a picture which it does not hold.
type VideoDecoder struct {
	pool    codecs.Pool
	sps     h264.SPS
	pps     h264.PPS
	hasSPS  bool
	hasPPS  bool
	blocks  []colour
	bands   map[int]*bandState // by first block
	valid   bool               // blocks hold the picture before
	frame   uint32             // frame_num of that one
	picture uint64             // counts pictures
	rbsp    []byte
	body    []byte
	closed  bool
}

// bandState is what the decoder holds of a band.
type bandState struct {
	counter uint32 // of the encoder's picture
	picture uint64 // of ours, when it last changed
}

var _ codecs.VideoDecoder = (*VideoDecoder)(nil)

// NewVideoDecoder returns a decoder.
func NewVideoDecoder() *VideoDecoder { return &VideoDecoder{bands: map[int]*bandState{}} }

// Decode implements codecs.VideoDecoder.
func (d *VideoDecoder) Decode(accessUnit []byte, timestamp uint32) (*codecs.Picture, error) {
	if d.closed {
		return nil, codecs.ErrClosed
	}
	next := 0 // block that the next slice must begin with
	d.picture++
	for nal, rest := nextNAL(accessUnit); nal != nil; nal, rest = nextNAL(rest) {
		if len(nal) == 0 {
			continue
		}
		var err error
		switch kind := nal[0] & 31; kind {
		case nalSPS & 31:
			d.sps, err = h264.ParseSPS(nal)
			d.hasSPS = err == nil
		case nalPPS & 31:
			d.pps, err = h264.ParsePPS(nal)
			d.hasPPS = err == nil
		case nalIDR & 31, nalSlice & 31:
			d.rbsp = appendRBSP(d.rbsp[:0], nal[1:])
			var n int
			n, err = d.slice(kind == nalIDR&31, next)
			next += n
		}
		if err != nil {
			d.valid = false
			return nil, corrupt(err)
		}
	}
	if next == 0 {
		return nil, nil
	}
	if next != len(d.blocks) || next != d.sps.Columns*d.sps.Rows {
		d.valid = false
		return nil, corrupt(nil)
	}
	d.valid = true
	p := d.pool.Get(d.sps.Width(), d.sps.Height())
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

// slice reads one slice into blocks and returns how many it has; want is the
// block that it must begin with.
func (d *VideoDecoder) slice(idr bool, want int) (count int, err error) {
	if !d.hasSPS || !d.hasPPS {
		return 0, errors.New("no parameter sets")
	}
	if n := d.sps.Columns * d.sps.Rows; idr && n != len(d.blocks) {
		if n > (maxSide/block)*(maxSide/block) {
			return 0, fmt.Errorf("%d blocks", n)
		}
		d.blocks = make([]colour, n)
	}
	r := bitReader{data: d.rbsp}
	first := int(r.ue())
	intra := r.ue()%5 == 2
	r.ue() // pic_parameter_set_id
	frame := r.u(d.sps.FrameNumBits)
	if idr {
		r.ue() // idr_pic_id
	}
	if !intra {
		r.u(2)
	}
	if r.u(1); idr {
		r.u(1)
	}
	r.ue() // slice_qp_delta
	if d.pps.Deblock {
		if r.ue() != 1 {
			r.ue()
			r.ue()
		}
	}
	skipped := int(r.ue())
	switch {
	case r.bad || first != want:
		return 0, fmt.Errorf("slice at block %d, want %d", first, want)
	case idr && (!intra || frame != 0):
		return 0, errors.New("no IDR picture")
	case !idr && first == 0 && (!d.valid || frame != (d.frame+1)&(1<<d.sps.FrameNumBits-1)):
		return 0, fmt.Errorf("picture %d without the one before", frame)
	case !idr && first > 0 && frame != d.frame:
		return 0, errors.New("slices of different pictures")
	case skipped > 0 && (intra || first+skipped > len(d.blocks)):
		return 0, fmt.Errorf("%d blocks skipped", skipped)
	}
	if d.frame = frame; skipped > 0 {
		return skipped, nil
	}
	return d.data(&r, first, intra)
}

// data reads what the encoder says of its blocks.
func (d *VideoDecoder) data(r *bitReader, first int, intra bool) (count int, err error) {
	b := d.body[:0]
	for range (8*len(r.data) - r.at) / 8 {
		b = append(b, byte(r.u(8)))
	}
	if d.body = b; len(b) < sliceHead {
		return 0, fmt.Errorf("slice of %d bytes", len(b))
	}
	sum := binary.BigEndian.Uint16(b)
	counter, own := binary.BigEndian.Uint32(b[2:]), int(binary.BigEndian.Uint16(b[6:]))
	count = int(binary.BigEndian.Uint16(b[8:]))
	flags := (count + 7) / 8
	if count < 1 || own > first || first+count > len(d.blocks) || len(b) < sliceHead+flags {
		return 0, fmt.Errorf("blocks %d and %d more", first, count)
	}
	changed, colours := b[sliceHead:sliceHead+flags], b[sliceHead+flags:]
	n := 0
	for _, f := range changed {
		n += bits.OnesCount8(f)
	}
	switch {
	case len(colours) < 3*n, n < count && intra:
		return 0, errors.New("slice too short")
	case sum != uint16(crc32.ChecksumIEEE(b[2:sliceHead+flags+3*n])):
		return 0, fmt.Errorf("check sum of slice at block %d", first)
	}
	band := d.bands[first-own]
	if band == nil {
		band = &bandState{}
		d.bands[first-own] = band
	}
	follows := band.picture == d.picture && band.counter == counter || band.picture != 0 && band.picture < d.picture && band.counter+1 == counter
	if !intra && !follows {
		return 0, fmt.Errorf("band at block %d: picture %d without the one before", first-own, counter)
	}
	band.counter, band.picture = counter, d.picture
	for i := range count {
		if changed[i/8]&(0x80>>(i%8)) != 0 {
			d.blocks[first+i] = colour(colours[:3])
			colours = colours[3:]
		}
	}
	return count, nil
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
