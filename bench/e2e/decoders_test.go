//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/bench/peer"
	"parley/codecs"
	"parley/codecs/h264"
	"parley/codecs/native"
	"parley/engine/rtp"
)

// decoded is how many pictures are compared.
const decoded = 300

// TestBandsInThreeDecoders sends pictures that are stitched of the bands of
// five encoders through a network that loses packets, to a viewer who is shown
// other bands again and again. What he gets whole is decoded by FFmpeg, OpenH264
// and Chromium: every sample is that of the band's own stream.
func TestBandsInThreeDecoders(t *testing.T) {
	for i, form := range []struct {
		profile codecs.Profile
		idc     uint8
		codec   string // RFC 6381
		mode    int
	}{
		{codecs.ConstrainedBaseline, h264.Baseline, "avc1.42C01F", 0},
		{codecs.ConstrainedBaseline, h264.Baseline, "avc1.42C01F", 1},
		{codecs.Main, h264.Main, "avc1.4D401F", 0},
		{codecs.Main, h264.Main, "avc1.4D401F", 1},
	} {
		t.Run(fmt.Sprintf("%v, mode %d", form.profile, form.mode), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			s := newStudio(t, form.profile, form.mode)
			stitcher, err := h264.NewStitcher(h264.Layout{
				Width: studioWidth, Height: studioHeight, Profile: form.idc, Level: 31,
				Rows: []int{s.rects[0].H / 16, s.rects[1].H / 16},
			})
			if err != nil {
				t.Fatal(err)
			}
			seed := uint64(100 + i)
			b := &broadcast{
				studio: s, stitcher: stitcher, packetizer: rtp.Packetizer{Mode: form.mode},
				made: map[uint32][2]shown{}, did: map[string]int{},
			}
			v := air(ctx, t, b, decoded, seed)
			checkVariety(t, b, v)
			j := &jury{t: t, ctx: ctx, codec: form.codec, units: v.units, made: b.made}
			t.Run("FFmpeg", j.ffmpeg)
			t.Run("OpenH264", j.openH264)
			t.Run("Chromium", j.chromium)
		})
	}
}

// checkVariety makes sure that the pictures received show what is to be proved.
func checkVariety(t *testing.T, b *broadcast, v *viewer) {
	t.Helper()
	keys, uneven, bytes := 0, 0, 0
	var last [2]shown
	for i, u := range v.units {
		now := b.made[u.Timestamp]
		bytes += len(u.Data)
		if u.Key {
			keys++
		} else if i > 0 {
			for k, what := range []string{"changes of speaker", "changes of strip"} {
				if now[k].feed != last[k].feed {
					b.did[what+" received"]++
				}
			}
		}
		last = now
	}
	b.did["IDR pictures received"] = keys - 1 // without the first
	for _, f := range b.studio.feeds() {
		uneven += f.uneven
	}
	t.Logf("%d pictures of %d, %d kbit/s: %v", len(v.units), len(b.made), bytes*8*30/len(v.units)/1000, b.did)
	for _, what := range []string{
		"changes of speaker received", "changes of strip received", "IDR pictures received", "IDR pictures along the way",
		"IDR pictures on request", "late bands", "refused bands", "bands left as they were", "bands that begin anew in an ordinary picture",
	} {
		if b.did[what] == 0 {
			t.Errorf("never happened: %s", what)
		}
	}
	if uneven > 0 {
		t.Errorf("the black rows between bands were uneven %d times: too few bits for this content", uneven)
	}
}

// jury has decoders judge a stream.
type jury struct {
	t     *testing.T
	ctx   context.Context
	codec string
	units []peer.CodedPicture
	made  map[uint32][2]shown
}

// trial is one decoder's.
type trial struct {
	*jury
	reference *reference
	next      int // unit whose picture comes next
	began     time.Time
}

func (j *jury) begin(t *testing.T) *trial {
	r := &trial{jury: j, reference: newReference(), began: time.Now()}
	t.Cleanup(r.reference.close)
	return r
}

// see compares the next picture. It must be that of the next access unit.
func (r *trial) see(p *codecs.Picture) error {
	if r.next == len(r.units) {
		return fmt.Errorf("more pictures than access units")
	}
	u := r.units[r.next]
	if p.Timestamp != u.Timestamp {
		return fmt.Errorf("picture %d has timestamp %d, want %d", r.next, p.Timestamp, u.Timestamp)
	}
	bands := r.made[u.Timestamp]
	if err := r.reference.compare(p, bands[:]); err != nil {
		return fmt.Errorf("picture %d: %w", r.next, err)
	}
	r.next++
	return nil
}

// end checks that nothing is missing.
func (r *trial) end(t *testing.T) {
	t.Helper()
	if r.next != len(r.units) {
		t.Fatalf("%d pictures of %d", r.next, len(r.units))
	}
	t.Logf("%d pictures, every sample equal, in %v", r.next, time.Since(r.began).Round(time.Millisecond))
}

// decode has a decoder of this process decode everything.
func (r *trial) decode(t *testing.T, d codecs.VideoDecoder) {
	t.Helper()
	for i, u := range r.units {
		p, err := d.Decode(u.Data, u.Timestamp)
		if err != nil {
			t.Errorf("access unit %d: %v", i, err)
		}
		r.given(t, p)
	}
}

// given compares a picture and gives it back; nil is none.
func (r *trial) given(t *testing.T, p *codecs.Picture) {
	t.Helper()
	if p == nil {
		return
	}
	defer p.Release()
	if err := r.see(p); err != nil {
		t.Fatal(err)
	}
}

func (j *jury) ffmpeg(t *testing.T) {
	d, err := native.Codecs().NewVideoDecoder(codecs.H264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := j.begin(t)
	r.decode(t, d)
	r.end(t)

	// Its own program tells of what is merely odd, too.
	path := filepath.Join(folder(t), "stitched.h264")
	var stream []byte
	for _, u := range j.units {
		stream = append(stream, u.Data...)
	}
	if err := os.WriteFile(path, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	warnings, err := peer.FFmpegWarnings(j.ctx, path)
	if err != nil || warnings != "" {
		t.Errorf("ffmpeg warns: %v\n%s", err, warnings)
	}
}

func (j *jury) openH264(t *testing.T) {
	d, err := newOpenH264()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := j.begin(t)
	r.decode(t, d)
	for {
		p, err := d.Flush()
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			break
		}
		r.given(t, p)
	}
	r.end(t)
	if text := d.Log(); text != "" {
		t.Errorf("OpenH264 warns:\n%s", text)
	}
}

func (j *jury) chromium(t *testing.T) {
	r := j.begin(t)
	if err := peer.DecodeInChromium(j.ctx, folder(t), j.codec, j.units, r.see); err != nil {
		t.Fatal(err)
	}
	r.end(t)
}

// reordering is a decoder that may hold pictures back, and keeps its warnings.
type reordering interface {
	codecs.VideoDecoder
	Flush() (*codecs.Picture, error)
	Log() string
}
