//go:build cgo

package caller

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/ffmpeg"
	"parley/signaling"
)

// Key frame requests and a hold do not move a film in time: each of its
// pictures comes when it would have come without, as its sound does.
func TestFilmKeepsItsTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.mp4")
	v, err := library.Video(*small(2))
	if err != nil {
		t.Fatal(err)
	}
	file, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: 320, Height: 180})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range v.Units {
		if err := file.WriteVideo(u.Data, time.Duration(i)*time.Second/30, u.Key); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen int
	var first uint32
	loop := uint32(len(v.Units)) * codecs.VideoClock / 30
	r, uri := reflect(t, func(r *reflector) { r.feedback = false })
	c := dial(t, uri, func(c *Config) {
		c.Video = &clip.VideoSpec{File: path, Width: 320, Height: 180}
		c.OnPicture = func(p *codecs.Picture) {
			m, ok := clip.ReadMark(p, clip.Whole(p))
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			start := p.Timestamp - uint32(m.Picture)*codecs.VideoClock/30
			if seen++; seen == 1 {
				first = start
			}
			if off := (int32(start-first)+50)%int32(loop) - 50; off > 50 || off < -50 {
				t.Errorf("picture %d of the film is %d ticks of the clock off", m.Picture, off)
			}
		}
	})
	sees := func(n int) {
		t.Helper()
		mu.Lock()
		want := seen + n
		mu.Unlock()
		if err := c.Await(patience(t), func(*Caller) bool { mu.Lock(); defer mu.Unlock(); return seen >= want }); err != nil {
			t.Fatalf("%v: %+v", err, c.Stats())
		}
	}
	sees(10)
	for i := range uint64(3) {
		r.tell(signaling.Event{Kind: signaling.EventKeyFrame})
		if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().InfoKeyFrames > i }); err != nil {
			t.Fatalf("%v: %+v", err, c.Stats())
		}
		sees(7)
	}
	if err := c.Hold(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Resume(patience(t)); err != nil {
		t.Fatal(err)
	}
	sees(70) // more than a round
}
