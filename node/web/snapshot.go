package web

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"time"

	"parley/codecs"
)

const (
	snapshotAge     = 700 * time.Millisecond // a picture so old is shown again
	snapshotTimeout = 2 * time.Second        // views are composed many times a second
	snapshotWidth   = 960                    // wider pictures are made smaller by a whole factor
	snapshotQuality = 75
	maxSnapshots    = 64 // views remembered
)

var errNoPicture = errors.New("no picture of such a view")

// snapshots makes JPEGs of views: one at a time, so that those who look take
// at most a part of one core from the calls, and each view at most about once
// a second.
type snapshots struct {
	take func(ctx context.Context, conference, view string) (*codecs.Picture, error)
	now  func() time.Time

	turn chan struct{}          // has room for the one who takes and encodes
	last map[[2]string]snapshot // his
}

type snapshot struct {
	jpeg  []byte
	taken time.Time
}

func (s *snapshots) get(ctx context.Context, conference, view string) ([]byte, error) {
	if s.take == nil {
		return nil, errNoPicture
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := [2]string{conference, view}
	if last, ok := s.last[key]; ok && s.now().Sub(last.taken) < snapshotAge {
		return last.jpeg, nil
	}
	picture, err := s.take(ctx, conference, view)
	if err != nil {
		return nil, err
	}
	if picture == nil {
		return nil, errNoPicture
	}
	defer picture.Release()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, fullRange(picture), &jpeg.Options{Quality: snapshotQuality}); err != nil {
		return nil, err
	}
	now := s.now()
	for k, old := range s.last {
		if now.Sub(old.taken) > snapshotAge || len(s.last) >= maxSnapshots {
			delete(s.last, k)
		}
	}
	if s.last == nil {
		s.last = map[[2]string]snapshot{}
	}
	s.last[key] = snapshot{b.Bytes(), now}
	return b.Bytes(), nil
}

// serveView answers with a JPEG, or with nothing while there is no such picture.
func (h *Handler) serveView(w http.ResponseWriter, r *http.Request) {
	view, ok := strings.CutSuffix(r.PathValue("file"), ".jpg")
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, err := h.shots.get(r.Context(), r.PathValue("conference"), view)
	if err != nil {
		// Views come and go with who speaks, faster than pages learn of it. That
		// is no error, which browsers would log.
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Write(text)
}

// fullRange returns p as JPEG wants it: samples from 0 to 255 (JFIF), where
// video has 16 to 235 (ITU-R BT.601), and no wider than snapshotWidth. Encoding
// is what costs; this pass over the samples makes it cheaper.
func fullRange(p *codecs.Picture) *image.YCbCr {
	factor := (p.Width + snapshotWidth - 1) / snapshotWidth
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
