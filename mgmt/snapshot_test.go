package mgmt

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/bus"
	"parley/config"
	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

const takeSnapshot = "/api/admin/command/v1/platform/snapshot/"

// fetched is an answer with a file.
type fetched struct {
	status   int
	header   http.Header
	filename string
	content  []byte
}

// fetch sends a request that may be answered with a file.
func (c *client) fetch(method, path, body, accept string) fetched {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(cmp.Or(c.user, "admin"), cmp.Or(c.password, "correct horse"))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", accept)
	resp, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	_, parameters, _ := mime.ParseMediaType(resp.Header.Get("Content-Disposition")) // none is ""
	return fetched{resp.StatusCode, resp.Header, parameters["filename"], content}
}

// unpacked returns the files of a tar.gz by name.
func unpacked(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	in := tar.NewReader(z)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(h.Name, "parley-snapshot/")] = string(content)
	}
}

// A snapshot tells all, of a configuration full of secrets, but the secrets.
func TestSnapshot(t *testing.T) { storetest.Each(t, testSnapshot) }

func testSnapshot(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	fill(c)
	secrets := plant(c)
	c.m.log.Info("told by accident", "link", "https://parley.example.com:8443/#parley_join_Zaq12wsx.0011", "url", "https://joe:Xsw23edc@sink.example.com/?key=Cde34rfv", "password", secrets[0])
	c.m.log.Debug("a detail that nobody asked for")
	secrets = append(secrets, "Zaq12wsx", "Xsw23edc", "Cde34rfv", "correct horse")
	now := time.Now()
	c.m.fleet.take(bus.NodeStatus{Node: 1, At: now, Conferences: []bus.Conference{{ID: "run", Name: "Weekly", Participants: []bus.Participant{
		{ID: "caller", DisplayName: "Ada", Streams: []bus.Stream{{Type: "audio", RxCodec: "opus"}}},
	}}}}, now)
	c.m.alarms.set([]Alarm{{Name: "connectivity_lost", Instance: "oslo-9"}}, now)

	got := c.fetch("POST", takeSnapshot, `{}`, "")
	if got.status != 200 || got.header.Get("Content-Type") != "application/gzip" || !strings.HasPrefix(got.filename, "parley-snapshot-") || !strings.HasSuffix(got.filename, ".tar.gz") {
		t.Fatalf("%d %v %.200s", got.status, got.header, got.content)
	}
	files := unpacked(t, got.content)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, secret := range secrets {
			if strings.Contains(files[name], secret) {
				t.Errorf("%s tells %q", name, secret)
			}
		}
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(files[name])) {
			t.Errorf("%s is no JSON: %.200s", name, files[name])
		}
	}
	wanted := map[string]string{
		"about.json": `"database": "` + c.m.store.Kind() + `"`, "log.jsonl": "told by accident", "goroutines.txt": "goroutine ", "audit.json": `"kind": "conference"`,
		"status/alarm.json": "oslo-9", "status/conference.json": "Weekly", "status/participant.json": "Ada", "status/participant/caller/media_stream.json": "opus",
	}
	for _, k := range c.m.tree.Kinds() {
		for _, f := range k.Fields {
			if f.Secret {
				wanted["configuration/"+k.Name+".json"] = fmt.Sprintf("%q: %q", f.Name, resource.Mask)
			}
		}
		if wanted["configuration/"+k.Name+".json"] == "" {
			wanted["configuration/"+k.Name+".json"] = `"id": 1`
		}
	}
	for name, text := range wanted {
		if !strings.Contains(files[name], text) {
			t.Errorf("%s does not tell %q:\n%.300s", name, text, files[name])
		}
	}
	if strings.Contains(files["log.jsonl"], "nobody asked for") {
		t.Error("the log tells what is for debugging")
	}

	// The lines of the log go back as many hours as asked for.
	c.m.logged.add(time.Now().Add(-3*time.Hour), "an old line\n")
	for limit, want := range map[string]bool{`4`: true, `"4"`: true, `2`: false} {
		files := unpacked(t, c.fetch("POST", takeSnapshot, `{"limit": `+limit+`}`, "").content)
		if strings.Contains(files["log.jsonl"], "an old line") != want {
			t.Errorf("limit %s: %s", limit, files["log.jsonl"])
		}
	}
	for body, want := range map[string]string{
		`{"limit": 0}`: "limit: must be hours", `{"limit": 1.5}`: "limit: must be hours", `{"limit": "x"}`: "limit: must be hours", `{"limit": true}`: `"limit":["must be a number"]`,
		`{"include_diagnostic_metrics": true}`: "there are no diagnostic metrics yet", `{"x": 1}`: `"x":["there is no such argument"]`,
	} {
		if got := c.fetch("POST", takeSnapshot, body, ""); got.status != 400 || !strings.Contains(string(got.content), want) {
			t.Errorf("%s: %d %.200s", body, got.status, got.content)
		}
	}
	if got := c.as("reader", "only reading").fetch("POST", takeSnapshot, `{}`, ""); got.status != 403 {
		t.Errorf("who may only read gets %d", got.status)
	}
}

// plant gives every secret field of every kind, and what may hide secrets elsewhere,
// a text that can be found again, and returns those.
func plant(c *client) (secrets []string) {
	c.t.Helper()
	w := &walker{client: c}
	for _, k := range c.m.tree.Kinds() {
		if all, _ := c.m.tree.All(k.Name); len(all) == 0 {
			w.make(k.Name, kindsWalked()[k.Name].right(w, 1))
		}
	}
	next := func() string {
		secrets = append(secrets, fmt.Sprintf("Hush-%d-\"%d", len(secrets), 7*len(secrets)))
		return secrets[len(secrets)-1]
	}
	if _, err := c.m.tree.Edit(nil, func(e *resource.Edit) error {
		for _, k := range c.m.tree.Kinds() {
			id, _ := k.Field("id")
			for _, one := range e.All(k.Name) {
				if err := e.Set(k.Name, id.Value(one).(int64), func(object any) {
					for i := range k.Fields {
						f := &k.Fields[i]
						_, isText := f.Value(object).(string)
						isPassword := k.Name == "admin_user" // by which this test signs in
						if f.Name == "guest_pin" {           // too short to be looked for in other texts
							object.(*config.Conference).GuestPIN = "9#z7"
							continue
						}
						if f.Secret && isText && !isPassword {
							_ = json.Unmarshal([]byte(jsonText(map[string]string{f.Name: next()})), object) // it is a text
						}
					}
					switch x := object.(type) {
					case *AdminUser:
						secrets = append(secrets, x.Password) // a hash
					case *config.EventSink:
						x.URL = "https://sink.example.com/in?key=Hush-query&more=1"
					case *config.Conference:
						x.Description = "its password is " + x.PIN
					}
				}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		c.t.Fatal(err)
	}
	for _, s := range slices.Clone(secrets) {
		secrets = append(secrets, strings.Trim(jsonText(s), `"`)) // as JSON has it
	}
	return append(secrets, "Hush-query", "9#z7")
}

// A snapshot is taken without a database too, and tells that.
func TestSnapshotWithoutDatabase(t *testing.T) {
	server, dsn := storetest.New(t)
	c := newClient(t, dsn)
	server.Stop()
	files := unpacked(t, c.fetch("POST", takeSnapshot, `{}`, "").content)
	if !strings.Contains(files["audit.json"], `"error": `) || !strings.Contains(files["configuration/admin_user.json"], "admin") {
		t.Errorf("%v", files)
	}
}

// The ring keeps the last lines, whatever level the log itself has.
func TestLogRing(t *testing.T) {
	ring := &logRing{}
	var out bytes.Buffer
	log := slog.New(newTee(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}), ring)).With("node", "a").WithGroup("g")
	for i := range linesKept + 3 {
		log.Info("line", "n", i)
	}
	log.Warn("last")
	log.Debug("never")
	lines := ring.since(time.Time{})
	if len(lines) != linesKept || !strings.Contains(lines[0], `"node":"a","g":{"n":4}`) || !strings.Contains(lines[linesKept-1], `"msg":"last"`) {
		t.Errorf("%d lines, %s ... %s", len(lines), lines[0], lines[len(lines)-1])
	}
	if text := out.String(); !strings.Contains(text, "msg=last node=a") || strings.Contains(text, "line") {
		t.Errorf("the log itself has %q", text)
	}
}
