package peer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"parley/bench/clip"
)

func TestNetstring(t *testing.T) {
	b := appendNetstring(appendNetstring(nil, []byte(`{"a":1}`)), nil)
	if string(b) != `7:{"a":1},0:,` {
		t.Fatalf("%s", b)
	}
	r := bufio.NewReader(bytes.NewReader(b))
	for _, want := range []string{`{"a":1}`, ""} {
		if got, err := readNetstring(r); err != nil || string(got) != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	for _, bad := range []string{"x:a,", "3:ab,", "1:ab", "99999999:a,", "-1:,"} {
		if _, err := readNetstring(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if _, err := readNetstring(r); !errors.Is(err, io.EOF) {
		t.Errorf("end: %v", err)
	}
}

func FuzzNetstring(f *testing.F) {
	f.Add([]byte("3:abc,"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := readNetstring(bufio.NewReader(bytes.NewReader(b))); err == nil && len(s) > len(b) {
			t.Error("longer than its source")
		}
	})
}

func TestWAV(t *testing.T) {
	sound := clip.SoundSpec{Kind: clip.Tone, Freq: 1000}.Samples()
	for _, rate := range []int{48000, 16000, 8000} {
		path := filepath.Join(t.TempDir(), "a.wav")
		if err := writeWAV(path, sound, rate); err != nil {
			t.Fatal(err)
		}
		got, err := readWAV(path)
		if err != nil || len(got) != len(sound) {
			t.Fatalf("%d samples, %v", len(got), err)
		}
		if l := clip.Goertzel(got, 1000); math.Abs(l+20) > 0.5 {
			t.Errorf("%d Hz: tone at %.1f dBov", rate, l)
		}
	}
	for _, bad := range []string{"", "RIFF....WAVE", "RIFF....WAVEdata\x00\x00\x00\x00"} {
		if _, err := parseWAV([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestPicturesKeepTheirColours(t *testing.T) {
	for caller := range clip.Callers {
		p, err := clip.VideoSpec{Caller: caller, Width: 320, Height: 180}.Draw(3)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.jpg")
		if err := writeJPEG(path, p); err != nil {
			t.Fatal(err)
		}
		p.Release()
		q, err := readJPEG(path)
		if err != nil {
			t.Fatal(err)
		}
		mean, _ := clip.CellColour(q, clip.Whole(q).Backdrop())
		if d := mean.Distance(clip.Background(caller)); d > 3 {
			t.Errorf("caller %d: %v is %.1f off", caller, mean, d)
		}
		if m, ok := clip.ReadMark(q, clip.Whole(q)); !ok || m.Picture != 3 {
			t.Errorf("caller %d: mark %+v %v", caller, m, ok)
		}
		q.Release()
	}
}

func TestSIPpStatistics(t *testing.T) {
	var r SIPpResult
	if err := r.parse("Time;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\nx;1;1;0;0;\ny;0;7;2;3;\n"); err != nil {
		t.Fatal(err)
	}
	if r.Successful != 7 || r.Failed != 2 || r.Retransmissions != 3 {
		t.Errorf("%+v", r)
	}
	if err := r.parse("Time;\n"); err == nil {
		t.Error("nothing was read as something")
	}
}

func TestMissingProgram(t *testing.T) {
	if _, err := start(t.TempDir(), nil, "no-such-phone"); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
}

func TestProcess(t *testing.T) {
	p, err := start(t.TempDir(), nil, "sh", "-c", "echo one; printf 'two\\rthree\\n' >&2; read x; echo got $x; sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.write("apples"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two", "three", `got (\w+)`} {
		m, err := p.Await(t.Context(), "^"+want+"$")
		if err != nil {
			t.Fatal(err)
		}
		if len(m) > 1 && m[1] != "apples" {
			t.Errorf("%q", m)
		}
	}
	p.Close()
	if _, err := p.Await(t.Context(), "never"); !errors.Is(err, ErrEnded) {
		t.Errorf("%v", err)
	}
}
