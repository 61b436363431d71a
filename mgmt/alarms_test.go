package mgmt

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley/bus"
	"parley/config"
	"parley/mgmt/store/storetest"
	"parley/pki"
)

// byHand ends what a Management Node does by itself as time passes: the test does it.
func (m *Management) byHand() {
	m.stop()
	m.done.Wait()
}

// alarmsOf returns the alarms of a list of the API: level, name and instance.
func (c *client) alarmsOf(path string) (list []string) {
	c.t.Helper()
	for _, o := range c.want(200, "GET", path, "")["objects"].([]any) {
		a := o.(map[string]any)
		list = append(list, fmt.Sprintf("%v %v %v", a["level"], a["name"], a["instance"]))
	}
	return list
}

const (
	statusAlarms  = "/api/admin/status/v1/alarm/"
	historyAlarms = historyAPI + "alarm/?order_by=time_raised,id"
)

// What is wrong is an alarm while it is, and in the history from then on, also
// when the Management Node ended in between.
func TestAlarms(t *testing.T) { storetest.Each(t, testAlarms) }

func testAlarms(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	c.m.byHand()
	c.create("system_location", `{"name": "Oslo"}`)
	c.create("worker_vm", `{"name": "oslo-1", "system_location": "`+root+`system_location/1/"}`)
	c.create("event_sink", `{"name": "ledger", "url": "https://events.example.com/"}`)
	now := c.m.started.Add(time.Minute)
	if err := c.m.editNode(1, "test", nodeJoined); err != nil {
		t.Fatal(err)
	}
	well := bus.NodeStatus{Node: 1, Version: "v2", Configuration: 7, Limit: 0.8, Ports: 3, Load: 0.5, DiskFree: 1 << 40, DiskTotal: 2 << 40, Certificates: []bus.Expiry{{Name: "SIP", Until: now.Add(time.Hour * 24 * 400)}}}
	at := func(later time.Duration, change func(s *bus.NodeStatus)) []string {
		t.Helper()
		s := well
		change(&s)
		moment := now.Add(later)
		c.m.fleet.take(s, moment)
		c.m.watch(moment)
		return c.alarmsOf(statusAlarms)
	}
	for what, test := range map[string]struct {
		change func(s *bus.NodeStatus)
		want   string
	}{
		"well":     {func(*bus.NodeStatus) {}, "[]"},
		"full":     {func(s *bus.NodeStatus) { s.Ports = 0 }, "[warning capacity_exhausted oslo-1]"},
		"sink":     {func(s *bus.NodeStatus) { s.FailingSinks = []string{"ledger", "none", "ledger"} }, "[warning eventsink_failing oslo-1: ledger]"},
		"rejected": {func(s *bus.NodeStatus) { s.Rejected = &bus.Rejection{Version: 9, Reason: "kind \"new\""} }, "[error configuration_rejected oslo-1]"},
		"expiring": {func(s *bus.NodeStatus) {
			s.Certificates = []bus.Expiry{{Name: "SIP", Until: now.Add(29 * 24 * time.Hour)}}
		}, "[warning certificate_expiring node oslo-1: SIP]"},
		"urgent": {func(s *bus.NodeStatus) {
			s.Certificates = []bus.Expiry{{Name: "SIP", Until: now.Add(6 * 24 * time.Hour)}}
		}, "[error certificate_expiring node oslo-1: SIP]"},
		"expired":   {func(s *bus.NodeStatus) { s.Certificates = []bus.Expiry{{Name: "bus", Until: now.Add(-time.Hour)}} }, "[error certificate_expiring node oslo-1: bus]"},
		"disk":      {func(s *bus.NodeStatus) { s.DiskFree = 400 << 20 }, "[error disk_nearly_full node oslo-1]"},
		"small":     {func(s *bus.NodeStatus) { s.DiskFree, s.DiskTotal = 400<<20, 4<<30 }, "[]"},
		"old":       {func(s *bus.NodeStatus) { s.DiskFree, s.DiskTotal, s.Certificates = 0, 0, nil }, "[]"},
		"two":       {func(s *bus.NodeStatus) { s.Ports, s.DiskFree = 0, 0 }, "[warning capacity_exhausted oslo-1 error disk_nearly_full node oslo-1]"},
		"no sign":   {func(s *bus.NodeStatus) { s.Node = 99 }, "[error connectivity_lost oslo-1]"},
		"other one": {func(s *bus.NodeStatus) { s.Node, s.Ports = 99, 0 }, "[error connectivity_lost oslo-1]"},
	} {
		now = now.Add(time.Minute)
		if got := fmt.Sprint(at(0, test.change)); got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
		now = now.Add(time.Minute)
		at(0, func(*bus.NodeStatus) {})
	}
	if past := c.alarmsOf(historyAlarms); len(past) != 11 {
		t.Errorf("%d in the history: %v", len(past), past)
	}
	lost := c.want(200, "GET", historyAPI+"alarm/?name=connectivity_lost&limit=1", "")["objects"].([]any)[0].(map[string]any)
	raised, lowered := lost["time_raised"].(string), lost["time_lowered"].(string)
	if a, b := parseUTC(t, raised), parseUTC(t, lowered); b.Sub(a) != time.Minute {
		t.Errorf("held from %s to %s", raised, lowered)
	}

	// One that gets worse stays the same one.
	at(time.Minute, func(s *bus.NodeStatus) {
		s.Certificates = []bus.Expiry{{Name: "SIP", Until: now.Add(8 * 24 * time.Hour)}}
	})
	before := c.want(200, "GET", statusAlarms, "")["objects"].([]any)[0].(map[string]any)
	at(48*time.Hour, func(s *bus.NodeStatus) {
		s.Certificates = []bus.Expiry{{Name: "SIP", Until: now.Add(8 * 24 * time.Hour)}}
	})
	after := c.want(200, "GET", statusAlarms, "")["objects"].([]any)[0].(map[string]any)
	if before["id"] != after["id"] || before["time_raised"] != after["time_raised"] || after["level"] != "error" || before["level"] != "warning" {
		t.Errorf("before %v\nafter %v", before, after)
	}

	// The Management Node ends, and comes back.
	count := len(c.alarmsOf(historyAlarms))
	again, err := load(t.Context(), Config{DSN: dsn, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer again.store.Close()
	held := again.alarms.list()
	if len(held) != 1 || held[0].(*Alarm).ID != int64(after["id"].(float64)) || !held[0].(*Alarm).TimeRaised.Equal(parseUTC(t, before["time_raised"].(string))) {
		t.Errorf("held after a restart: %+v", held)
	}
	if raised, lowered := again.alarms.set(nil, now.Add(72*time.Hour)); len(raised) != 0 || len(lowered) != 1 {
		t.Errorf("raised %v, lowered %v", raised, lowered)
	} else {
		moment := now.Add(72 * time.Hour)
		again.keepAlarm(lowered[0], &moment)
	}
	if raised, _ := again.alarms.set([]Alarm{{Name: "x"}}, now); raised[0].ID <= held[0].(*Alarm).ID {
		t.Errorf("a number is given again: %d", raised[0].ID)
	}
	if n := len(c.alarmsOf(historyAlarms)); n != count+1 {
		t.Errorf("%d in the history, want one more than %d", n, count)
	}
	if _, err := c.m.store.Forget(t.Context(), now.Add(100*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if past := c.alarmsOf(historyAlarms); len(past) != 0 {
		t.Errorf("old ones are not forgotten: %v", past)
	}
}

// The history tells how bad an alarm was in the end.
func TestAlarmThatGotWorse(t *testing.T) { storetest.Each(t, testAlarmThatGotWorse) }

func testAlarmThatGotWorse(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	now := c.m.started
	a := Alarm{ID: 1, Name: alarmCertificate, Level: "warning", Instance: "SIP", Details: "29 days", TimeRaised: now}
	c.m.keepAlarm(a, nil)
	a.Level, a.Details = "error", "6 days"
	lowered := now.Add(time.Hour)
	c.m.keepAlarm(a, &lowered)
	kept := c.want(200, "GET", historyAPI+"alarm/", "")["objects"].([]any)
	if len(kept) != 1 || kept[0].(map[string]any)["level"] != "error" || kept[0].(map[string]any)["details"] != "6 days" {
		t.Errorf("%v", kept)
	}
}

func nodeJoined(w *config.WorkerVM) { w.Joined = true }

func newRequest(t *testing.T) []byte {
	t.Helper()
	request, _, err := pki.NewKey("node")
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func parseUTC(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000000", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A node that there is gets another token; who has the old one, and the machine
// that is replaced, are out.
func TestJoinAgain(t *testing.T) { storetest.Each(t, testJoinAgain) }

func testJoinAgain(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	c.create("system_location", `{"name": "Oslo"}`)
	first := c.want(201, "POST", "worker_vm/", `{"name": "oslo-1", "system_location": "`+root+`system_location/1/"}`)["join_token"].(string)
	const path = "/api/admin/command/v1/worker_vm/join_token/"
	c.want(404, "POST", path, `{"worker_vm_id": 9}`)
	c.want(400, "POST", path, `{}`)
	c.want(400, "POST", path, `{"worker_vm_id": "one"}`)
	data := c.want(202, "POST", path, `{"worker_vm_id": 1}`)["data"].(map[string]any)
	second, _ := data["join_token"].(string)
	if second == "" || second == first {
		t.Fatalf("%v", data)
	}
	if _, err := c.m.join(bus.JoinRequest{Token: first, Request: string(newRequest(t))}, "", time.Now()); err == nil {
		t.Error("the first token still works")
	}
	serial := func() any { return c.want(200, "GET", "worker_vm/1/", "")["certificate_serial"] }
	if _, err := c.m.join(bus.JoinRequest{Token: second, Request: string(newRequest(t))}, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	before := serial()
	third := c.want(202, "POST", path, `{"worker_vm_id": 1}`)["data"].(map[string]any)["join_token"].(string)
	if serial() != before {
		t.Error("the machine is out before another one has come")
	}
	if _, err := c.m.join(bus.JoinRequest{Token: third, Request: string(newRequest(t))}, "", time.Now()); err != nil || serial() == before {
		t.Errorf("the new machine: %v, serial %v", err, serial())
	}
	for _, line := range c.m.logged.since(time.Time{}) {
		if strings.Contains(line, third) {
			t.Errorf("the token is in the log: %s", line)
		}
	}
}
