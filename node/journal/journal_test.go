package journal

import (
	"os"
	"path/filepath"
	"testing"

	"parley/bus"
)

func open(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func numbers(list []bus.Record) (n []int64) {
	for _, r := range list {
		n = append(n, r.Number)
	}
	return n
}

func want(t *testing.T, j *Journal, first, last int64) {
	t.Helper()
	got := numbers(j.Waiting(1<<20, 1<<20))
	if int64(len(got)) != last-first+1 || len(got) > 0 && (got[0] != first || got[len(got)-1] != last) {
		t.Fatalf("waiting %v, want %d to %d", got, first, last)
	}
}

// What was added is there after the program was killed, in order; what was
// acknowledged is not; and numbers go on.
func TestJournalOutlivesTheProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	j := open(t, dir)
	for i := range 5 {
		if err := j.Add("x", i); err != nil {
			t.Fatal(err)
		}
	}
	want(t, j, 1, 5)
	if err := j.Acknowledge(2); err != nil {
		t.Fatal(err)
	}
	id := j.ID()
	// Killed: nothing is closed, and the last line is half there.
	file, err := os.OpenFile(filepath.Join(dir, recordsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"number":6,"kind"`); err != nil {
		t.Fatal(err)
	}
	file.Close()
	j = open(t, dir)
	want(t, j, 3, 5)
	if j.ID() != id || string(j.Waiting(1, 0)[0].Body) != "2" {
		t.Errorf("%s, %s", j.ID(), j.Waiting(1, 0)[0].Body)
	}
	if err := j.Add("x", 5); err != nil {
		t.Fatal(err)
	}
	want(t, j, 3, 6)
	if err := j.Acknowledge(6); err != nil {
		t.Fatal(err)
	}
	want(t, j, 1, 0)
	if info, err := os.Stat(filepath.Join(dir, recordsFile)); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v: all is acknowledged", info, err)
	}
	j.Close()
	j = open(t, dir)
	if err := j.Add("x", 6); err != nil || numbers(j.Waiting(1, 0))[0] != 7 {
		t.Errorf("%v, %v: a number is given twice", numbers(j.Waiting(1, 0)), err)
	}
	j.Close()
	if err := j.Add("x", 7); err == nil {
		t.Error("written to a closed journal")
	}
}

func TestJournalIsBounded(t *testing.T) {
	j := open(t, t.TempDir())
	defer j.Close()
	j.wait = make([]bus.Record, Most)
	for i := range j.wait {
		j.wait[i].Number = int64(i + 1)
	}
	j.next = Most + 1
	if err := j.Add("x", nil); err != nil {
		t.Fatal(err)
	}
	want(t, j, 2, Most+1)
}

func TestDamagedHead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, headFile), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a head that says nothing was read")
	}
}

// What is handed over at once is bounded in bytes too, but never nothing.
func TestWaitingBytes(t *testing.T) {
	j := open(t, t.TempDir())
	for range 4 {
		if err := j.Add("x", "12345678"); err != nil { // 10 bytes
			t.Fatal(err)
		}
	}
	for bytes, want := range map[int]int{1: 1, 10: 1, 19: 1, 20: 2, 1000: 3} {
		if got := len(j.Waiting(3, bytes)); got != want {
			t.Errorf("%d bytes: %d records, want %d", bytes, got, want)
		}
	}
}
