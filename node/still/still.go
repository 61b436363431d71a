// Package still makes JPEGs of what conferences look like, for those who watch
// from a page.
package still

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"time"

	"parley/codecs"
)

const (
	maxAge   = 700 * time.Millisecond // a picture so old is shown again
	within   = 2 * time.Second        // views are composed many times a second
	maxWidth = 960                    // wider pictures are made smaller by a whole factor
	quality  = 75
	most     = 64 // views remembered
)

// ErrNone is the error when there is no picture of such a view now.
var ErrNone = errors.New("no picture of such a view")

// Camera makes JPEGs of views: one at a time, so that those who look take at
// most a part of one core from the calls, and each view at most about once a
// second. Safe for concurrent use.
type Camera struct {
	take func(ctx context.Context, conference, view string) (*codecs.Picture, error)
	now  func() time.Time

	turn chan struct{}      // has room for the one who takes and encodes
	last map[[2]string]shot // his
}

type shot struct {
	jpeg  []byte
	taken time.Time
}

// New returns a camera. take returns the newest picture of a view, of which the
// camera owns a reference; nil or an error where there is none.
func New(take func(ctx context.Context, conference, view string) (*codecs.Picture, error)) *Camera {
	return &Camera{take: take, now: time.Now, turn: make(chan struct{}, 1)}
}

// Take returns the JPEG of a view, which nobody may change: at most 960 samples
// wide, at most 0.7 s old.
func (c *Camera) Take(ctx context.Context, conference, view string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := [2]string{conference, view}
	if last, ok := c.last[key]; ok && c.now().Sub(last.taken) < maxAge {
		return last.jpeg, nil
	}
	picture, err := c.take(ctx, conference, view)
	if err != nil {
		return nil, err
	}
	if picture == nil {
		return nil, ErrNone
	}
	defer picture.Release()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, fullRange(picture), &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	now := c.now()
	for k, old := range c.last {
		if now.Sub(old.taken) > maxAge || len(c.last) >= most {
			delete(c.last, k)
		}
	}
	if c.last == nil {
		c.last = map[[2]string]shot{}
	}
	c.last[key] = shot{b.Bytes(), now}
	return b.Bytes(), nil
}

// fullRange returns p as JPEG wants it: samples from 0 to 255 (JFIF), where
// video has 16 to 235 (ITU-R BT.601), and no wider than maxWidth. Encoding is
// what costs; this pass over the samples makes it cheaper.
func fullRange(p *codecs.Picture) *image.YCbCr {
	factor := (p.Width + maxWidth - 1) / maxWidth
	width, height := max(p.Width/factor, 1), max(p.Height/factor, 1)
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	shrink(img.Y, img.YStride, width, height, p.Y, p.StrideY, p.Width, p.Height, factor, 16, 219)
	cw, ch := (width+1)/2, (height+1)/2
	shrink(img.Cb, img.CStride, cw, ch, p.U, p.StrideUV, p.Width/2, p.Height/2, factor, 128, 224)
	shrink(img.Cr, img.CStride, cw, ch, p.V, p.StrideUV, p.Width/2, p.Height/2, factor, 128, 224)
	return img
}

// shrink averages factor x factor samples of src into each of dst and widens
// their range: zero is the value that stands for none, span that of all.
func shrink(dst []byte, dstStride, width, height int, src []byte, srcStride, srcWidth, srcHeight, factor, zero, span int) {
	base := 0 // luma none is black
	if zero == 128 {
		base = 128 // chroma none is grey
	}
	var table [256]byte
	for i := range table {
		table[i] = byte(min(max((i-zero)*255/span+base, 0), 255))
	}
	for y := range height {
		row := dst[y*dstStride : y*dstStride+width]
		for x := range row {
			sum := 0
			for j := range factor {
				line := src[min(y*factor+j, srcHeight-1)*srcStride:]
				for i := range factor {
					sum += int(line[min(x*factor+i, srcWidth-1)])
				}
			}
			row[x] = table[sum/(factor*factor)]
		}
	}
}
