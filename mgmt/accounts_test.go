package mgmt

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

// ask sends a request with that Authorization header and returns its status and headers.
func ask(t *testing.T, s *httptest.Server, method, path, authorization, body string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func TestFirstAdministrator(t *testing.T) { storetest.Each(t, testFirstAdministrator) }

func testFirstAdministrator(t *testing.T, dsn string) {
	m := open(t, dsn)
	defer m.Close()
	s := httptest.NewServer(m.Handler())
	defer s.Close()
	token := m.SetupToken()
	for _, test := range []struct {
		body string
		want int
	}{
		{`{`, 400},
		{`{"token": "wrong", "password": "long enough"}`, 403},
		{`{"password": "long enough"}`, 403},
		{fmt.Sprintf(`{"token": %q, "password": "short"}`, token), 400},
		{fmt.Sprintf(`{"token": %q, "password": "long enough"}`, token), 201},
		{fmt.Sprintf(`{"token": %q, "password": "long enough"}`, token), 410},
	} {
		if status, _ := ask(t, s, "POST", "/api/setup/", "", test.body); status != test.want {
			t.Errorf("%s: %d, want %d", test.body, status, test.want)
		}
	}
	c := &client{t: t, server: s, m: m}
	c.password = "long enough"
	users := c.want(200, "GET", "admin_user/", "")["objects"].([]any)
	if one := users[0].(map[string]any); len(users) != 1 || one["name"] != "admin" || one["password"] != resource.Mask {
		t.Errorf("%v", users)
	}
}

func TestWhoMayWhat(t *testing.T) { storetest.Each(t, testWhoMayWhat) }

func testWhoMayWhat(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	s := c.server
	const list = root + "conference/"
	if status, h := ask(t, s, "GET", list, "", ""); status != 401 || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("nobody: %d %v", status, h)
	}
	c.create("admin_user", `{"name": "reader", "role": "read-only", "password": "only reading"}`)
	reader := c.as("reader", "only reading")
	reader.want(200, "GET", "conference/", "")
	reader.want(403, "POST", "conference/", `{"name": "a"}`)
	made := c.want(201, "POST", "api_token/", `{"name": "script", "role": "administrator", "user": "`+root+`admin_user/1/"}`)
	token := "Bearer " + made["token"].(string)
	if status, _ := ask(t, s, "POST", list, token, `{"name": "by token"}`); status != 201 {
		t.Errorf("token: %d", status)
	}
	if shown := c.want(200, "GET", made["resource_uri"].(string), ""); shown["token_hash"] != resource.Mask || shown["token"] != nil {
		t.Errorf("%v", shown)
	}
	if status, _ := ask(t, s, "GET", list, token+"x", ""); status != 401 {
		t.Errorf("wrong token: %d", status)
	}
	// A token does no more than its account may.
	weak := c.want(201, "POST", "api_token/", `{"name": "weak", "role": "administrator", "user": "`+root+`admin_user/2/"}`)
	if status, _ := ask(t, s, "POST", list, "Bearer "+weak["token"].(string), `{"name": "b"}`); status != 403 {
		t.Errorf("token of a reader: %d", status)
	}
	c.want(202, "PATCH", "admin_user/2/", `{"enabled": false}`)
	reader.want(401, "GET", "conference/", "")
	if status, _ := ask(t, s, "GET", list, "Bearer "+weak["token"].(string), ""); status != 401 {
		t.Errorf("token of a disabled account: %d", status)
	}
	c.want(204, "DELETE", made["resource_uri"].(string), "")
	if status, _ := ask(t, s, "GET", list, token, ""); status != 401 {
		t.Errorf("revoked token: %d", status)
	}
	for _, change := range []struct{ method, body string }{
		{"DELETE", ""}, {"PATCH", `{"enabled": false}`}, {"PATCH", `{"role": "read-only"}`},
	} {
		if answer := fmt.Sprint(c.want(400, change.method, "admin_user/1/", change.body)); !strings.Contains(answer, "last administrator") {
			t.Errorf("%v: %s", change, answer)
		}
	}
	// A new password holds at once.
	c.want(202, "PATCH", "admin_user/1/", `{"password": "another horse"}`)
	c.want(401, "GET", "conference/", "")
	c.as("admin", "another horse").want(200, "GET", "conference/", "")
}

func TestGuessing(t *testing.T) { storetest.Each(t, testGuessing) }

func testGuessing(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	wrong := c.as("admin", "wrong")
	for range 10 {
		wrong.want(401, "GET", "conference/", "")
	}
	status, h := ask(t, c.server, "GET", root+"conference/", "Bearer guess", "")
	if status != 429 || h.Get("Retry-After") == "" {
		t.Errorf("after ten failures: %d %v", status, h)
	}
}

// A browser signs in, and pages of other sites can do nothing with that.
func TestBrowser(t *testing.T) { storetest.Each(t, testBrowser) }

func testBrowser(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	send := func(method, path, body string, header ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, c.server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := c.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	const signIn = `{"name": "admin", "password": "correct horse"}`
	if resp := send("POST", "/api/session/", signIn, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
		t.Errorf("from another site: %s", resp.Status)
	}
	resp := send("POST", "/api/session/", signIn, "Sec-Fetch-Site", "same-origin")
	if resp.StatusCode != 201 || len(resp.Cookies()) != 1 {
		t.Fatalf("%s %v", resp.Status, resp.Cookies())
	}
	var who struct{ CSRF string }
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil {
		t.Fatal(err)
	}
	cookie := resp.Cookies()[0].Name + "=" + resp.Cookies()[0].Value
	const room = `{"name": "by browser"}`
	for _, test := range []struct {
		header []string
		want   int
	}{
		{[]string{"Cookie", cookie}, 403},
		{[]string{"Cookie", cookie, "X-Parley-CSRF", who.CSRF, "Origin", "https://elsewhere.example"}, 403},
		{[]string{"Cookie", cookie, "X-Parley-CSRF", who.CSRF}, 201},
	} {
		if resp := send("POST", root+"conference/", room, test.header...); resp.StatusCode != test.want {
			t.Errorf("%v: %s", test.header, resp.Status)
		}
	}
	page := send("GET", "/conference/1", "")
	if page.StatusCode != 200 || page.Header.Get("Content-Security-Policy") == "" || page.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %v", page.Status, page.Header)
	}
	if resp := send("GET", "/api/nothing/", ""); resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("below /api/: %s %v", resp.Status, resp.Header)
	}
}
