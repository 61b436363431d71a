// Package journal keeps what happened on a node until the Management Node has
// it: in order, over the end of the program, and each once.
package journal

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"parley/bus"
)

// Most is how many records wait at most; the oldest are given up first.
const Most = 200_000

// Files in the folder of a journal.
const (
	recordsFile = "journal.jsonl"
	headFile    = "journal.head" // its id, and the last number that was acknowledged
)

// Journal is a list of records on disk. Safe for concurrent use.
type Journal struct {
	folder string
	added  chan struct{}

	mu    sync.Mutex
	id    string
	next  int64 // number of the next record
	acked int64
	wait  []bus.Record // numbers acked+1 and on
	file  *os.File
	lost  uint64
}

// Open opens the journal in a folder, or begins one.
func Open(folder string) (*Journal, error) {
	j := &Journal{folder: folder, added: make(chan struct{}, 1), next: 1}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	if err := j.readHead(); err != nil {
		return nil, err
	}
	if err := j.readRecords(); err != nil {
		return nil, err
	}
	return j, j.rewrite()
}

func (j *Journal) readHead() error {
	text, err := os.ReadFile(filepath.Join(j.folder, headFile))
	if errors.Is(err, fs.ErrNotExist) {
		j.id = rand.Text()
		return nil
	}
	if err != nil {
		return err
	}
	id, number, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id == "" {
		return fmt.Errorf("%s: it holds no id and number", headFile)
	}
	j.id, j.acked, j.next = id, n, n+1
	return nil
}

// readRecords reads what waits. A last line that is not whole, since the program
// was killed while it wrote, is left out.
func (j *Journal) readRecords() error {
	file, err := os.Open(filepath.Join(j.folder, recordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var r bus.Record
		if json.Unmarshal(line, &r) != nil || r.Number <= j.acked {
			continue
		}
		j.wait = append(j.wait, r)
		j.next = r.Number + 1
	}
}

// rewrite leaves only what waits in the file, and opens it for more.
func (j *Journal) rewrite() error {
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
	if err := j.writeHead(); err != nil {
		return err
	}
	path := filepath.Join(j.folder, recordsFile)
	next, err := os.OpenFile(path+".next", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(next)
	enc := json.NewEncoder(out)
	for _, r := range j.wait {
		if err := enc.Encode(r); err != nil {
			return errors.Join(err, next.Close())
		}
	}
	if err := errors.Join(out.Flush(), next.Sync(), next.Close(), os.Rename(path+".next", path)); err != nil {
		return err
	}
	j.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

func (j *Journal) writeHead() error {
	path := filepath.Join(j.folder, headFile)
	if err := os.WriteFile(path+".next", fmt.Appendf(nil, "%s %d\n", j.id, j.acked), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

// Add writes a record down. body is made JSON. A record that cannot be written
// waits in memory all the same; the error is for the log.
func (j *Journal) Add(kind string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r := bus.Record{Number: j.next, Kind: kind, Body: text}
	j.next++
	j.wait = append(j.wait, r)
	if len(j.wait) > Most {
		j.wait = append([]bus.Record(nil), j.wait[len(j.wait)-Most:]...)
		j.lost++
	}
	select {
	case j.added <- struct{}{}:
	default:
	}
	if j.file == nil {
		return fs.ErrClosed
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

// Added tells that there is something new.
func (j *Journal) Added() <-chan struct{} { return j.added }

// ID returns the name of the journal: another one begins where a folder is lost.
func (j *Journal) ID() string { return j.id }

// Waiting returns the oldest records that wait: n at most, and no more than
// bytes of bodies where that is more than one record.
func (j *Journal) Waiting(n, bytes int) []bus.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	n = min(n, len(j.wait))
	for i := range n {
		if bytes -= len(j.wait[i].Body); bytes < 0 {
			n = max(i, 1)
			break
		}
	}
	return append([]bus.Record(nil), j.wait[:n]...)
}

// compactAt is how many records may stand in the file that are acknowledged.
const compactAt = 1000

// Acknowledge takes out all records up to that number.
func (j *Journal) Acknowledge(number int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for n < len(j.wait) && j.wait[n].Number <= number {
		n++
	}
	if n == 0 {
		return nil
	}
	before := j.acked
	j.acked = j.wait[n-1].Number
	j.wait = append([]bus.Record(nil), j.wait[n:]...)
	if len(j.wait) == 0 || j.acked/compactAt != before/compactAt {
		return j.rewrite()
	}
	return j.writeHead()
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := errors.Join(j.file.Sync(), j.file.Close())
	j.file = nil
	return err
}
