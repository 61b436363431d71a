package mgmt

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"parley/bus"
	"parley/mgmt/store/storetest"
)

// Nodes of the previous and of the next version: one tells less, the other more.
func TestNodesOfOtherVersions(t *testing.T) { storetest.Each(t, testNodesOfOtherVersions) }

func testNodesOfOtherVersions(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	node := joinedNode(c)
	const statusAPI = "/api/admin/status/v1/"
	for _, one := range []struct{ version, conference, callUUID, more string }{
		{"0.9", `{"id": "run-0.9", "name": "Weekly", "participants": [{"id": "p", "display_name": "Ada"}]}`, "p", ``},
		{
			"1.1", `{"id": "run-1.1", "name": "Weekly", "aroma": ["mint"], "participants": [{"id": "p", "display_name": "Ada", "call_uuid": "u", "mood": {"good": true},
			"quality": "superb", "role": "prompter", "streams": [{"type": "hologram", "rx_codec": "H267", "depth": 3}]}]}`, "u",
			`, "quality": "half", "gravity": 9.81, "rejected": null, "certificates": [{"name": "bus", "kind": "new"}]`,
		},
	} {
		text := fmt.Sprintf(`{"node": %d, "version": %q, "conferences": [%s]%s}`, node.id, one.version, one.conference, one.more)
		if err := node.conn.Publish(bus.StatusSubject(node.id), []byte(text)); err != nil {
			t.Fatal(err)
		}
		again, patience := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
		defer again.Stop()
		for _, err := c.m.nodeOfConference("run-" + one.version); err != nil; _, err = c.m.nodeOfConference("run-" + one.version) {
			select {
			case <-again.C:
			case <-patience:
				t.Fatalf("node of version %s is not understood", one.version)
			}
		}
		if w := c.want(200, "GET", statusAPI+fmt.Sprintf("worker_vm/%d/", node.id), ""); w["version"] != one.version {
			t.Errorf("told version %v, want %s", w["version"], one.version)
		}
		if p := c.want(200, "GET", statusAPI+"participant/p/", ""); p["display_name"] != "Ada" || p["call_uuid"] != one.callUUID {
			t.Errorf("version %s: %v", one.version, p)
		}
		c.want(200, "GET", statusAPI+"participant/p/media_stream/", "")
		c.m.byHand()
		c.m.watch(c.m.started.Add(time.Hour)) // silent by then: what else it does not tell is no alarm
		for _, a := range c.m.alarms.list() {
			if a := a.(*Alarm); a.Name != alarmConnectivity {
				t.Errorf("version %s: alarm %+v", one.version, a)
			}
		}
		all := c.m.fleet.all(time.Now())
		if len(all) != 1 || len(wrongWith("oslo-1", &all[0], time.Now())) != 0 {
			t.Errorf("version %s: wrong with it: %+v", one.version, all)
		}
	}

	raw := func(number int64, kind, body string) bus.Record {
		return bus.Record{Number: number, Kind: kind, Body: json.RawMessage(body)}
	}
	a := hand(t, c.m, node.id, "j",
		raw(1, bus.RecordParticipant, `{"id": "old", "display_name": "Old", "conference_id": "c", "connected": "2026-03-04T05:06:07Z", "ended": "2026-03-04T05:07:07Z"}`),
		raw(2, "hologram", `{"id": 1}`),
		raw(3, bus.RecordParticipant, `{"id": "new", "display_name": "New", "call_uuid": "u", "quality": "superb", "windows": ["good", "superb"], "mood": {"good": true},
			"conference_id": "c", "connected": "2026-03-04T05:06:08Z", "ended": "2026-03-04T05:07:08Z", "streams": [{"type": "hologram", "depth": 3}]}`),
		raw(4, bus.RecordConference, `{"id": "c", "name": "Weekly", "aroma": "mint", "started": "2026-03-04T05:06:07Z", "ended": "2026-03-04T05:07:08Z"}`))
	if a.Number != 4 || a.Error != "" {
		t.Errorf("acknowledged %+v", a)
	}
	got := ""
	for _, o := range c.want(200, "GET", historyAPI+"participant/", "")["objects"].([]any) {
		p := o.(map[string]any)
		got += fmt.Sprint(p["display_name"], " ", p["call_uuid"], " ", p["call_quality"], " ", p["bucketed_call_quality"], " ", p["duration"], "; ")
	}
	if got != "Old old 0_unknown [0 0 0 0 0] 60; New u 0_unknown [1 1 0 0 0] 60; " {
		t.Errorf("history: %s", got)
	}
	if n := c.want(200, "GET", historyAPI+"conference/", "")["meta"].(map[string]any)["total_count"]; n != 1.0 {
		t.Errorf("%v conferences", n)
	}
}
