//go:build cgo

package behaviour

import (
	"path/filepath"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs/ffmpeg"
)

// A caller who sends a media file is seen and heard with what is in it, and
// stays so when the film begins again.
func TestFileIsSeenAndHeard(t *testing.T) {
	const inFile = 4
	path := filepath.Join(t.TempDir(), "film.mp4")
	film(t, path, inFile)
	m := open(t, nil)
	watcher := m.spec(0)
	watcher.Sound = nil
	m.call(watcher)
	c := m.spec(1) // whose colour and tone are not sent
	c.Video.File, c.Sound.File = path, path
	c.Talking = true
	m.call(c)
	sees := func(c *caller.Caller) bool { return faces(c)[:1] == "E" && c.Heard(clip.ToneOf(inFile)) > heardAt }
	m.await(m.callers[0], "the file's face and tone", sees)
	sent := func(n uint64) func() bool {
		return func() bool { return m.callers[1].Stats().Video.Sent >= n }
	}
	settle(t, "three rounds of the film", sent(3*30))
	m.await(m.callers[0], "the file's face and tone, later", sees)
	s := m.callers[0].Stats()
	if s.Video.DecodeErrors > 0 || m.callers[0].Heard(clip.ToneOf(1)) > silentAt {
		t.Errorf("%+v; the tone in place of the file's at %.0f dBov", s.Video, m.callers[0].Heard(clip.ToneOf(1)))
	}
	if p := m.conference().Participants[1]; p.DisplayName != "Caller B" {
		t.Fatalf("%+v", p)
	}
}

// film writes a second of a caller's picture and his tone.
func film(t *testing.T, path string, who int) {
	t.Helper()
	v, err := library().Video(clip.VideoSpec{Caller: who, Width: 320, Height: 180, FPS: 25, Seconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	file, err := ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: true, Width: 320, Height: 180, Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range v.Units {
		if err := file.WriteVideo(u.Data, time.Duration(i)*time.Second/25, u.Key); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.WriteAudio(clip.SoundSpec{Kind: clip.Tone, Caller: who}.Samples(), 0); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
