//go:build !cgo

package peer

import (
	"fmt"
	"time"

	"parley/bench/clip"
	"parley/codecs"
)

func writeClip(string, *clip.Video, time.Duration) error {
	return fmt.Errorf("peer: media files: %w in a build without cgo", codecs.ErrUnsupported)
}
