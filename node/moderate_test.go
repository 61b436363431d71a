package node

import (
	"strings"
	"testing"

	"parley/bus"
)

// A command of a later version is refused by name, whatever it is about.
func TestUnknownAction(t *testing.T) {
	n := &Node{version: "1.2"}
	for _, c := range []bus.Command{{Action: "meeting/merge"}, {Action: "meeting/merge", Participant: "p"}, {Action: "meeting/merge", Conference: "c"}} {
		if e := n.Do(c).Error; !strings.Contains(e, `"meeting/merge"`) || !strings.Contains(e, "1.2") {
			t.Errorf("%+v: %q", c, e)
		}
	}
}
