package mgmt

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/bus"
	"parley/config"
	"parley/mgmt/store/storetest"
)

// Bodies that clients of the model API send are taken: with all fields of the
// model at their defaults, with null for no text, and with notes about machines.
func TestBodiesOfTheModel(t *testing.T) { storetest.Each(t, testBodiesOfTheModel) }

func testBodiesOfTheModel(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	location := c.create("system_location", `{"name": "Oslo", "dns_servers": [], "ntp_servers": [], "mtu": 1500, "media_qos": 0, "sip_proxy": null, "bdpm_pin_checks_enabled": "GLOBAL"}`)
	c.want(201, "POST", "worker_vm/", `{"name": "oslo-1", "hostname": "oslo-1", "domain": "example.com", "address": "192.0.2.7", "netmask": "255.255.255.0",
		"gateway": "192.0.2.1", "system_location": "`+location+`", "node_type": "CONFERENCING", "snmp_mode": "DISABLED", "static_routes": [], "deployment_type": "MANUAL"}`)
	c.create("conference", `{"name": "VMR_1", "service_type": "conference", "aliases": [{"alias": "vmr1", "view_order": 0}], "automatic_participants": [],
		"scheduled_conferences": [], "media_playlist": null, "on_completion": null, "crypto_mode": "", "description": null, "host_view": ""}`)
	c.create("event_sink", `{"name": "s", "url": "https://s.example.com/", "username": null, "password": null, "restart_date": null, "filter_events": false}`)
	c.want(202, "PATCH", "global/1/", `{"enable_sip": true, "enable_h323": false, "bursting_enabled": false, "crypto_mode": "besteffort"}`)
	for _, refused := range []struct{ method, path, body, says string }{
		{"POST", "conference/", `{"name": "VMR_2", "automatic_participants": ["/x/"]}`, "automatic_participants"},
		{"PATCH", "global/1/", `{"enable_h323": true}`, "enable_h323"},
		{"PATCH", "global/1/", `{"enable_sip": false, "x": 1}`, "there is no such field"},
		{"PATCH", "global/1/", `{"crypto_mode": "on"}`, `default, \"besteffort\"`},
	} {
		status, _, answer := c.do(refused.method, refused.path, refused.body)
		if status != 400 || !strings.Contains(string(answer), refused.says) {
			t.Errorf("%s: %d %s", refused.body, status, answer)
		}
	}
	for query, want := range map[string]int{"aliases__alias=vmr1": 1, "aliases__alias=vmr2": 0, "id__range=1,5": 1, "id__range=2,5": 0, "creation_time__range=2020-01-01,2100-01-01": 1} {
		if n := len(c.want(200, "GET", "conference/?"+query, "")["objects"].([]any)); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	c.want(400, "GET", "conference/?id__range=1", "")
	c.want(400, "GET", "conference/?offset=9223372036854775807", "")
}

// Status and history have the names, types and references of the model.
func TestShapesOfTheModel(t *testing.T) { storetest.Each(t, testShapesOfTheModel) }

func testShapesOfTheModel(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	c.create("system_location", `{"name": "Oslo"}`)
	c.want(201, "POST", "worker_vm/", `{"name": "oslo-1", "address": "192.0.2.7", "system_location": "`+root+`system_location/1/"}`)
	if err := c.m.editNode(1, "test", func(w *config.WorkerVM) { w.Joined = true }); err != nil {
		t.Fatal(err)
	}
	one := bus.Participant{ID: "p9", DisplayName: "Ann", Quality: "bad", SourceAlias: "sip:ann@example.com", Streams: []bus.Stream{{Type: "audio", TxLost: 3}}}
	c.m.fleet.take(bus.NodeStatus{Node: 1, At: time.Now(), Conferences: []bus.Conference{{ID: "c9", Name: "VMR_1", Participants: []bus.Participant{one}}}}, time.Now())
	first := func(path string) map[string]any {
		t.Helper()
		list := c.want(200, "GET", path, "")["objects"].([]any)
		if len(list) == 0 {
			t.Fatalf("%s: nothing", path)
		}
		return list[0].(map[string]any)
	}
	is := func(o map[string]any, name string, want any) {
		t.Helper()
		if fmt.Sprintf("%T %v", o[name], o[name]) != fmt.Sprintf("%T %v", want, want) {
			t.Errorf("%s is %T %v, want %T %v", name, o[name], o[name], want, want)
		}
	}
	const status = "/api/admin/status/v1/"
	node := first(status + "worker_vm/")
	is(node, "configuration_id", 1.0)
	is(node, "system_location", "Oslo")
	is(node, "node_type", "CONFERENCING")
	p := first(status + "participant/")
	is(p, "call_quality", "3_bad")
	is(p, "media_node", "192.0.2.7")
	is(p, "participant_alias", "sip:ann@example.com")
	is(p, "is_mute_supported", true)
	stream := c.want(200, "GET", first(status + "participant/p9/media_stream/")["resource_uri"].(string), "")
	is(stream, "tx_packets_lost", 3.0)
	is(stream, "type", "audio")
	if schema := c.want(200, "GET", status+"participant/schema/", ""); fmt.Sprint(schema["allowed_list_http_methods"]) != "[get]" {
		t.Errorf("%v", schema["allowed_list_http_methods"])
	}

	hand(t, c.m, 1, "j", participant(t, 1, "Ann", "VMR_1", start), participant(t, 2, "Bob", "VMR_2", start), record(t, 3, bus.RecordConference, bus.EndedConference{
		ID: "c-VMR_1", Name: "VMR_1", Started: start, Ended: start.Add(time.Minute), Participants: 1,
	}))
	past := first(historyAPI + "participant/?conference__name=VMR_1")
	is(past, "conference", historyAPI+"conference/c-VMR_1/")
	is(past, "bucketed_call_quality", []any{0.0, 1.0, 2.0, 1.0, 0.0})
	is(past, "historic_call_quality", []any{1.0, 2.0, 3.0, 2.0})
	media := past["media_streams"].([]any)[1].(map[string]any)
	is(media, "stream_type", "video")
	is(media, "stream_id", "1")
	is(media, "participant", historyAPI+"participant/p1/")
	for _, by := range []string{historyAPI + "conference/c-VMR_1/", "c-VMR_1"} {
		is(first(historyAPI+"participant/?conference="+by), "id", "p1")
	}
	is(c.want(200, "GET", historyAPI+"conference/c-VMR_1/", ""), "participants", []any{historyAPI + "participant/p1/"})
	is(first(historyAPI+"media_stream/?participant="+historyAPI+"participant/p2/"), "participant", historyAPI+"participant/p2/")

	// Commands take the arguments of the model that say what is so anyway.
	const layout = "/api/admin/command/v1/conference/transform_layout/"
	for body, says := range map[string]string{
		`{"conference_id": "nobody", "layout": "x", "recording_indicator": false, "enable_overlay_text": true, "plus_n_pip_enabled": true}`: "there is no conference",
		`{"conference_id": "c9", "layout": "x", "enable_overlay_text": false}`:                                                              "use true",
		`{"conference_id": "c9", "layout": "x", "ai_enabled_indicator": true}`:                                                              "use false",
	} {
		if status, _, answer := c.do("POST", layout, body); status < 400 || !strings.Contains(string(answer), says) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}
