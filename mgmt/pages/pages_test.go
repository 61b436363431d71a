package pages

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestServe(t *testing.T) {
	h := serve(fstest.MapFS{
		"index.html":       {Data: []byte("<p>the page")},
		"icon.svg":         {Data: []byte("<svg/>")},
		"assets/a-1234.js": {Data: []byte("the script")},
	})
	for _, test := range []struct {
		method, path string
		status       int
		body, cache  string
	}{
		{"GET", "/", 200, "<p>the page", "no-cache"},
		{"GET", "/setup", 200, "<p>the page", "no-cache"},
		{"GET", "/conference/5", 200, "<p>the page", "no-cache"},
		{"GET", "/icon.svg", 200, "<svg/>", "no-cache"},
		{"GET", "/assets/a-1234.js", 200, "the script", "public, max-age=31536000, immutable"},
		{"GET", "/assets/gone.js", 404, "404 page not found\n", "no-cache"},
		{"POST", "/", 405, "pages are only read\n", ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if cache := w.Header().Get("Cache-Control"); w.Code != test.status || w.Body.String() != test.body || cache != test.cache {
			t.Errorf("%s %s: %d %q, Cache-Control %q", test.method, test.path, w.Code, w.Body, cache)
		}
		if policy := w.Header().Get("Content-Security-Policy"); test.status == 200 && (!strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe")) {
			t.Errorf("%s: policy %q", test.path, policy)
		}
	}
}

// A program always has a page, and never one with a script in it: the policy
// would forbid that.
func TestOwnFiles(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, "<title>Parley</title>") ||
		strings.Contains(text, "<script>") || strings.Contains(text, "<style") {
		t.Errorf("%d %s", w.Code, text)
	}
}
