//go:build e2e

package peer

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
)

// phone is what the phones have in common.
type phone interface {
	Dial(ctx context.Context, uri string) error
	Picture(ctx context.Context) (*codecs.Picture, error)
	Heard() ([]float32, error)
	URI() string
	Output() string
	Close()
}

// folder returns a folder with a short name, as baresip needs.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "phone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Clean(dir)
}

// TestPhonesCallEachOther shows that the phones can be driven at all: what one
// shows and says, the other sees and hears.
func TestPhonesCallEachOther(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	lib := clip.NewLibrary(native.Codecs())
	config := func(caller int, name string) PhoneConfig {
		return PhoneConfig{
			Dir: folder(t), Name: name, Library: lib, Tone: clip.ToneOf(caller),
			Picture: clip.VideoSpec{Caller: caller, Width: 640, Height: 360, FPS: 15},
		}
	}
	b, err := NewBaresip(ctx, config(0, "Bare"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	l, err := NewLinphone(ctx, config(2, "Lin"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Dial(ctx, b.URI()); err != nil {
		t.Fatalf("%v\n%s", err, l.Output())
	}
	if err := l.Talk(ctx, true); err != nil {
		t.Fatal(err)
	}
	for caller, p := range map[int]phone{2: b, 0: l} {
		sees(ctx, t, p, caller)
		hears(ctx, t, p, clip.ToneOf(caller))
	}
	if err := l.Hangup(ctx); err != nil {
		t.Error(err)
	}
	if _, err := b.AwaitEvent(ctx, "CALL_CLOSED"); err != nil {
		t.Error(err)
	}
}

func sees(ctx context.Context, t *testing.T, p phone, caller int) {
	t.Helper()
	var mean clip.Colour
	for ctx.Err() == nil {
		pic, err := p.Picture(ctx)
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Output())
		}
		mean, _ = clip.CellColour(pic, clip.Whole(pic).Backdrop())
		t.Logf("%s shows %dx%d, %v", p.URI(), pic.Width, pic.Height, mean)
		pic.Release()
		if got, _ := clip.NearestCaller(mean); got == caller {
			return
		}
	}
	t.Errorf("%s shows %v, want caller %d (%v)", p.URI(), mean, caller, clip.Background(caller))
}

func hears(ctx context.Context, t *testing.T, p phone, freq float64) {
	t.Helper()
	level := clip.Quiet
	if err := poll(ctx, func() error {
		sound, err := p.Heard()
		if err != nil {
			return err
		}
		if level = clip.Goertzel(sound, freq); level < -30 {
			return os.ErrNotExist
		}
		return nil
	}); err != nil {
		t.Errorf("%s hears %.0f Hz at %.1f dBov: %v", p.URI(), freq, level, err)
	}
	t.Logf("%s hears %.0f Hz at %.1f dBov", p.URI(), freq, level)
}
