package node

import (
	"fmt"
	"testing"

	"parley/config"
	"parley/engine/load"
)

func TestRefusalsAreCounted(t *testing.T) {
	h := testHost(t, func(c *config.Config) { c.MaxParticipants = 1 })
	if _, _, err := h.Join(t.Context(), caller("meet"), []byte(plainOffer)); err != nil {
		t.Fatal(err)
	}
	for _, alias := range []string{"nobody", "nobody", "meet"} {
		if _, _, err := h.Join(t.Context(), caller(alias), []byte(plainOffer)); err == nil {
			t.Fatalf("%s: taken", alias)
		}
	}
	h.refused.count(fmt.Errorf("x: %w", &load.NoRoom{Needs: 1}))
	got := h.refused.read()
	for why, want := range map[string]uint64{"unknown_alias": 2, "no_capacity": 1, "load": 1, "conference_full": 0, "internal_error": 0} {
		if n, there := got[why]; !there || n != want {
			t.Errorf("%s: %d, want %d", why, n, want)
		}
	}
}

func TestCostsFile(t *testing.T) {
	for _, test := range []struct{ cache, data, want string }{
		{"", "", ""}, {"", "/data", "/data/costs.json"}, {"/c.json", "/data", "/c.json"}, {"/c.json", "", "/c.json"},
	} {
		c := config.Config{DataDir: test.data, Capacity: config.Capacity{Cache: test.cache}}
		if got := costsFile(c); got != test.want {
			t.Errorf("cache %q, data %q: %q, want %q", test.cache, test.data, got, test.want)
		}
	}
}
