//go:build !cgo

package clip

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"parley/codecs"
	"parley/codecs/fake"
)

func TestNoFilesInThisBuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	if err := os.WriteFile(path, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	lib := NewLibrary(fake.Codecs())
	if _, err := lib.Video(VideoSpec{File: path}); !errors.Is(err, codecs.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := lib.Sound(SoundSpec{File: path}, codecs.Opus); !errors.Is(err, codecs.ErrUnsupported) {
		t.Error(err)
	}
}
