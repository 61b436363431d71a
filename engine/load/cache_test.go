package load

import (
	"os"
	"path/filepath"
	"testing"

	"parley/codecs"
	"parley/codecs/fake"
)

func TestCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "costs.json")
	set := fake.Codecs()
	set.Libraries = map[string]string{"x264": "1"}
	if _, ok := Stored(file, set); ok {
		t.Error("there is no file")
	}
	want := Costs{1, 2, 3, 4}
	if err := Store(file, set, want); err != nil {
		t.Fatal(err)
	}
	if got, ok := Stored(file, set); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := Stored(file, codecs.Set{Libraries: map[string]string{"x264": "2"}}); ok {
		t.Error("costs of another library")
	}
	for _, text := range []string{"", "{", `{"costs": {"decode": -1}}`} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := Stored(file, set); ok {
			t.Errorf("taken: %q", text)
		}
	}
}
