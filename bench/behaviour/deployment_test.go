//go:build cgo

package behaviour

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/bus"
	"parley/composer"
	"parley/config"
	"parley/mgmt"
	"parley/node"
	"parley/node/journal"
	"parley/node/managed"
	"parley/pki"
)

// deployment is a Management Node that is used by REST, as curl would.
type deployment struct {
	t          *testing.T
	dir        string
	management *mgmt.Management
	server     *mgmt.Server
	client     *http.Client
}

// manage starts a Management Node; end stops it. A second one on the same folder
// goes on where the first one ended.
func manage(t *testing.T, dir, busAddress string) *deployment {
	t.Helper()
	m, err := mgmt.Open(t.Context(), mgmt.Config{
		DSN: filepath.Join(dir, "parley.db"), Layouts: []string{composer.OneMainSevenPips, "four_by_four_speaker"},
		Log: slog.New(slog.DiscardHandler), Bus: busAddress,
	})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.Own("", "", dir, "management")
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Listen("127.0.0.1:0", "127.0.0.1", certificate)
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{t, dir, m, s, &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, // made a moment ago
	}}}
	if token := m.SetupToken(); token != "" {
		d.ask("POST", "/api/setup/", map[string]any{"token": token, "password": "correct horse"}, http.StatusCreated)
	}
	return d
}

func (d *deployment) end() {
	d.client.CloseIdleConnections()
	d.server.Close()
	if err := d.management.Close(); err != nil {
		d.t.Error(err)
	}
}

// ask sends a request that must be answered with that status, and returns the
// answer and its Location.
func (d *deployment) ask(method, path string, in any, status int) (out map[string]any, location string) {
	d.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, "https://"+d.server.Addr().String()+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct horse")
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if answer.StatusCode != status {
		d.t.Fatalf("%s %s: %s %s, want %d", method, path, answer.Status, text, status)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			d.t.Fatalf("%s %s: %s: %v", method, path, text, err)
		}
	}
	return out, answer.Header.Get("Location")
}

const (
	configurationAPI = "/api/admin/configuration/v1/"
	statusAPI        = "/api/admin/status/v1/"
	historyAPI       = "/api/admin/history/v1/"
	commandAPI       = "/api/admin/command/v1/"
)

// list returns the objects of a list.
func (d *deployment) list(path string) []map[string]any {
	d.t.Helper()
	answer, _ := d.ask("GET", path, nil, http.StatusOK)
	var list []map[string]any
	for _, one := range answer["objects"].([]any) {
		list = append(list, one.(map[string]any))
	}
	return list
}

// settle is settle for what the API tells: it asks no more often than that allows.
func (d *deployment) settle(what string, holds func() bool) {
	d.t.Helper()
	var next time.Time
	settle(d.t, what, func() bool {
		now := time.Now()
		if now.Before(next) {
			return false
		}
		next = now.Add(300 * time.Millisecond)
		return holds()
	})
}

// command has the deployment do something.
func (d *deployment) command(name string, arguments map[string]any) {
	d.t.Helper()
	answer, _ := d.ask("POST", commandAPI+name+"/", arguments, http.StatusAccepted)
	if answer["status"] != "success" {
		d.t.Errorf("%s: %v", name, answer)
	}
}

// picture returns what a conference looks like now.
func (d *deployment) picture(conference string) image.Image {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), "GET", "https://"+d.server.Addr().String()+statusAPI+"conference/"+conference+"/picture/", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct horse")
	resp, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, parameters, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		d.t.Fatalf("%s: %v", resp.Status, err)
	}
	part, err := multipart.NewReader(resp.Body, parameters["boundary"]).NextPart()
	if err != nil {
		d.t.Fatal(err)
	}
	img, err := jpeg.Decode(part)
	if err != nil {
		d.t.Fatal(err)
	}
	return img
}

// extremes returns the highest and the lowest luma of a picture, 0 to 255.
func extremes(img image.Image) (lightest, darkest int) {
	darkest = 255
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			luma := int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
			lightest, darkest = max(lightest, luma), min(darkest, luma)
		}
	}
	return lightest, darkest
}

// newNode makes a node and has it join.
func (d *deployment) newNode(name string) *managed.Identity {
	d.t.Helper()
	location := configurationAPI + "system_location/1/"
	if len(d.list(configurationAPI+"system_location/")) == 0 {
		d.ask("POST", configurationAPI+"system_location/", map[string]any{"name": "Oslo"}, http.StatusCreated)
	}
	made, _ := d.ask("POST", configurationAPI+"worker_vm/", map[string]any{"name": name, "system_location": location}, http.StatusCreated)
	id, err := managed.Join(d.t.Context(), made["join_link"].(string), d.nodeDir(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// connects reports whether the bus lets a node in.
func (d *deployment) connects(id managed.Identity) bool {
	connected := make(chan struct{}, 1)
	conn, err := bus.Connect(bus.ClientConfig{
		Address: d.busAddress(), Node: id.Node, Certificate: func() *tls.Certificate { return &id.Certificate }, Authority: id.Authority,
		Connected: func() { connected <- struct{}{} },
	})
	if err != nil {
		return false
	}
	defer conn.Close()
	for range 40 { // as many tries as a second has
		if conn.IsConnected() {
			return true
		}
		if conn.LastError() != nil {
			return false
		}
		settle(d.t, "a try to connect", func() bool { return conn.IsConnected() || conn.LastError() != nil })
	}
	return false
}

func (d *deployment) nodeDir(name string) string { return filepath.Join(d.dir, name) }

// openManaged starts a node of the deployment, with callers to come.
func (d *deployment) openManaged(name string, id *managed.Identity) *meeting {
	d.t.Helper()
	book, err := journal.Open(filepath.Join(d.nodeDir(name), "journal"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = book.Close() })
	m := open(d.t, func(c *node.Config) {
		c.Journal = book
		kept, err := node.LoadDeployment(d.nodeDir(name))
		if err != nil {
			d.t.Fatal(err)
		}
		c.Deployment = kept
	})
	m.node.Identify(id.Node)
	tie, err := managed.Start(managed.Config{
		Identity: id, DataDir: d.nodeDir(name), Deployment: config.DefaultDeployment(), Node: m.node, Journal: book, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(tie.Close)
	return m
}

// busAddress returns where nodes connect.
func (d *deployment) busAddress() string { return d.management.BusAddr().String() }

// eventServer takes events.
type eventServer struct {
	t  *testing.T
	mu sync.Mutex
	// told are the events but those about media streams, with the names of participants.
	told []string
	seq  float64
}

func newEventServer(t *testing.T) (*eventServer, string) {
	e := &eventServer{t: t}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return e, s.URL
}

func (e *eventServer) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var one map[string]any
	if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
		e.t.Errorf("event: %v", err)
	}
	if user, password, _ := r.BasicAuth(); user != "u" || password != "secret" {
		e.t.Errorf("signed in as %q with %q", user, password)
	}
	if e.seq++; one["seq"] != e.seq || one["node"] != "oslo-1" || one["version"] != 2.0 {
		e.t.Errorf("event %v, want number %v", one, e.seq)
	}
	name := one["event"].(string)
	data, _ := one["data"].(map[string]any)
	if strings.Contains(name, "media_stream") {
		return
	}
	if who, ok := data["display_name"].(string); ok {
		name += " " + who
		if !strings.EqualFold(data["conference"].(string), data["destination_alias"].(string)) || data["service_tag"] != "weekly" || data["system_location"] != "Oslo" {
			e.t.Errorf("data of %s: %v", name, data)
		}
	}
	e.told = append(e.told, name)
}

func (e *eventServer) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.told)
}
