//go:build !cgo

package caller

const canRecord = false

func createFile(string, [2]int, bool) (mediaFile, error) { return nil, ErrNoRecording }
