//go:build cgo

package caller

import "parley/codecs/ffmpeg"

const canRecord = true

func createFile(path string, size [2]int, audioOnly bool) (mediaFile, error) {
	return ffmpeg.NewMP4(path, ffmpeg.MP4Config{Video: !audioOnly, Width: size[0], Height: size[1], Audio: true})
}
