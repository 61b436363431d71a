package mgmt

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/mgmt/store/storetest"
)

const historyAPI = "/api/admin/history/v1/"

// hand hands over records as a node does, and returns what is acknowledged.
// The load of the past is that of those who have left and of those who are there.
func TestLoad(t *testing.T) { storetest.Each(t, testLoad) }

func testLoad(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	from := time.Now().Add(-time.Hour).UTC()
	// Each stays for 90 s.
	hand(t, c.m, 1, "j", participant(t, 1, "Ann", "board", from.Add(-time.Minute)), participant(t, 2, "Bob", "board", from.Add(9*time.Minute)),
		participant(t, 3, "Cyd", "board", from.Add(9*time.Minute+30*time.Second)))
	c.m.fleet.take(bus.NodeStatus{Node: 1, Conferences: []bus.Conference{{ID: "c", Name: "board", Participants: []bus.Participant{
		{ID: "p", DisplayName: "Dan", Connected: from.Add(25 * time.Minute)},
	}}}}, time.Now())
	ask := func(more string) string {
		return "/api/admin/history/v1/load/?start_time=" + from.Format("2006-01-02T15:04:05.000000") + more
	}
	got := ""
	for _, o := range c.want(200, "GET", ask("&steps=6&end_time="+from.Add(time.Hour).Format(time.RFC3339Nano)), "")["objects"].([]any) {
		p := o.(map[string]any)
		got += fmt.Sprintf("%v/%v ", p["participants"], p["joined"])
	}
	if got != "2/2 2/0 1/1 1/0 1/0 1/0 " {
		t.Errorf("participants/joined: %s", got)
	}
	sampled, err := c.m.store.Sample(t.Context(), from, 10*time.Minute, 3)
	if err != nil || fmt.Sprint(sampled[0].Participants, sampled[0].Joined, sampled[1].Participants) != "2 2 0" {
		t.Errorf("%v, %v", sampled, err)
	}
	if ahead := c.want(200, "GET", ask("&steps=2&end_time="+from.Add(4*time.Hour).Format(time.RFC3339Nano)), "")["objects"].([]any); len(ahead) != 1 {
		t.Errorf("%d steps, and the second one is not there yet", len(ahead))
	}
	for _, wrong := range []struct{ more, name string }{{"", "end_time"}, {"&end_time=soon", "end_time"}, {"&end_time=2020-01-01", "end_time"}, {"&end_time=2100-01-01&steps=0", "steps"}} {
		if answer := fmt.Sprint(c.want(400, "GET", ask(wrong.more), "")); !strings.Contains(answer, wrong.name+":") {
			t.Errorf("%s: %s", wrong.more, answer)
		}
	}
}

func hand(t *testing.T, m *Management, node int64, journal string, list ...bus.Record) bus.Acknowledged {
	t.Helper()
	text, err := json.Marshal(bus.Records{Journal: journal, List: list})
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.takeRecords(&nats.Msg{Subject: bus.AskSubject(node, bus.AskRecords), Data: text})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func record(t *testing.T, number int64, kind string, body any) bus.Record {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Record{Number: number, Kind: kind, Body: text}
}

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func participant(t *testing.T, number int64, name, conference string, at time.Time) bus.Record {
	return record(t, number, bus.RecordParticipant, bus.EndedParticipant{
		Participant: bus.Participant{
			ID: fmt.Sprintf("p%d", number), DisplayName: name, SourceAlias: "sip:" + strings.ToLower(name) + "@example.com", DestinationAlias: "board",
			Protocol: "sip", Role: "chair", Connected: at, Quality: "ok", HasMedia: true,
			Streams: []bus.Stream{
				{Type: "audio", Started: at, RxCodec: "opus", RxBitrate: 48_000},
				{Type: "video", Started: at, RxCodec: "H264", RxBitrate: 900_000, RxPackets: 990, RxLost: 10},
			},
		},
		ConferenceID: "c-" + conference, ConferenceName: conference, Ended: at.Add(90 * time.Second), Reason: "far end hung up", Windows: []string{"good", "ok", "bad", "ok"},
	})
}

func TestHistory(t *testing.T) { storetest.Each(t, testHistory) }

func testHistory(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	ended := record(t, 4, bus.RecordConference, bus.EndedConference{ID: "c-Board", Name: "Board", Tag: "x", Started: start, Ended: start.Add(5 * time.Minute), Participants: 3})
	list := []bus.Record{
		participant(t, 1, "Ada", "Board", start), participant(t, 2, "Blaise", "Board", start.Add(time.Minute)),
		participant(t, 3, "Chandra", "Weekly", start.Add(2*time.Minute)), ended,
	}
	if a := hand(t, c.m, 1, "j", list[:2]...); a.Number != 2 {
		t.Errorf("acknowledged %+v", a)
	}
	// The answer was lost: the node hands it over again, with more.
	if a := hand(t, c.m, 1, "j", list...); a.Number != 4 {
		t.Errorf("acknowledged %+v", a)
	}
	if a := hand(t, c.m, 1, "j", list...); a.Number != 4 {
		t.Errorf("acknowledged %+v", a)
	}
	// What is not understood does not hold up the rest; another journal has its own numbers.
	if a := hand(t, c.m, 1, "k", bus.Record{Number: 1, Kind: "x", Body: []byte("{}")}, participant(t, 5, "=Dorothy()", "Weekly", start.Add(3*time.Minute))); a.Number != 5 {
		t.Errorf("acknowledged %+v", a)
	}
	names := func(query string) (list []string) {
		t.Helper()
		for _, o := range c.want(200, "GET", historyAPI+"participant/"+query, "")["objects"].([]any) {
			list = append(list, o.(map[string]any)["display_name"].(string))
		}
		return list
	}
	for query, want := range map[string]string{
		"":                                     "Ada Blaise Chandra =Dorothy()",
		"?order_by=-start_time&limit=2":        "=Dorothy() Chandra",
		"?conference_name=Board":               "Ada Blaise",
		"?display_name__icontains=LA":          "Blaise",
		"?display_name__startswith=Ch":         "Chandra",
		"?display_name__in=Ada,Chandra":        "Ada Chandra",
		"?call_quality=2_ok&offset=3":          "=Dorothy()",
		"?rx_bandwidth__gt=948":                "",
		"?has_media=true&limit=1":              "Ada",
		"?start_time__gte=2026-03-04T05:08:00": "Chandra =Dorothy()",
		"?start_time__gte=" + url.QueryEscape("2026-03-04T05:07:07Z") + "&end_time__lt=2026-03-04T05:09:00": "Blaise",
		"?display_name__istartswith=bL":                     "Blaise",
		"?display_name__contains=A":                         "Ada",
		"?remote_alias__contains=p%25a":                     "",
		"?display_name__endswith=a":                         "Ada Chandra",
		"?display_name__endswith=the%20name%20of%20Chandra": "",
		"?display_name__iendswith=DRA":                      "Chandra",
		"?display_name__isnull=true":                        "",
		"?display_name__isnull=false&limit=1":               "Ada",
		"?id=p1'%20OR%20'1'='1":                             "",
		"?remote_alias__iexact=SIP:ADA@EXAMPLE.COM":         "Ada",
	} {
		if got := strings.Join(names(query), " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	last := c.want(200, "GET", historyAPI+"media_stream/?order_by=-id&id__lt=4&limit=1", "")["objects"].([]any)
	if len(last) != 1 || last[0].(map[string]any)["id"] != 3.0 {
		t.Errorf("%v", last)
	}
	one := c.want(200, "GET", historyAPI+"participant/p1/", "")
	if one["duration"] != 90.0 || one["rx_bandwidth"] != 948.0 || fmt.Sprint(one["bucketed_call_quality"]) != "[0 1 2 1 0]" || one["start_time"] != "2026-03-04T05:06:07.000000" ||
		one["disconnect_reason"] != "far end hung up" || one["call_quality"] != "2_ok" {
		t.Errorf("%v", one)
	}
	streams := c.want(200, "GET", historyAPI+"participant/p1/media_stream/", "")["objects"].([]any)
	if v := streams[1].(map[string]any); len(streams) != 2 || v["rx_codec"] != "H264" || v["rx_packet_loss"] != 1.0 || v["id"] == nil {
		t.Errorf("%v", streams)
	}
	conference := c.want(200, "GET", historyAPI+"conference/c-Board/", "")
	if conference["participant_count"] != 3.0 || conference["duration"] != 300.0 || conference["tag"] != "x" {
		t.Errorf("%v", conference)
	}
	for _, path := range []string{"participant/nobody/", "conference/c-none/", "meeting/"} {
		c.want(404, "GET", historyAPI+path, "")
	}
	for _, path := range []string{
		"participant/?duration=long", "participant/?who=x", "participant/?display_name__regex=x", "participant/?order_by=who",
		"participant/?duration__contains=1", "participant/?id=%00", "participant/?id=%ff",
	} {
		if status, _, answer := c.do("GET", historyAPI+path, ""); status != 400 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	c.want(405, "DELETE", historyAPI+"participant/p1/", "")
	status, _, text := c.do("GET", historyAPI+"participant/?format=csv&order_by=start_time", "")
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if status != 200 || err != nil || len(lines) != 5 || lines[0][3] != "display_name" || lines[1][3] != "Ada" || lines[4][3] != "'=Dorothy()" {
		t.Errorf("%d, %v: %q", status, err, lines)
	}
	c.m.forget(t.Context(), start.AddDate(0, 0, 90).Add(151*time.Second)) // Ada, of 90 s, and Blaise, 60 s later, are too old
	if got := strings.Join(names(""), " "); got != "Chandra =Dorothy()" {
		t.Errorf("%q are left", got)
	}
}
