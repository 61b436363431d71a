//go:build !cgo

package clip

import (
	"fmt"

	"parley/codecs"
)

func openMedia(string) (mediaReader, error) {
	return nil, fmt.Errorf("this build reads no media files: %w", codecs.ErrUnsupported)
}
