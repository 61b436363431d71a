package fake

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/codecs"
	"parley/codecs/codectest"
)

func TestVideo(t *testing.T) {
	codectest.RunVideo(t, codectest.Video{
		NewEncoder: func(c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
			return Codecs().NewVideoEncoder(codecs.H264, c)
		},
		NewDecoder: func() (codecs.VideoDecoder, error) { return NewVideoDecoder(), nil },
		MinPSNR:    17,
	})
}

func TestAudio(t *testing.T) {
	codectest.RunAudio(t, codectest.Audio{
		NewEncoder: func() (codecs.AudioEncoder, error) { return NewAudioEncoder(), nil },
		NewDecoder: func() (codecs.AudioDecoder, error) { return NewAudioDecoder(), nil },
		MinSNR:     30, MinConcealed: 15, Size: 961,
	})
}

// TestGap: each missing picture is noticed, and only a key picture mends it.
func TestGap(t *testing.T) {
	e, err := NewVideoEncoder(codecs.VideoEncoderConfig{Width: 64, Height: 48, FPS: 30, Bitrate: 1, MaxNAL: 100})
	if err != nil {
		t.Fatal(err)
	}
	d := NewVideoDecoder()
	p := codecs.NewPicture(64, 48)
	defer p.Release()
	for n := range 12 {
		codectest.Scene(p, n)
		unit, err := e.Encode(p, n == 8)
		if err != nil {
			t.Fatal(err)
		}
		if n == 4 {
			continue
		}
		q, err := d.Decode(unit.Data, 0)
		if broken := n > 4 && n < 8; broken != errors.Is(err, codecs.ErrCorrupt) || broken != (q == nil) {
			t.Errorf("picture %d: %v, %v", n, q, err)
		}
		q.Release()
	}
}

// TestParameterSets lets ffprobe read the SPS.
func TestParameterSets(t *testing.T) {
	tool, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Fatal("the program ffprobe is not installed: run make deps")
	}
	for profile, name := range map[codecs.Profile]string{
		codecs.ConstrainedBaseline: "Constrained Baseline", codecs.Main: "Main", codecs.High: "High",
	} {
		e, err := NewVideoEncoder(codecs.VideoEncoderConfig{
			Width: 322, Height: 186, FPS: 30, Bitrate: 1, Profile: profile, Level: 32,
		})
		if err != nil {
			t.Fatal(err)
		}
		p := codecs.NewPicture(322, 186)
		codectest.Scene(p, 0)
		unit, err := e.Encode(p, true)
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
		path := filepath.Join(t.TempDir(), "clip.h264")
		if err := os.WriteFile(path, unit.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		// The slices are not for it: it complains of them, but reads on.
		out, _ := exec.Command(tool, "-v", "quiet", "-f", "h264", "-of", "default=nw=1",
			"-show_entries", "stream=profile,level,width,height", path).Output()
		for _, want := range []string{"profile=" + name, "level=32", "width=322", "height=186"} {
			if !strings.Contains(string(out)+"\n", want+"\n") {
				t.Errorf("%v: no %q in %q", profile, want, out)
			}
		}
	}
}

func FuzzVideo(f *testing.F) {
	e, err := NewVideoEncoder(codecs.VideoEncoderConfig{Width: 64, Height: 48, FPS: 30, Bitrate: 1})
	if err != nil {
		f.Fatal(err)
	}
	p := codecs.NewPicture(64, 48)
	defer p.Release()
	for n := range 3 {
		codectest.Scene(p, n)
		unit, err := e.Encode(p, false)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(unit.Data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := NewVideoDecoder()
		for range 2 {
			q, err := d.Decode(data, 0)
			if q != nil && err != nil || err != nil && !errors.Is(err, codecs.ErrCorrupt) {
				t.Errorf("%v, %v", q, err)
			}
			q.Release()
		}
	})
}
