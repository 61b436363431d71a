package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// FFmpegWarnings has FFmpeg's own program decode a file and returns what it
// warns of.
func FFmpegWarnings(ctx context.Context, path string) (string, error) {
	program, err := find("ffmpeg")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program, "-hide_banner", "-nostdin", "-v", "warning", "-threads", "1", "-i", path, "-f", "null", "-")
	var text bytes.Buffer
	cmd.Stderr = &text
	err = cmd.Run()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		return text.String(), fmt.Errorf("peer: ffmpeg: %w: %s", err, text.String())
	}
	return text.String(), err
}
