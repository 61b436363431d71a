//go:build unix

package disk

import "golang.org/x/sys/unix"

// Space returns the room on the disk that a folder is on, bytes: what may still be
// written, and all of it.
func Space(folder string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)
	return uint64(s.Bavail) * block, uint64(s.Blocks) * block, nil
}
