package peer

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// errNetstring: not a netstring, or one that is too long.
var errNetstring = errors.New("peer: malformed netstring")

// maxNetstring bounds what is read at once.
const maxNetstring = 1 << 20

// readNetstring reads "<length>:<bytes>,".
func readNetstring(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(head[:len(head)-1], 10, 32)
	if err != nil || n > maxNetstring {
		return nil, errNetstring
	}
	b := make([]byte, n+1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if b[n] != ',' {
		return nil, errNetstring
	}
	return b[:n], nil
}

// appendNetstring appends b as a netstring.
func appendNetstring(dst, b []byte) []byte {
	dst = strconv.AppendInt(dst, int64(len(b)), 10)
	return append(append(append(dst, ':'), b...), ',')
}
