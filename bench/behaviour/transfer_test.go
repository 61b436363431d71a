//go:build cgo

package behaviour

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"parley/bench/caller"
	"parley/bench/clip"
)

// One who is transferred sees and hears who is in the other room, and is seen
// and heard there; in the first one he is gone. His call goes on as it was.
func TestTransfer(t *testing.T) {
	d := manage(t, t.TempDir(), "127.0.0.1:0")
	defer d.end()
	m := d.openManaged("oslo-1", d.newNode("oslo-1"))
	events, sink := newEventServer(t)
	_, at := d.ask("POST", configurationAPI+"event_sink/", map[string]any{"name": "log", "url": sink, "username": "u", "password": "secret"}, http.StatusCreated)
	d.ask("PATCH", configurationAPI+"system_location/1/", map[string]any{"event_sinks": []string{at}}, http.StatusAccepted)
	for _, name := range []string{"board", "annex", "full"} {
		room := map[string]any{"name": strings.ToUpper(name), "aliases": []map[string]any{{"alias": name}}, "tag": "weekly", "own_thumbnail": "hidden"}
		if name == "full" {
			room["participant_limit"] = 1
		}
		d.ask("POST", configurationAPI+"conference/", room, http.StatusCreated)
	}
	version := d.management.Deployment().Version
	settle(t, "the node has the rooms", func() bool { return m.node.Configured() >= version })
	dial := func(i int, alias string) *caller.Caller {
		c := m.spec(i)
		c.URI = m.uri(alias)
		return m.call(c)
	}
	a, b, c := dial(0, "board"), dial(1, "board"), dial(2, "annex")
	dial(3, "full")
	a.Talk(true)
	c.Talk(true)
	m.await(b, "B sees and hears A, not C", func(x *caller.Caller) bool {
		return strings.HasPrefix(faces(x), "A") && x.Heard(clip.ToneOf(0)) > heardAt && x.Heard(clip.ToneOf(2)) < silentAt
	})

	find := func(name string) map[string]any {
		t.Helper()
		var found map[string]any
		d.settle(name+" is in the status", func() bool {
			for _, p := range d.list(statusAPI + "participant/") {
				if p["display_name"] == name {
					found = p
				}
			}
			return found != nil
		})
		return found
	}
	before := find("Caller B")
	transfer := func(alias, role string, status int) string {
		t.Helper()
		answer, _ := d.ask("POST", commandAPI+"participant/transfer/", map[string]any{
			"participant_id": before["id"], "conference_alias": alias, "role": role,
		}, status)
		text, _ := answer["error"].(string)
		return text
	}
	for _, wrong := range []struct{ alias, role, says string }{
		{"nowhere", "", "conference_alias"}, {"board", "", "BOARD already"}, {"full", "", "full"}, {"annex", "king", "role"},
	} {
		if text := transfer(wrong.alias, wrong.role, http.StatusBadRequest); !strings.Contains(text, wrong.says) {
			t.Errorf("to %s as %q: %s", wrong.alias, wrong.role, text)
		}
	}
	annex := d.list(statusAPI + "conference/?name=ANNEX")[0]["id"]
	d.command("conference/lock", map[string]any{"conference_id": annex})
	if text := transfer("annex", "", http.StatusBadRequest); !strings.Contains(text, "locked") {
		t.Errorf("to a locked room: %s", text)
	}
	d.command("conference/unlock", map[string]any{"conference_id": annex})
	if find("Caller B")["conference"] != "BOARD" {
		t.Error("he is not where he was")
	}

	transfer("annex", "guest", http.StatusAccepted)
	m.await(b, "B sees and hears C, not A", func(x *caller.Caller) bool {
		return strings.HasPrefix(faces(x), "C") && x.Heard(clip.ToneOf(2)) > heardAt && x.Heard(clip.ToneOf(0)) < silentAt
	})
	b.Talk(true)
	m.await(c, "C sees and hears B", func(x *caller.Caller) bool {
		return strings.HasPrefix(faces(x), "B") && x.Heard(clip.ToneOf(1)) > heardAt
	})
	m.await(a, "A sees and hears nobody", func(x *caller.Caller) bool {
		return !strings.ContainsAny(faces(x), "BC") && x.Heard(clip.ToneOf(1)) < silentAt
	})
	after := find("Caller B")
	d.settle("the status has B in the other room", func() bool {
		after = find("Caller B")
		return after["conference"] == "ANNEX"
	})
	if after["id"] == before["id"] || after["call_uuid"] != before["call_uuid"] || after["role"] != "guest" || after["destination_alias"] != "annex" {
		t.Errorf("before %v\nafter %v", before, after)
	}
	d.command("participant/mute", map[string]any{"participant_id": after["id"]})
	m.await(c, "C hears B no more", func(x *caller.Caller) bool { return x.Heard(clip.ToneOf(1)) < silentAt })
	d.command("participant/disconnect", map[string]any{"participant_id": after["id"]})
	settle(t, "B is disconnected", func() bool {
		select {
		case <-b.Done():
			return true
		default:
			return false
		}
	})
	if s := b.Stats().Video; s.Gaps > 0 || s.Damaged > 0 || s.DecodeErrors > 0 {
		t.Errorf("the transfer broke the stream: %+v", s)
	}
	t.Logf("the longest freeze was %v", b.Stats().Video.LongestFreeze)

	// In the history he was in both.
	stays := func() []map[string]any {
		return d.list(historyAPI + "participant/?order_by=end_time&call_uuid=" + before["call_uuid"].(string))
	}
	d.settle("the history has both stays", func() bool { return len(stays()) == 2 })
	if s := stays(); s[0]["conference_name"] != "BOARD" || s[0]["disconnect_reason"] != "transferred to annex" || s[0]["role"] != "chair" ||
		s[1]["conference_name"] != "ANNEX" || s[1]["id"] != after["id"] || s[1]["local_alias"] != "annex" {
		t.Errorf("%v", s)
	}
	settle(t, "the event sink was told", func() bool {
		list := events.list()
		left := slices.Index(list, "participant_disconnected Caller B")
		return left >= 0 && slices.Index(list[left:], "participant_connected Caller B") == 1
	})
}
