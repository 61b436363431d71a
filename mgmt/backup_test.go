package mgmt

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/mgmt/backup"
	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

const (
	createBackup = "/api/admin/command/v1/platform/backup_create/"
	restore      = "/api/admin/command/v1/platform/backup_restore/"
)

// stored returns all that a Management Node knows, but for the version.
func stored(t *testing.T, m *Management) string {
	t.Helper()
	s := m.tree.Snapshot()
	s.Version = 0
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fill configures something of every sort.
func fill(c *client) {
	c.create("conference", `{"name": "Gone"}`)
	c.create("conference", `{"name": "Weekly", "description": "<ü> \u2028", "aliases": [{"alias": "weekly"}, {"alias": "w@example.com"}]}`)
	c.want(204, "DELETE", "conference/1/", "")
	sink := c.create("event_sink", `{"name": "sink", "url": "https://events.example.com/", "password": "a secret of it"}`)
	place := c.create("system_location", fmt.Sprintf(`{"name": "Oslo", "event_sinks": [%q]}`, sink))
	c.create("worker_vm", fmt.Sprintf(`{"name": "oslo-1", "system_location": %q}`, place))
	c.want(202, "PATCH", "global/1/", `{"own_thumbnail": "shown"}`)
	c.create("admin_user", `{"name": "reader", "role": "read-only", "password": "only reading"}`)
}

// A backup of either database, restored into either.
func TestBackupAndRestore(t *testing.T) {
	t.Run("from sqlite to", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, to string) { testBackupAndRestore(t, storetest.SQLite(t), to) })
	})
	t.Run("from postgres to", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, to string) { testBackupAndRestore(t, storetest.Postgres(t), to) })
	})
}

func testBackupAndRestore(t *testing.T, from, to string) {
	old := newClient(t, from)
	fill(old)
	want := stored(t, old.m)
	file := filepath.Join(t.TempDir(), "deployment")
	h, err := Backup(t.Context(), Config{DSN: from, Layouts: layouts, Version: "7"}, file, "") // beside the one that serves
	if err != nil || h.Version != old.m.tree.Version() || h.Program != "7" || h.Objects != 10 {
		t.Fatalf("%+v, %v", h, err)
	}
	if about, err := os.Stat(file); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", about.Mode(), err)
	}
	m := open(t, to)
	var told []resource.Change
	m.tree.OnChange(func(_ int64, changes []resource.Change) { told = append(told, changes...) })
	if _, err := m.tree.Edit(nil, func(e *resource.Edit) error { // to go, and to be another
		_, err := e.Create("conference", resource.Input{"name": quoted("Other")})
		_, err2 := e.Create("conference", resource.Input{"name": quoted("Weekly")})
		_, err3 := e.Create("system_location", resource.Input{"name": quoted("Rome")})
		return errors.Join(err, err2, err3)
	}); err != nil {
		t.Fatal(err)
	}
	told = nil
	version := m.tree.Version()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	done, err := m.Restore(bytes.NewReader(content), "", resource.By{Via: "restore"})
	if err != nil || !done.Restart || done.Objects != h.Objects {
		t.Fatalf("%+v, %v", done, err)
	}
	ops := map[resource.Op]int{}
	for _, c := range told {
		ops[c.Op]++
	}
	// Conference 1 goes; authority, conference 2, location 1 and global become others; six come.
	if m.tree.Version() != version+1 || ops[resource.Delete] != 1 || ops[resource.Update] != 4 || ops[resource.Create] != 6 {
		t.Errorf("version %d after %d, %v", m.tree.Version(), version, ops)
	}
	if have := stored(t, m); have != want {
		t.Errorf("there is\n%s\nwant\n%s", have, want)
	}
	if again, err := m.Restore(bytes.NewReader(content), "", resource.By{}); err != nil || again.Restart || m.tree.Version() != version+1 {
		t.Errorf("the same again: %+v, %v, version %d", again, err, m.tree.Version())
	}
	m.Close()
	m = open(t, to) // with the authority of the backup
	defer m.Close()
	if have := stored(t, m); have != want {
		t.Errorf("afterwards there is\n%s\nwant\n%s", have, want)
	}
}

// pack makes a file of lines.
func pack(lines ...string) []byte {
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	_, _ = io.WriteString(z, strings.Join(lines, "\n")) // a buffer takes all
	_ = z.Close()
	return file.Bytes()
}

func TestUnusableBackups(t *testing.T) { storetest.Each(t, testUnusableBackups) }

func testUnusableBackups(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	fill(c)
	var file bytes.Buffer
	if _, err := backup.Write(&file, c.m.tree, "7", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	// sealed changes the text and makes the checksum right.
	sealed := func(old, fresh string) []byte {
		head, body, _ := strings.Cut(string(text), "\n")
		var h backup.Header
		if err := json.Unmarshal([]byte(head), &h); err != nil || !strings.Contains(body, old) {
			t.Fatalf("%v; no %s in\n%s", err, old, body)
		}
		body = strings.Replace(body, old, fresh, 1)
		h.SHA256 = checksum(body)
		changed, _ := json.Marshal(h)
		return pack(string(changed), body)
	}
	before, version := stored(t, c.m), c.m.tree.Version()
	for _, test := range []struct {
		name string
		file []byte
		why  string
	}{
		{"nothing", nil, "no backup of Parley"},
		{"something else", []byte("PK\x03\x04 a zip file, or so"), "no backup of Parley"},
		{"other gzip", pack("one", "two"), "no backup of Parley"},
		{"one long line", pack(strings.Repeat("x", 100_000)), "no backup of Parley"},
		{"half", file.Bytes()[:file.Len()/2], "damaged"},
		{"no end", file.Bytes()[:file.Len()-1], "damaged"},
		{"a line less", pack(string(text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1])), "checksum"},
		{"another name", pack(strings.Replace(string(text), "Weekly", "Wookly", 1)), "checksum"},
		{"from the future", pack(strings.Replace(string(text), `"format_version":1`, `"format_version":2`, 1)), "older than the one that wrote it"},
		{"unknown resource", sealed(`{"kind":"global"`, `{"kind":"galaxy"`), `no resource "galaxy"`},
		{"unknown field", sealed(`"own_thumbnail":"shown"`, `"own_thumbnails":"shown"`), `own_thumbnails`},
		{"a name twice", sealed(`"alias":"w@example.com"`, `"alias":"weekly"`), "already"},
		{"an id twice", sealed(`"object":{"id":2,"creation`, `"object":{"id":1,"creation`), "twice"},
		{"a room without conference", sealed(`"conference":2`, `"conference":3`), "no conference with id 3"},
		{"no administrator", sealed(`"role":"administrator"`, `"role":"read-only"`), "last administrator"},
	} {
		if _, err := c.m.Restore(bytes.NewReader(test.file), "", resource.By{}); !errors.Is(err, backup.ErrFile) || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q", test.name, err, test.why)
		}
		if have := stored(t, c.m); have != before || c.m.tree.Version() != version {
			t.Fatalf("%s has changed something:\n%s", test.name, have)
		}
	}
}

func TestBackupByAPI(t *testing.T) { storetest.Each(t, testBackupByAPI) }

func testBackupByAPI(t *testing.T, dsn string) {
	newClient(t, storetest.SQLite(t)).want(503, "POST", createBackup, `{}`) // there is no folder
	c := newClientOf(t, openIn(t, dsn, t.TempDir()))
	fill(c)
	before := stored(t, c.m)
	answer := c.want(202, "POST", createBackup, `{}`)
	data := answer["data"].(map[string]any)
	if answer["status"] != "success" || data["objects"] != 10.0 || data["version"] != float64(c.m.tree.Version()) {
		t.Errorf("%v", answer)
	}
	name := data["filename"].(string)
	content, err := os.ReadFile(filepath.Join(c.m.dataDir, backupFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	byName := fmt.Sprintf(`{"filename": %q}`, name)
	change := func() {
		c.want(204, "DELETE", "conference/", "")
		c.create("conference", `{"name": "New"}`)
	}
	for _, test := range []struct{ body, want string }{
		{`{}`, "either"},
		{`{"filename": "../parley.db"}`, "no backup of that name"},
		{`{"filename": "parley-x.jsonl.gz"}`, "no backup of that name"},
		{`{"file": "x"}`, "no such argument"},
	} {
		if answer := fmt.Sprint(c.want(400, "POST", restore, test.body)); !strings.Contains(answer, test.want) {
			t.Errorf("%s: %s", test.body, answer)
		}
	}
	c.as("reader", "only reading").want(403, "POST", restore, byName)
	change()
	answer = c.want(202, "POST", restore, byName)
	if data := answer["data"].(map[string]any); answer["status"] != "success" || data["objects"] != 10.0 || data["restart_required"] != false {
		t.Errorf("%v", answer)
	}
	// The number of the room in between is not given again.
	if have, want := stored(t, c.m), strings.Replace(before, `"conference":2,"conference_alias"`, `"conference":3,"conference_alias"`, 1); have != want || want == before {
		t.Errorf("there is\n%s\nwant\n%s", have, want)
	}
	last := c.want(200, "GET", audits+"?order_by=-id&limit=1", "")["objects"].([]any)[0].(map[string]any)
	if last["user"] != "admin" || last["via"] != "password" || last["version"] != float64(c.m.tree.Version()) {
		t.Errorf("%v", last)
	}

	change()
	for _, test := range []struct {
		field   string
		content []byte
		status  int
	}{{"package", content[:99], 400}, {"file", content, 400}, {"package", content, 202}} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile(test.field, "backup.jsonl.gz")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(test.content) // a buffer takes all
		_ = form.Close()
		r, err := http.NewRequestWithContext(t.Context(), "POST", c.server.URL+restore, &body)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin", "correct horse")
		r.Header.Set("Content-Type", form.FormDataContentType())
		resp, err := c.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%s of %d bytes: %d, want %d", test.field, len(test.content), resp.StatusCode, test.status)
		}
	}
	if room := c.want(200, "GET", "conference/", "")["objects"].([]any); len(room) != 1 || room[0].(map[string]any)["name"] != "Weekly" {
		t.Errorf("%v", room)
	}
}

func TestDailyBackup(t *testing.T) {
	c := newClient(t, storetest.SQLite(t))
	alone := func(dir string) *Management {
		return &Management{tree: c.m.tree, store: c.m.store, log: slog.New(slog.DiscardHandler), dataDir: dir}
	}
	m := alone(t.TempDir())
	folder := filepath.Join(m.dataDir, backupFolder)
	files := func() string {
		all, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range all {
			names = append(names, strings.TrimSuffix(one.Name(), backupSuffix))
		}
		return strings.Join(names, " ")
	}
	begin := time.Date(2027, 2, 26, 22, 30, 0, 0, time.UTC)
	for range 24 {
		m.backUpDaily(begin)
		begin = begin.Add(time.Hour - time.Second) // clocks are not exact
	}
	if have := files(); have != "daily-20270226T223000.000Z" {
		t.Errorf("in the first day there is %s", have)
	}
	begin = begin.Truncate(time.Minute).Add(time.Minute)
	if _, _, err := m.keepBackup(backupAsked, "", begin); err != nil {
		t.Error(err)
	}
	m = alone(m.dataDir) // the program has begun anew
	for range 24 * 9 {
		m.backUpDaily(begin)
		begin = begin.Add(time.Hour)
	}
	want := "daily-20270301T223000.000Z daily-20270302T223000.000Z daily-20270303T223000.000Z daily-20270304T223000.000Z " +
		"daily-20270305T223000.000Z daily-20270306T223000.000Z daily-20270307T223000.000Z parley-20270227T223000.000Z"
	if have := files(); have != want {
		t.Errorf("after ten days there is\n%s\nwant\n%s", have, want)
	}
	// What cannot be written is told, and tried again.
	m = alone(filepath.Join(m.dataDir, "file"))
	if err := os.WriteFile(m.dataDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.backUpDaily(begin)
	if m.backupFailed == nil {
		t.Error("nothing is told")
	}
	if err := os.Remove(m.dataDir); err != nil {
		t.Fatal(err)
	}
	m.backUpDaily(begin)
	if m.backupFailed != nil {
		t.Error(m.backupFailed)
	}
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A sealed backup is restored by who knows its passphrase, and says nothing to others.
func TestSealedBackup(t *testing.T) { storetest.Each(t, testSealedBackup) }

func testSealedBackup(t *testing.T, dsn string) {
	c := newClientOf(t, openIn(t, dsn, t.TempDir()))
	c.create("conference", `{"name": "Weekly and nobody else knows"}`)
	name := c.want(202, "POST", "/api/admin/command/v1/platform/backup_create/", `{"passphrase": "four words are best", "request": true}`)["data"].(map[string]any)["filename"].(string)
	content, err := c.m.readBackup(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || bytes.Contains(plain, []byte("Weekly")) || bytes.Contains(plain, []byte("PRIVATE KEY")) {
		t.Errorf("it can be read: %v", err)
	}
	listed := c.want(200, "GET", "/api/admin/configuration/v1/system_backup/?type=manual", "")["objects"].([]any)[0].(map[string]any)
	if listed["filename"] != name || listed["date"] == nil {
		t.Errorf("%v", listed)
	}
	c.want(204, "DELETE", "conference/1/", "")
	for _, test := range []struct {
		passphrase, says string
		want             int
	}{{"", "passphrase is needed", 400}, {"four words are worst", "passphrase is wrong", 400}, {"four words are best", "", 202}} {
		body, _ := json.Marshal(map[string]string{"filename": name, "passphrase": test.passphrase})
		status, _, answer := c.do("POST", "/api/admin/command/v1/platform/backup_restore/", string(body))
		if status != test.want || !strings.Contains(string(answer), test.says) {
			t.Errorf("%q: %d %s", test.passphrase, status, answer)
		}
	}
	if n := c.want(200, "GET", "conference/?name=Weekly%20and%20nobody%20else%20knows", "")["meta"].(map[string]any)["total_count"]; n != 1.0 {
		t.Errorf("%v rooms after restoring", n)
	}
	for _, line := range c.m.logged.since(time.Time{}) {
		if strings.Contains(line, "four words") {
			t.Errorf("the passphrase is in the log: %s", line)
		}
	}
}
