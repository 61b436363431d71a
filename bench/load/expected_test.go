//go:build cgo

package load

import (
	"testing"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
	"parley/composer"
)

// What is composed of the clips themselves is read again, cell by cell, and
// found equal; with another picture in a cell it is not.
func TestLikeness(t *testing.T) {
	p, err := Plan{URIs: []string{"sip:x"}, Width: 640, Height: 360, Looks: 3}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	set := native.Codecs()
	r, err := makeReels(p, clip.NewLibrary(set), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	layout, _ := composer.Find("")
	e := expectation{
		plan: &p, reels: r, set: set, composer: composer.New(), layout: layout,
		names: func(look int) string { return p.Name(0, look) },
	}
	defer e.composer.Close()
	live := codecs.PicturesLive()
	marks := map[int]clip.Mark{0: p.Picture(2, true).MarkOf(41), 4: p.Picture(0, false).MarkOf(7), 3: p.Picture(1, false).MarkOf(59)}
	wanted := map[clip.Mark]bool{}
	for _, m := range marks {
		wanted[m] = true
	}
	pictures, err := e.decoded(wanted)
	if err != nil || len(pictures) != 3 {
		t.Fatalf("%d pictures, %v", len(pictures), err)
	}
	canvas := e.composer.NewCanvas(layout, 1280, 720)
	contents := make([]composer.Content, 8)
	for i, m := range marks {
		name := e.names(m.Caller)
		contents[i] = composer.Content{Source: name, Name: name, Version: 1, Picture: pictures[m]}
	}
	view := canvas.Draw(contents, composer.Overlay{}, 0)
	s, ok := read(view, layout)
	if !ok {
		t.Fatal("not readable")
	}
	for i := range s.cells {
		if m, shown := marks[i]; s.empty[i] == shown || s.cells[i] != m {
			t.Errorf("cell %d: %+v, empty %v; want %+v", i, s.cells[i], s.empty[i], m)
		}
	}
	same, err := e.compare([]specimen{s})
	if err != nil || same[0].PSNR != 100 || same[0].SpeakerPSNR != 100 || same[0].OthersPSNR != 100 || same[0].SSIM < 0.9999 {
		t.Errorf("%+v, %v", same, err)
	}
	s.cells[4] = p.Picture(0, false).MarkOf(30)
	other, err := e.compare([]specimen{s})
	if err != nil || other[0].SpeakerPSNR != 100 || other[0].OthersPSNR > 99 || other[0].PSNR > 60 {
		t.Errorf("another picture: %+v, %v", other, err)
	}
	for _, picture := range pictures {
		picture.Release()
	}
	view.Release()
	canvas.Close()
	if left := codecs.PicturesLive() - live; left > 0 {
		t.Logf("%d pictures are kept by the composer", left)
	}
}

func TestOnsetIsThatOfTheVoice(t *testing.T) {
	sound, err := clip.NewLibrary(native.Codecs()).Sound(Voice(3), codecs.Opus)
	if err != nil {
		t.Fatal(err)
	}
	at, err := onsetOf(native.Codecs(), sound)
	if err != nil || at < 0 || at > 0.012 { // 6.5 ms of Opus, and the window
		t.Errorf("the beep is heard after %.4f s, %v", at, err)
	}
}
