// Package backup writes a configuration into one file, the same whatever
// database keeps it, and reads it back.
package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"parley/mgmt/resource"
)

// A file is gzip (RFC 1952) of lines of JSON: a Header, then for each kind a line
// with the highest id that it ever had, and one for each object, secrets and all.

// Header is the first line of a file.
type Header struct {
	Format        string    `json:"format"`         // "parley-backup"
	FormatVersion int       `json:"format_version"` // 1
	Program       string    `json:"parley"`         // version of the program that wrote it
	Created       time.Time `json:"created"`
	Version       int64     `json:"version"` // of the configuration
	Objects       int       `json:"objects"`
	SHA256        string    `json:"sha256"` // of all after this line
	Seal          *seal     `json:"seal,omitempty"`
}

const (
	format        = "parley-backup"
	formatVersion = 1
	// sizeMost bounds what a file may unpack to, bytes: a hundred thousand rooms
	// take a fifth.
	sizeMost = 1 << 30
)

// line is any other line.
type line struct {
	Kind   string          `json:"kind"`
	Last   int64           `json:"last_id,omitempty"`
	Object json.RawMessage `json:"object,omitempty"`
}

// ErrFile is the error of a file that cannot be restored.
var ErrFile = errors.New("the backup cannot be restored")

// Write writes what is in a tree now; with a passphrase, sealed by it.
func Write(w io.Writer, tree *resource.Tree, program, passphrase string, now time.Time) (Header, error) {
	s := tree.Snapshot()
	h := Header{Format: format, FormatVersion: formatVersion, Program: program, Created: now.UTC().Truncate(time.Second), Version: s.Version}
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	for _, k := range tree.Kinds() {
		if err := out.Encode(line{Kind: k.Name, Last: s.Last[k.Name]}); err != nil {
			return h, err
		}
		for _, one := range s.Objects[k.Name] {
			raw, err := json.Marshal(one)
			if err != nil {
				return h, err
			}
			if err := out.Encode(line{Kind: k.Name, Object: raw}); err != nil {
				return h, err
			}
			h.Objects++
		}
	}
	rest := lines.Bytes()
	if passphrase != "" {
		h.Seal = newSeal()
		var err error
		if rest, err = h.Seal.close(rest, passphrase); err != nil {
			return h, err
		}
	}
	sum := sha256.Sum256(rest)
	h.SHA256 = hex.EncodeToString(sum[:])
	z := gzip.NewWriter(w)
	err := json.NewEncoder(z).Encode(h)
	if err == nil {
		_, err = z.Write(rest)
	}
	return h, errors.Join(err, z.Close())
}

// ReadHeader reads the first line of a file. Errors are ErrFile.
func ReadHeader(r io.Reader) (Header, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return Header{}, fmt.Errorf("%w: it is no backup of Parley: %w", ErrFile, err)
	}
	h, err := header(bufio.NewReader(z))
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrFile, err)
	}
	return h, err
}

// header reads the first line.
func header(in *bufio.Reader) (h Header, err error) {
	first, err := in.ReadSlice('\n') // of at most 4 KiB
	if err != nil || json.Unmarshal(first, &h) != nil || h.Format != format {
		return h, errors.New("it is no backup of Parley")
	}
	if h.FormatVersion != formatVersion {
		return h, fmt.Errorf("its format is version %d, and this program (reads %d) is older than the one that wrote it, %s", h.FormatVersion, formatVersion, h.Program)
	}
	return h, nil
}

// Read reads a file, with the passphrase if it was sealed. Objects are of the kinds of
// tree, which stays as it is. Errors are ErrFile.
func Read(r io.Reader, tree *resource.Tree, passphrase string) (Header, resource.Snapshot, error) {
	h, s, err := read(r, tree, passphrase)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrFile, err)
	}
	return h, s, err
}

func read(r io.Reader, tree *resource.Tree, passphrase string) (h Header, s resource.Snapshot, err error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return h, s, fmt.Errorf("it is no backup of Parley: %w", err)
	}
	limited := &io.LimitedReader{R: z, N: sizeMost}
	in := bufio.NewReader(limited)
	if h, err = header(in); err != nil {
		return h, s, err
	}
	lines, err := io.ReadAll(in)
	if err != nil {
		return h, s, fmt.Errorf("it is damaged: %w", err)
	}
	if limited.N <= 0 {
		return h, s, fmt.Errorf("it is larger than %d bytes", sizeMost)
	}
	if sum := sha256.Sum256(lines); h.SHA256 != hex.EncodeToString(sum[:]) {
		return h, s, errors.New("it is damaged: its checksum is wrong")
	}
	if h.Seal != nil {
		if lines, err = h.Seal.open(lines, passphrase); err != nil {
			return h, s, err
		}
	}
	s = resource.Snapshot{Version: h.Version, Objects: map[string][]any{}, Last: map[string]int64{}}
	for n := 2; len(lines) > 0; n++ {
		var text []byte
		text, lines, _ = bytes.Cut(lines, []byte("\n"))
		if err := readLine(text, tree, s); err != nil {
			return h, s, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return h, s, nil
}

func readLine(text []byte, tree *resource.Tree, s resource.Snapshot) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	k, ok := tree.Kind(l.Kind)
	if !ok {
		return fmt.Errorf("this program knows no resource %q", l.Kind)
	}
	if l.Object == nil {
		s.Last[k.Name] = l.Last
		return nil
	}
	one := k.New()
	strict := json.NewDecoder(bytes.NewReader(l.Object))
	strict.DisallowUnknownFields()
	if err := strict.Decode(one); err != nil {
		return fmt.Errorf("%s: %w", k.Name, err)
	}
	s.Objects[k.Name] = append(s.Objects[k.Name], one)
	return nil
}
