//go:build cgo

package h264

import (
	"bytes"
	"testing"

	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/codecs/x264"
)

// gutter is how many rows on each side of a seam are flat.
const gutter = 32

// camera is a band's encoder, with the picture that a decoder makes of its own stream.
type camera struct {
	t           testing.TB
	encoder     *x264.Encoder
	decoder     *ffmpeg.H264Decoder
	source      *Source
	frame       Frame
	decoded     planes
	picture     *codecs.Picture
	top, bottom bool // there are bands above, below
	seed        int
	n, last     int  // pictures so far, and at the frame before
	gap         bool // pictures between the frame and the one before are lost
	lost        bool
}

// planes is a copy of a picture's samples: Y, U, V without gaps.
type planes [3][]byte

func newCamera(t testing.TB, c codecs.VideoEncoderConfig, top, bottom bool, seed int) *camera {
	if top {
		c.BlackTop = gutter
	}
	if bottom {
		c.BlackBottom = gutter
	}
	t.Helper()
	k := &camera{t: t, source: &Source{}, top: top, bottom: bottom, seed: seed}
	var err error
	if k.encoder, err = x264.New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.encoder.Close)
	if k.decoder, err = ffmpeg.NewH264Decoder(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.decoder.Close)
	k.picture = codecs.NewPicture(c.Width, c.Height)
	t.Cleanup(k.picture.Release)
	return k
}

// draw draws texture that moves by many samples a picture in all directions,
// and flat gutters.
func (k *camera) draw() {
	p, n := k.picture, k.n
	dx, dy := 7*n+k.seed*31, 11*n*(1-2*(n/40&1))
	from, to := 0, p.Height
	if k.top {
		from = gutter
	}
	if k.bottom {
		to -= gutter
	}
	for y := range p.Height {
		row := p.Y[y*p.StrideY:][:p.Width]
		for x := range row {
			row[x] = 16
			if y >= from && y < to {
				u, v := uint32(x+dx)>>3, uint32(y+dy+4096)>>3
				h := (u*2654435761 ^ v*2246822519 ^ uint32(k.seed)*97) * 3266489917
				row[x] = byte(60 + h>>26 + uint32(x*n)%7)
			}
		}
	}
	for y := range p.Height / 2 {
		for x := range p.Width / 2 {
			u, v := byte(128), byte(128)
			if 2*y >= from && 2*y < to {
				u, v = byte(96+(x+n)&63), byte(160-(y+2*n+k.seed)&63)
			}
			p.U[y*p.StrideUV+x], p.V[y*p.StrideUV+x] = u, v
		}
	}
}

// next encodes the next picture, and reads and decodes its access unit.
func (k *camera) next(key bool) *Frame {
	k.t.Helper()
	k.last = k.n
	unit := k.encode(key)
	if err := k.source.Read(&k.frame, unit); err != nil {
		k.t.Fatalf("picture %d: %v", k.n, err)
	}
	k.gap, k.lost = k.lost, false
	return &k.frame
}

// lose encodes the next picture, whose access unit never reaches the source.
// That is told, or left to the gap in frame_num.
func (k *camera) lose(key bool) {
	k.encode(key)
	if k.lost = true; key || k.n%2 == 0 {
		k.source.Lost()
	}
}

// encode encodes the next picture and decodes it.
func (k *camera) encode(key bool) []byte {
	k.t.Helper()
	k.draw()
	unit, err := k.encoder.Encode(k.picture, key)
	if err != nil {
		k.t.Fatal(err)
	}
	p, err := k.decoder.Decode(unit.Data, 0)
	if err != nil || p == nil {
		k.t.Fatalf("own stream, picture %d: %v", k.n, err)
	}
	k.decoded.copy(p)
	p.Release()
	k.checkGutters()
	k.n++
	return unit.Data
}

// checkGutters makes sure that the encoder had bits enough to keep the gutters
// as they were drawn. Else vectors that reach into the other band's gutter,
// which those of gutter macroblocks do, would find other samples there.
func (k *camera) checkGutters() {
	k.t.Helper()
	for i, plane := range k.decoded {
		rows, flat := k.picture.Height, byte(16)
		depth := gutter / 2 // the edge of the content may leak into the other half
		if i > 0 {
			rows, flat, depth = rows/2, 128, depth/2
		}
		width := len(plane) / rows
		if k.top && differing(plane[:depth*width], bytes.Repeat([]byte{flat}, depth*width)) > 0 ||
			k.bottom && differing(plane[(rows-depth)*width:], bytes.Repeat([]byte{flat}, depth*width)) > 0 {
			k.t.Fatalf("picture %d, plane %d: the gutters are not flat; the test's bitrate is too low", k.n, i)
		}
	}
}

// copy takes the samples of p.
func (c *planes) copy(p *codecs.Picture) {
	for i, plane := range [][]byte{p.Y, p.U, p.V} {
		w, h, stride := p.Width, p.Height, p.StrideY
		if i > 0 {
			w, h, stride = w/2, h/2, p.StrideUV
		}
		c[i] = c[i][:0]
		for y := range h {
			c[i] = append(c[i], plane[y*stride:][:w]...)
		}
	}
}

// viewer is a receiver with his stitcher and decoder.
type viewer struct {
	t        testing.TB
	stitcher *Stitcher
	decoder  *ffmpeg.H264Decoder
	want     []planes // of each band
	got      planes
	check    *checker
}

func newViewer(t testing.TB, l Layout) *viewer {
	t.Helper()
	s, err := NewStitcher(l)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ffmpeg.NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &viewer{t: t, stitcher: s, decoder: d, want: make([]planes, len(l.Rows)), check: &checker{layout: l}}
}

// next stitches and decodes a picture; cameras that are nil have no new frame.
// An error of the stitcher is returned, any other difference is fatal.
func (v *viewer) next(cameras []*camera, idr bool) error {
	v.t.Helper()
	frames := make([]*Frame, len(cameras))
	for i, k := range cameras {
		if k != nil {
			frames[i] = &k.frame
		}
	}
	unit, err := v.stitcher.Next(frames, idr)
	if err != nil {
		return err
	}
	if err := v.check.unit(unit); err != nil {
		v.t.Fatal(err)
	}
	p, err := v.decoder.Decode(unit.Data, 0)
	if err != nil || p == nil {
		v.t.Fatalf("stitched picture: %v", err)
	}
	defer p.Release()
	if l := v.check.layout; p.Width != l.Width || p.Height != l.Height {
		v.t.Fatalf("stitched picture of %dx%d", p.Width, p.Height)
	}
	v.got.copy(p)
	for i, k := range cameras {
		if k != nil {
			for j := range v.want[i] {
				v.want[i][j] = append(v.want[i][j][:0], k.decoded[j]...)
			}
		}
	}
	for j := range v.got {
		at := 0
		for i := range v.want {
			want := v.want[i][j]
			if got := v.got[j][at : at+len(want)]; !bytes.Equal(got, want) {
				v.t.Fatalf("band %d, plane %d: %d of %d samples differ", i, j, differing(got, want), len(want))
			}
			at += len(want)
		}
		if at != len(v.got[j]) {
			v.t.Fatalf("plane %d: %d samples, want %d", j, len(v.got[j]), at)
		}
	}
	return nil
}

func differing(a, b []byte) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
