package web

import (
	"bufio"
	"context"
	"encoding/json"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/codecs"
	"parley/engine"
	"parley/node/still"
)

func fakeConfig() Config {
	return Config{Status: fakeStatus, Snapshot: still.New(fakeSnapshot).Take, Dial: func() []string {
		return []string{"sip:weekly@{host}:5070", "sip:meet@{host}:5070", "sip:board@example.com"}
	}, AdHoc: func() bool { return true }, Version: "v0-test"}
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestPage(t *testing.T) {
	h := New(fakeConfig())
	defer h.Close()
	w := get(h, "/")
	body := w.Body.String()
	if w.Code != 200 || !strings.Contains(body, "<title>Parley</title>") || strings.Contains(body, "/*s") {
		t.Errorf("status %d, page of %d bytes", w.Code, len(body))
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []struct{ open, end string }{{"<style>", "</style>"}, {"<script>", "</script>"}} {
		_, rest, _ := strings.Cut(body, part.open)
		text, _, ok := strings.Cut(rest, part.end)
		if !ok || !strings.Contains(policy, hashSource([]byte(text))) {
			t.Errorf("the policy does not allow the page's own %s", part.open)
		}
	}
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
}

func TestScriptKnowsThePlaceholder(t *testing.T) {
	if !strings.Contains(string(pageJS), `"`+HostPlaceholder+`"`) {
		t.Errorf("the script does not put a host in the place of %s", HostPlaceholder)
	}
}

// Names are whatever a caller says; the script must only ever put them in as text.
func TestScriptWritesNoMarkup(t *testing.T) {
	for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
		if strings.Contains(string(pageJS), word) {
			t.Errorf("the script uses %s", word)
		}
	}
}

func TestStatus(t *testing.T) {
	h := New(fakeConfig())
	defer h.Close()
	w := get(h, "/status")
	var r report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Version != "v0-test" || len(r.Conferences) != 1 || r.Conferences[0].Participants[2].DisplayName != "会議室 東京" || len(r.Dial) != 3 {
		t.Errorf("status: %+v", r)
	}
	if strings.Contains(w.Body.String(), "<img") {
		t.Error("a name stands in the JSON as markup")
	}
}

func TestStatusHasNoNulls(t *testing.T) {
	c := fakeConfig()
	c.Dial = nil
	for _, conferences := range [][]engine.ConferenceStatus{nil, {{}}, {{Views: make([]engine.ViewStatus, 1)}}} {
		c.Status = func() engine.Status {
			return engine.Status{Conferences: conferences, Totals: map[string]uint64{}}
		}
		h := New(c)
		body := get(h, "/status").Body.String()
		h.Close()
		for _, list := range []string{"dial", "conferences", "participants", "views", "cells", "renditions"} {
			if strings.Contains(body, `"`+list+`":null`) {
				t.Errorf("%s is null in %s", list, body)
			}
		}
	}
}

func TestHeadersAndMethods(t *testing.T) {
	h := New(fakeConfig())
	defer h.Close()
	for _, path := range []string{"/", "/status", "/metrics", "/healthz", "/nothing"} {
		w := get(h, path)
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
			if w.Header().Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/status", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST gives %d", w.Code)
	}
	if w := get(h, "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("health: %d %q", w.Code, w.Body)
	}
}

func TestView(t *testing.T) {
	before := codecs.PicturesLive()
	h := New(fakeConfig())
	defer h.Close()
	w := get(h, "/view/"+url.PathEscape("weekly / всё")+"/common.jpg")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	img, err := jpeg.Decode(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 640 || size.Y != 360 {
		t.Errorf("size %v", size)
	}
	// Video black and white must come out as the picture's black and white.
	for _, want := range []struct {
		x, y int
		grey uint32
	}{{20, 100, 0}, {320, 8, 0xff}} {
		r, g, b, _ := img.At(want.x, want.y).RGBA()
		for _, c := range []uint32{r >> 8, g >> 8, b >> 8} {
			if c+4 < want.grey || c > want.grey+4 {
				t.Errorf("at %d,%d: %d %d %d, want %d", want.x, want.y, r>>8, g>>8, b>>8, want.grey)
			}
		}
	}
	for path, want := range map[string]int{
		"/view/weekly/common.jpg": http.StatusNoContent, "/view/x/y.png": http.StatusNotFound, "/view/x": http.StatusNotFound,
	} {
		if w := get(h, path); w.Code != want || (want == http.StatusNoContent) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s gives %d, %v", path, w.Code, w.Header())
		}
	}
	if live := codecs.PicturesLive() - before; live != 0 {
		t.Errorf("%d pictures not released", live)
	}
}

// stream is a response that a test reads while it is written.
type stream struct {
	header http.Header
	w      *io.PipeWriter
}

func (s stream) Header() http.Header         { return s.header }
func (s stream) WriteHeader(int)             {}
func (s stream) Flush()                      {}
func (s stream) Write(b []byte) (int, error) { return s.w.Write(b) }

func TestEventsEverySecondUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(fakeConfig())
		reader, writer := io.Pipe()
		go func() {
			h.ServeHTTP(stream{http.Header{}, writer}, httptest.NewRequest(http.MethodGet, "/events", nil))
			writer.Close()
		}()
		lines := bufio.NewReader(reader)
		begin := time.Now()
		for i := range 3 {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			data, ok := strings.CutPrefix(line, "data: ")
			var r report
			if err := json.Unmarshal([]byte(data), &r); !ok || err != nil || len(r.Conferences) != 1 {
				t.Fatalf("event %q: %v", line, err)
			}
			if blank, _ := lines.ReadString('\n'); blank != "\n" {
				t.Fatalf("no empty line after the event: %q", blank)
			}
			if passed := time.Since(begin); passed != time.Duration(i)*time.Second {
				t.Errorf("event %d came after %v", i, passed)
			}
		}
		h.Close()
		if _, err := lines.ReadString('\n'); err != io.EOF {
			t.Errorf("after Close the stream gives %v", err)
		}
		h.Close()
		if w := get(h, "/events"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("a stream after Close gives %d", w.Code)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		c := fakeConfig()
		c.Status = func() engine.Status { asked.Add(1); return fakeStatus() }
		h := New(c)
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for range maxStreams {
			wait.Go(func() {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/events", nil).WithContext(ctx))
			})
		}
		synctest.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("%d streams asked for %d states at once", maxStreams, n)
		}
		if w := get(h, "/events"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("one more stream gives %d", w.Code)
		}
		cancel()
		wait.Wait()
		if h.streams != 0 {
			t.Errorf("%d streams are left", h.streams)
		}
		h.Close()
	})
}

func TestServer(t *testing.T) {
	s, err := Listen("127.0.0.1:0", fakeConfig())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Get("http://" + s.Addr().String() + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := bufio.NewReader(r.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.Close() // would hang if the stream did not end
	s.Close()
	if _, err := http.Get("http://" + s.Addr().String() + "/"); err == nil {
		t.Error("closed, but it answers")
	}
	if _, err := Listen("256.0.0.1:1", fakeConfig()); err == nil {
		t.Error("a bad address is taken")
	}
}
