package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/codecs"
	"parley/codecs/fake"
)

func TestCache(t *testing.T) {
	t.Setenv("PARLEY_CPU", "")
	file := filepath.Join(t.TempDir(), "state", "costs.json")
	set := fake.Codecs()
	set.Libraries = map[string]string{"x264": "1"}
	if _, ok := Stored(file, set); ok {
		t.Error("there is no file")
	}
	if err := Store(file, set, some); err != nil {
		t.Fatal(err)
	}
	if got, ok := Stored(file, set); !ok || got != some {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := Stored(file, codecs.Set{Libraries: map[string]string{"x264": "2"}}); ok {
		t.Error("costs of another library")
	}
	t.Setenv("PARLEY_CPU", "c")
	if _, ok := Stored(file, set); ok {
		t.Error("costs of a program that used more of the processor")
	}
	t.Setenv("PARLEY_CPU", "")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"empty": "", "cut": string(good[:len(good)/2]), "no object": "[]",
		"another count of processors": strings.Replace(string(good), `"processors": `, `"processors": 1`, 1),
		"another build":               strings.Replace(string(good), `"program": "`, `"program": "1`, 1),
		"nothing":                     strings.Replace(string(good), `"decode": 0.0011`, `"decode": 0`, 1),
		"absurd":                      strings.Replace(string(good), `"decode_small": 0.0007`, `"decode_small": 1e9`, 1),
		"missing":                     strings.Replace(string(good), `"audio_encode"`, `"x"`, 1),
	} {
		if text == string(good) {
			t.Fatalf("%s: not changed", what)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := Stored(file, set); ok {
			t.Errorf("taken: %s", what)
		}
	}
}
