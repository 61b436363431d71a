package mgmt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/config"
	"parley/mgmt/store/storetest"
)

var layouts = []string{"one_main_seven_pips", "four_by_four_speaker"}

// client talks to a Management Node as curl does.
type client struct {
	t      *testing.T
	server *httptest.Server
	m      *Management

	user, password string // "" = admin and its password
}

// as returns a client with another account.
func (c *client) as(user, password string) *client {
	other := *c
	other.user, other.password = user, password
	return &other
}

func open(t *testing.T, dsn string) *Management { return openIn(t, dsn, "") }

// openIn opens one that keeps backups.
func openIn(t *testing.T, dsn, dataDir string) *Management {
	t.Helper()
	m, err := Open(t.Context(), Config{DSN: dsn, Layouts: layouts, Log: slog.New(slog.DiscardHandler), DataDir: dataDir, Bus: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newClient(t *testing.T, dsn string) *client { return newClientOf(t, open(t, dsn)) }

func newClientOf(t *testing.T, m *Management) *client {
	if err := m.addAdministrator("admin", "correct horse", ""); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, server: httptest.NewServer(m.Handler()), m: m}
	t.Cleanup(func() {
		c.server.Close()
		m.Close()
	})
	return c
}

const root = "/api/admin/configuration/v1/"

// do sends a request and returns status, Location and body.
func (c *client) do(method, path, body string) (status int, location string, answer []byte) {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = root + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(cmp.Or(c.user, "admin"), cmp.Or(c.password, "correct horse"))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), answer
}

// want sends a request that must be answered with that status, and returns what the answer is.
func (c *client) want(status int, method, path, body string) map[string]any {
	c.t.Helper()
	got, _, answer := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, got, answer, status)
	}
	var out map[string]any
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			c.t.Fatalf("%s %s: %s: %v", method, path, answer, err)
		}
	}
	return out
}

// create posts an object and returns its URI.
func (c *client) create(kind, body string) string {
	c.t.Helper()
	status, location, answer := c.do("POST", kind+"/", body)
	if status != http.StatusCreated || location == "" {
		c.t.Fatalf("POST %s: %d %s", kind, status, answer)
	}
	return location
}

func TestRoomFromCradleToGrave(t *testing.T) { storetest.Each(t, testRoomFromCradleToGrave) }

func testRoomFromCradleToGrave(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	at := c.create("conference", `{"name": "Weekly", "service_type": "conference", "aliases": [{"alias": "weekly"}, {"alias": "weekly@example.com", "description": "at home"}]}`)
	if at != root+"conference/1/" {
		t.Errorf("it is at %s", at)
	}
	room := c.want(200, "GET", at, "")
	aliases := room["aliases"].([]any)
	if room["name"] != "Weekly" || room["host_view"] != nil || room["guests_can_present"] != true || len(aliases) != 2 || room["resource_uri"] != at {
		t.Errorf("%v", room)
	}
	if one := aliases[1].(map[string]any); one["alias"] != "weekly@example.com" || one["conference"] != at || one["description"] != "at home" {
		t.Errorf("alias %v", one)
	}
	c.want(202, "PATCH", at, `{"participant_limit": 12, "max_pixels_per_second": "sd", "host_view": "four_by_four_speaker"}`)
	c.create("conference_alias", fmt.Sprintf(`{"alias": "board", "conference": %q}`, at))
	if room = c.want(200, "GET", at, ""); room["participant_limit"] != 12.0 || room["max_pixels_per_second"] != "sd" || len(room["aliases"].([]any)) != 3 {
		t.Errorf("%v", room)
	}
	d := c.m.Deployment().Directory()
	if found, ok := d.Lookup("board"); !ok || found.Name != "Weekly" || found.MaxParticipants != 12 || found.MaxQuality != config.SD || found.Layout != "four_by_four_speaker" {
		t.Errorf("%+v, %v", found, ok)
	}
	// A client that sends back what it read, with another list.
	c.want(202, "PATCH", at, fmt.Sprintf(`{"id": 1, "resource_uri": %q, "aliases": [{"id": 2, "alias": "w@example.com"}, {"alias": "new"}]}`, at))
	d = c.m.Deployment().Directory()
	for alias, want := range map[string]bool{"weekly": false, "board": false, "w@example.com": true, "new": true} {
		if _, ok := d.Lookup(alias); ok != want {
			t.Errorf("%s leads somewhere: %v, want %v", alias, ok, want)
		}
	}
	c.want(204, "PUT", at, `{"name": "Weekly"}`)
	if room = c.want(200, "GET", at, ""); room["participant_limit"] != nil || room["host_view"] != nil {
		t.Errorf("%v", room)
	}
	c.want(204, "DELETE", at, "")
	c.want(404, "GET", at, "")
	if list := c.want(200, "GET", "conference_alias/", ""); list["meta"].(map[string]any)["total_count"] != 0.0 {
		t.Errorf("aliases are left: %v", list)
	}
	if again := c.create("conference", `{"name": "Weekly"}`); again != root+"conference/2/" {
		t.Errorf("a number is given twice: %s", again)
	}
}

func TestErrorsNameTheField(t *testing.T) { storetest.Each(t, testErrorsNameTheField) }

func testErrorsNameTheField(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	at := c.create("conference", `{"name": "Taken", "aliases": [{"alias": "taken"}]}`)
	place := c.create("system_location", `{"name": "Oslo"}`)
	c.create("worker_vm", fmt.Sprintf(`{"name": "oslo-1", "system_location": %q}`, place))
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "conference/", `{}`, 400, `{"conference":{"name":["is required: `},
		{"POST", "conference/", `{"name": ""}`, 400, `"name":["must not be empty"]`},
		{"POST", "conference/", `{"name": null}`, 400, `"name":["must not be null"]`},
		{"POST", "conference/", `{"name": 7}`, 400, `"name":["must be a text"]`},
		{"POST", "conference/", `{"name": "TAKEN"}`, 400, `"name":["\"TAKEN\" is that of conference/1 already"]`},
		{"POST", "conference/", `{"name": "a", "nam": "b"}`, 400, `"nam":["there is no such field (did you mean \"name\"?)"]`},
		{"POST", "conference/", `{"name": "a", "pin": "1234"}`, 400, `"pin":["there are no PINs yet`},
		{"POST", "conference/", `{"name": "a", "service_type": "lecture"}`, 400, `"service_type":["\"lecture\" is not there yet: use conference"]`},
		{"POST", "conference/", `{"name": "a", "service_type": "conferenc"}`, 400, `(did you mean \"conference\"?)`},
		{"POST", "conference/", `{"name": "a", "participant_limit": -1}`, 400, `"participant_limit":["must be 0 to 1000000"]`},
		{"POST", "conference/", `{"name": "a", "participant_limit": 1.5}`, 400, `"participant_limit":["must be a whole number"]`},
		{"POST", "conference/", `{"name": "a", "allow_guests": "yes"}`, 400, `"allow_guests":["must be true or false"]`},
		{"POST", "conference/", `{"name": "a", "host_view": "one_main_seven_pip"}`, 400, `did you mean \"one_main_seven_pips\"`},
		{"POST", "conference/", `{"name": "a", "aliases": [{"alias": "Taken"}]}`, 400, `"alias":["\"Taken\" is that of conference_alias/1 already"]`},
		{"POST", "conference/", `{"name": "a", "aliases": [{"alias": "sip:x"}]}`, 400, `"aliases":["alias \"sip:x\": write the alias without`},
		{"POST", "conference/", `{"name": "a", "aliases": [{"alias": "x"}, {"alias": "X"}]}`, 400, `is that of conference_alias/`},
		{"POST", "conference/", `{"name": "a", "aliases": "x"}`, 400, `"aliases":["must be a list`},
		{"POST", "conference/", `{"name": "` + strings.Repeat("x", 251) + `"}`, 400, `"name":["is too long: 1 to 250 characters"]`},
		{"POST", "conference/", `{"name": "a\u0000b"}`, 400, `control characters`},
		{"POST", "conference/", `[1]`, 400, `the body is no JSON object`},
		{"POST", "conference/", `{"name": `, 400, `the body is no JSON object`},
		{"POST", "conference/", `{"name": "` + strings.Repeat("x", 5<<20) + `"}`, 413, `the body is larger than`},
		{"POST", "conference_alias/", `{"alias": "a", "conference": "/api/admin/configuration/v1/conference/99/"}`, 400, `"conference":["there is no conference with id 99"]`},
		{"POST", "conference_alias/", `{"alias": "a", "conference": 1}`, 400, `"conference":["must be the URI of a conference"]`},
		{"POST", "worker_vm/", fmt.Sprintf(`{"name": "a b", "system_location": %q}`, place), 400, `letters, digits and hyphens`},
		{"POST", "worker_vm/", fmt.Sprintf(`{"name": "a", "node_type": "PROXYING", "system_location": %q}`, place), 400, `is not there yet: use CONFERENCING`},
		{"POST", "event_sink/", `{"name": "a", "url": "ftp://x"}`, 400, `"url":["must be a URL`},
		{"PATCH", "global/1/", `{"adhoc_pattern": "("}`, 400, `"adhoc_pattern":["bad regular expression`},
		{"PATCH", "global/1/", `{"max_pixels_per_second": null}`, 400, `must not be null`},
		{"POST", "global/", `{}`, 405, `POST is not possible here`},
		{"DELETE", "global/1/", ``, 405, `DELETE is not possible here`},
		{"DELETE", place, ``, 409, `system_location/1 is used by worker_vm/1`},
		{"PATCH", at + "x", `{}`, 404, `there is nothing at`},
		{"GET", "conference/77/", ``, 404, `there is no such object`},
		{"GET", "conference/x/", ``, 404, `there is no such object`},
		{"GET", "conferences/", ``, 404, `there is nothing at /api/admin/configuration/v1/conferences/`},
		{"GET", "conference/?limit=x", ``, 400, `limit: \"x\" is no whole number`},
		{"GET", "conference/?nam=x", ``, 400, `nam: conference has no such field`},
		{"GET", "conference/?name__like=x", ``, 400, `there is no filter \"like\"`},
		{"GET", "conference/?order_by=nam", ``, 400, `order_by: conference has no field`},
		{"GET", "conference/?pin=1", ``, 400, `no such field to filter by`},
		{"PATCH", "conference/", `{"objects": [{"name": "fine"}, {"name": ""}]}`, 400, `"name":["must not be empty"]`},
		{"PATCH", "conference/", `{"objects": [], "deleted_objects": ["/x/"]}`, 400, `deleted_objects[0]`},
		{"PATCH", "conference/", `{}`, 400, `objects: must be a list`},
	} {
		status, _, answer := c.do(test.method, test.path, test.body)
		if status != test.status || !bytes.Contains(answer, []byte(test.want)) {
			t.Errorf("%s %s %.60s: %d %s, want %d with %s", test.method, test.path, test.body, status, answer, test.status, test.want)
		}
	}
	if list := c.want(200, "GET", "conference/", ""); list["meta"].(map[string]any)["total_count"] != 1.0 {
		t.Errorf("half of it was written: %v", list)
	}
}

func TestLists(t *testing.T) { storetest.Each(t, testLists) }

func testLists(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	var objects []string
	for i := range 45 {
		objects = append(objects, fmt.Sprintf(`{"name": "Room %02d", "tag": "%s", "participant_limit": %d, "aliases": [{"alias": "r%d"}]}`, i, []string{"even", "odd"}[i%2], i, i))
	}
	c.want(202, "PATCH", "conference/", `{"objects": [`+strings.Join(objects, ",")+`]}`)
	names := func(query string) (list []string, total float64) {
		t.Helper()
		answer := c.want(200, "GET", "conference/"+query, "")
		for _, o := range answer["objects"].([]any) {
			list = append(list, strings.TrimPrefix(o.(map[string]any)["name"].(string), "Room "))
		}
		return list, answer["meta"].(map[string]any)["total_count"].(float64)
	}
	for _, test := range []struct {
		query string
		want  string // first and last
		n     int
		total float64
	}{
		{"", "00 19", 20, 45},
		{"?limit=10&offset=40", "40 44", 5, 45},
		{"?limit=0", "00 44", 45, 45},
		{"?order_by=-name&limit=3", "44 42", 3, 45},
		{"?order_by=tag,-participant_limit&limit=30", "44 31", 30, 45},
		{"?tag=odd", "01 39", 20, 22},
		{"?tag__in=odd,none&name__gte=Room%2040", "41 43", 2, 2},
		{"?name__icontains=OOM%201", "10 19", 10, 10},
		{"?name__startswith=Room%202&tag=even", "20 28", 5, 5},
		{"?participant_limit__lt=3", "00 02", 3, 3},
		{"?participant_limit__isnull=true", "", 0, 0},
		{"?name__regex=0[12]$", "01 02", 2, 2},
		{"?id=7", "06 06", 1, 1},
		{"?search=OOM%204", "40 44", 5, 5},
		{"?search=r44", "44 44", 1, 1}, // its alias
		{"?search=odd&search=44", "", 0, 0},
		{"?offset=100", "", 0, 45},
	} {
		list, total := names(test.query)
		ends := ""
		if len(list) > 0 {
			ends = list[0] + " " + list[len(list)-1]
		}
		if ends != test.want || len(list) != test.n || total != test.total {
			t.Errorf("%s: %q, %d of %v; want %q, %d of %v", test.query, ends, len(list), total, test.want, test.n, test.total)
		}
	}
	alias := c.want(200, "GET", "conference_alias/?conference__name=Room%2007", "")
	if one := alias["objects"].([]any); len(one) != 1 || one[0].(map[string]any)["alias"] != "r7" {
		t.Errorf("by the name of the conference: %v", alias)
	}
	next := c.want(200, "GET", "conference/?limit=10&offset=10&tag=odd", "")["meta"].(map[string]any)
	if next["next"] != root+"conference/?limit=10&offset=20&tag=odd" || next["previous"] != root+"conference/?limit=10&offset=0&tag=odd" {
		t.Errorf("%v", next)
	}
	c.want(202, "PATCH", "conference/", `{"objects": [{"resource_uri": "/api/admin/configuration/v1/conference/1/", "name": "First"}], "deleted_objects": ["/api/admin/configuration/v1/conference/2/"]}`)
	if list, total := names("?limit=1"); list[0] != "First" || total != 44 {
		t.Errorf("%v of %v", list, total)
	}
	c.want(204, "DELETE", "conference/?tag=odd", "")
	if _, total := names(""); total != 23 {
		t.Errorf("%v are left", total)
	}
	c.want(204, "DELETE", "conference/", "")
	if _, total := names(""); total != 0 {
		t.Errorf("%v are left", total)
	}
}

// What was configured is there after the program has begun anew, and followers are told.
func TestConfigurationIsKept(t *testing.T) { storetest.Each(t, testConfigurationIsKept) }

func testConfigurationIsKept(t *testing.T, dsn string) {
	m := open(t, dsn)
	if err := m.addAdministrator("admin", "correct horse", ""); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(m.Handler())
	c := &client{t: t, server: server, m: m}
	c.create("conference", `{"name": "Weekly", "aliases": [{"alias": "weekly"}]}`)
	if d := m.Deployment(); d.Version != 3 || len(d.Aliases) != 1 { // the authority and the administrator are before it
		t.Errorf("%+v", d)
	}
	c.want(202, "PATCH", "global/1/", `{"own_thumbnail": "shown"}`)
	c.create("conference", `{"name": "Gone"}`)
	c.want(204, "DELETE", "conference/2/", "")
	before := m.Deployment()
	server.Close()
	m.Close()
	m = open(t, dsn)
	defer m.Close()
	after := m.Deployment()
	a, _ := json.Marshal(before)
	b, _ := json.Marshal(after)
	if !bytes.Equal(a, b) || after.Version != 6 || after.Global.OwnThumbnail != "shown" {
		t.Errorf("before\n%s\nafter\n%s", a, b)
	}
	server = httptest.NewServer(m.Handler())
	defer server.Close()
	if at := (&client{t: t, server: server, m: m}).create("conference", `{"name": "Next"}`); at != root+"conference/3/" {
		t.Errorf("a number is given twice: %s", at)
	}
}

func TestSchema(t *testing.T) { storetest.Each(t, testSchema) }

func testSchema(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	for kind := range c.want(200, "GET", "", "") {
		s := c.want(200, "GET", kind+"/schema/?format=json", "")
		fields := s["fields"].(map[string]any)
		if fields["id"].(map[string]any)["readonly"] != true || fields["resource_uri"] == nil {
			t.Errorf("%s: %v", kind, fields)
		}
		for _, name := range s["field_order"].([]any) {
			if fields[name.(string)] == nil {
				t.Errorf("%s: there is no field %v", kind, name)
			}
		}
		if n := len(s["field_order"].([]any)); n != len(fields)-1 || s["help_text"] == "" { // but for resource_uri
			t.Errorf("%s: %d of %d fields have a place", kind, n, len(fields))
		}
	}
	fields := c.want(200, "GET", "conference/schema/", "")["fields"].(map[string]any)
	field := func(name, key string) string { return fmt.Sprint(fields[name].(map[string]any)[key]) }
	for _, test := range []struct{ name, key, want string }{
		{"host_view", "accepts", fmt.Sprint(layouts)},
		{"service_type", "accepts", "[conference]"},
		{"pin", "later", "there are no PINs yet: leave it empty"},
		{"pin", "secret", "true"},
		{"name", "secret", "<nil>"},
		{"aliases", "related_name", "conference"},
	} {
		if got := field(test.name, test.key); got != test.want {
			t.Errorf("%s of %s is %s, want %s", test.key, test.name, got, test.want)
		}
	}
}
