package mgmt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/mgmt/store/storetest"
)

// told is an event of the stream.
type told struct {
	event    string
	Resource string
	Objects  []map[string]any
	Changed  []map[string]any
	Gone     []string
	Kind     string
	ID       int64
}

// listener is a client of the event stream.
type listener struct {
	t    *testing.T
	body io.ReadCloser
	text *bufio.Scanner
}

// listen opens the event stream.
func (c *client) listen(query string) *listener {
	c.t.Helper()
	resp := c.get("/api/admin/events/?" + query)
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || kind != "text/event-stream" {
		c.t.Fatalf("%s %s", resp.Status, kind)
	}
	l := &listener{t: c.t, body: resp.Body, text: bufio.NewScanner(resp.Body)}
	l.text.Buffer(nil, 1<<20)
	return l
}

// get begins a request whose answer goes on.
func (c *client) get(path string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), "GET", c.server.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct horse")
	resp, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// next returns the next event.
func (l *listener) next() (e told) {
	l.t.Helper()
	for l.text.Scan() {
		line := l.text.Text()
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			e.event = event
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				l.t.Fatalf("%s: %v", line, err)
			}
			return e
		}
	}
	l.t.Fatalf("the stream ended: %v", l.text.Err())
	return e
}

// until returns the first event for which f holds.
func (l *listener) until(f func(told) bool) told {
	l.t.Helper()
	for {
		if e := l.next(); f(e) {
			return e
		}
	}
}

// say has a node with two conferences tell its state.
func say(m *Management, people ...string) {
	s := bus.NodeStatus{Node: 1, Conferences: []bus.Conference{{ID: "c1", Name: "board"}, {ID: "c2", Name: "other"}}}
	for i, name := range people {
		c := &s.Conferences[i%2]
		c.Participants = append(c.Participants, bus.Participant{
			ID: "p-" + name, DisplayName: name, Streams: []bus.Stream{{Type: "audio", RxCodec: "opus", RxBitrate: 1000 * len(people)}},
		})
	}
	m.fleet.take(s, time.Now())
}

// Whoever watches is told everything once, then what changes, and no more.
func TestEvents(t *testing.T) { storetest.Each(t, testEvents) }

func testEvents(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	for _, query := range []string{"", "?resources=", "?resources=nothing", "?resources=participant&colour=red"} {
		name := "resources"
		if strings.Contains(query, "colour") {
			name = "colour"
		}
		if answer := fmt.Sprint(c.want(400, "GET", "/api/admin/events/"+query, "")); !strings.Contains(answer, name+":") {
			t.Errorf("%s: %s", query, answer)
		}
	}
	say(c.m, "Ann", "Bob")
	l := c.listen("resources=participant,conference&participant=p-Ann")
	names := map[string]int{}
	for range 3 {
		e := l.next()
		if e.event != "snapshot" {
			t.Fatalf("%+v", e)
		}
		names[e.Resource] = len(e.Objects)
	}
	if fmt.Sprint(names) != "map[conference:2 media_stream:1 participant:2]" {
		t.Error(names)
	}
	say(c.m, "Ann", "Bob", "Cyd")
	came := l.until(func(e told) bool { return e.event == "change" && e.Resource == "participant" })
	if len(came.Changed) < 1 || len(came.Gone) != 0 {
		t.Errorf("%+v", came)
	}
	streams := l.until(func(e told) bool { return e.event == "change" && e.Resource == "media_stream" })
	if len(streams.Changed) != 1 || streams.Changed[0]["rx_bitrate"] != 3.0 {
		t.Errorf("%+v", streams)
	}
	if e := c.listen("participant=p-Bob").next(); e.Resource != "media_stream" || len(e.Objects) != 1 {
		t.Errorf("of one alone: %+v", e)
	}
	one := c.listen("resources=participant&conference=c2").next()
	if len(one.Objects) != 1 || one.Objects[0]["display_name"] != "Bob" || one.Objects[0]["resource_uri"] != "/api/admin/status/v1/participant/p-Bob/" {
		t.Errorf("in one conference: %+v", one)
	}
	say(c.m, "Ann")
	left := l.until(func(e told) bool { return e.event == "change" && e.Resource == "participant" && len(e.Gone) > 0 })
	if fmt.Sprint(left.Gone) != "[p-Bob p-Cyd]" {
		t.Errorf("%+v", left)
	}
	c.create("system_location", `{"name": "Oslo"}`)
	if e := l.until(func(e told) bool { return e.event == "configuration" }); e.Kind != "system_location" || e.ID == 0 {
		t.Errorf("%+v", e)
	}
	// Closing does not wait for those who watch.
	c.m.api.EndStreams()
	for l.text.Scan() {
	}
	if status, _, _ := c.do("GET", "/api/admin/events/?resources=alarm", ""); status != 503 {
		t.Errorf("after the end: %d", status)
	}
}

// Those who may no longer are told no more.
func TestStill(t *testing.T) { storetest.Each(t, testStill) }

func testStill(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	c.create("admin_user", `{"name": "reader", "role": "read-only", "password": "only reading"}`)
	var going *http.Request
	guarded := c.m.guard.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { going = r }), func(http.ResponseWriter, int, string) {})
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth("reader", "only reading")
	guarded.ServeHTTP(httptest.NewRecorder(), r)
	if !c.m.guard.Still(going) {
		t.Error("a reader may not go on")
	}
	c.want(202, "PATCH", "admin_user/2/", `{"enabled": false}`)
	if c.m.guard.Still(going) {
		t.Error("a disabled account goes on")
	}
	if c.m.guard.Still(httptest.NewRequest("GET", "/", nil)) {
		t.Error("nobody goes on")
	}
}

func smallJPEG(t *testing.T) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

// One who looks at a conference gets a picture after the other from its node.
func TestPictures(t *testing.T) { storetest.Each(t, testPictures) }

func testPictures(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	const path = "/api/admin/status/v1/conference/%s/picture/"
	c.want(404, "GET", fmt.Sprintf(path, "c1"), "")
	say(c.m, "Ann")
	asked := 0
	if _, err := c.m.conn.Subscribe(bus.PictureSubject(1), func(msg *nats.Msg) {
		var r bus.PictureRequest
		if err := json.Unmarshal(msg.Data, &r); err != nil || r.Conference != "c1" {
			t.Errorf("%s: %v", msg.Data, err)
		}
		p := bus.Picture{}
		if asked++; asked > 1 { // there is none at first
			p.JPEG = smallJPEG(t)
		}
		text, _ := json.Marshal(p)
		_ = msg.Respond(text)
	}); err != nil {
		t.Fatal(err)
	}
	resp := c.get(fmt.Sprintf(path, "c1"))
	kind, parameters, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/x-mixed-replace" {
		t.Fatalf("%s %s %v", resp.Status, kind, err)
	}
	parts := multipart.NewReader(resp.Body, parameters["boundary"])
	for range 2 {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if img, err := jpeg.Decode(part); err != nil || img.Bounds().Dx() != 16 || part.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%v %v", part.Header, err)
		}
		say(c.m, "Ann") // the node is still there
	}
	c.m.fleet.forget(1) // the conference is over
	for err == nil {
		_, err = parts.NextPart()
	}
}
