package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
)

// book is a list of accounts by name.
type book map[string]Account

func (b book) ByName(name string) (Account, bool) {
	a, ok := b[name]
	return a, ok
}

func (book) ByToken(string, time.Time) (Account, bool) { return Account{}, false }

// Hashing is slow on purpose.
var (
	adasHash  = sync.OnceValue(func() string { return Hash("correct horse") })
	ottosHash = sync.OnceValue(func() string { return Hash("only reading") })
)

// site is a guard with its handlers, and a clock that stands still.
type site struct {
	t        *testing.T
	guard    *Guard
	accounts book
	clock    time.Time
	mux      *http.ServeMux
}

func newSite(t *testing.T) *site {
	s := &site{t: t, clock: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), mux: http.NewServeMux(), accounts: book{
		"ada":  {"ada", adasHash(), Administrator},
		"otto": {"otto", ottosHash(), ReadOnly},
	}}
	s.guard = New(s.accounts, slog.New(slog.DiscardHandler), func() time.Time { return s.clock })
	refuse := func(w http.ResponseWriter, status int, text string) { http.Error(w, text, status) }
	s.mux.Handle("/api/session/", s.guard.ServeSession(refuse))
	s.mux.Handle("/", s.guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := Who(r.Context())
		w.Write([]byte(who.User + " by " + who.Via))
	}), refuse))
	return s
}

// browser keeps a cookie and a token as one does.
type browser struct {
	site         *site
	cookie, csrf string
}

func (b *browser) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if b.cookie != "" {
		r.AddCookie(&http.Cookie{Name: SessionCookie, Value: b.cookie})
	}
	if b.csrf != "" {
		r.Header.Set(CSRFHeader, b.csrf)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.site.mux.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookie = c.Value
	}
	return w
}

func (b *browser) want(status int, method, path, body string, header ...string) *httptest.ResponseRecorder {
	b.site.t.Helper()
	w := b.do(method, path, body, header...)
	if w.Code != status {
		b.site.t.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	return w
}

func (s *site) signIn(name, password string) *browser {
	s.t.Helper()
	b := &browser{site: s}
	w := b.want(201, "POST", "/api/session/", `{"name": "`+name+`", "password": "`+password+`"}`)
	b.csrf = b.who(w).CSRF
	return b
}

func (b *browser) who(w *httptest.ResponseRecorder) (who whoSigned) {
	b.site.t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &who); err != nil {
		b.site.t.Fatalf("%s: %v", w.Body, err)
	}
	return who
}

func TestSession(t *testing.T) {
	s := newSite(t)
	stranger := &browser{site: s}
	if who := stranger.who(stranger.want(200, "GET", "/api/session/", "")); who != (whoSigned{}) {
		t.Errorf("nobody is %+v", who)
	}
	b := &browser{site: s}
	w := b.want(201, "POST", "/api/session/", `{"name": "ada", "password": "correct horse"}`)
	if c := w.Result().Cookies()[0]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("cookie %v", c)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	who := b.who(b.want(200, "GET", "/api/session/", ""))
	if who.User != "ada" || who.Role != Administrator || who.CSRF == "" || who != b.who(w) {
		t.Errorf("%+v, at sign-in %s", who, w.Body)
	}
	if got := b.want(200, "GET", "/thing/", "").Body.String(); got != "ada by session" {
		t.Error(got)
	}
	if strings.Contains(w.Body.String(), b.cookie) || strings.Contains(who.CSRF, b.cookie) {
		t.Error("a script can read the session's token")
	}
	for hash := range s.guard.sessions {
		if hash == b.cookie {
			t.Error("the token itself is kept")
		}
	}

	b.csrf = who.CSRF
	old := *b
	b.want(204, "DELETE", "/api/session/", "")
	if b.cookie != "" {
		t.Error("the browser keeps the cookie")
	}
	old.want(401, "GET", "/thing/", "")
	old.want(204, "DELETE", "/api/session/", "") // once more
	b.want(405, "PUT", "/api/session/", "")
}

func TestSessionNeedsCSRF(t *testing.T) {
	s := newSite(t)
	b := s.signIn("ada", "correct horse")
	other := s.signIn("ada", "correct horse")
	b.want(200, "POST", "/thing/", "{}")
	b.want(200, "DELETE", "/thing/", "")
	for _, wrong := range []string{"", "x", other.csrf} {
		b.csrf = wrong
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			b.want(403, method, "/thing/", "{}")
		}
		b.want(200, "GET", "/thing/", "")
		b.want(200, "HEAD", "/thing/", "")
		b.want(403, "DELETE", "/api/session/", "")
	}
	other.want(200, "POST", "/thing/", "{}")
}

func TestSessionEnds(t *testing.T) {
	s := newSite(t)
	b := s.signIn("ada", "correct horse")
	for range 11 { // used now and then
		s.clock = s.clock.Add(sessionIdle)
		b.want(200, "GET", "/thing/", "")
	}
	s.clock = s.clock.Add(sessionIdle)
	b.want(200, "GET", "/thing/", "")
	s.clock = s.clock.Add(time.Second)
	b.want(401, "GET", "/thing/", "") // too old

	b = s.signIn("ada", "correct horse")
	s.clock = s.clock.Add(sessionIdle + time.Second)
	b.want(401, "GET", "/thing/", "") // idle too long
	if len(s.guard.sessions) != 0 {
		t.Errorf("%d sessions are kept", len(s.guard.sessions))
	}
	b.want(401, "POST", "/thing/", "") // without failures that would lock the address
	if len(s.guard.networks.seen) != 0 {
		t.Error("an old cookie counts as a guess")
	}
}

// What becomes of an account holds for its sessions at once.
func TestSessionFollowsAccount(t *testing.T) {
	s := newSite(t)
	ada, otto := s.signIn("ada", "correct horse"), s.signIn("otto", "only reading")
	otto.want(200, "GET", "/thing/", "")
	otto.want(403, "POST", "/thing/", "{}")
	s.accounts["otto"] = Account{"otto", s.accounts["otto"].Password, Administrator}
	otto.want(200, "POST", "/thing/", "{}")
	s.accounts["otto"] = Account{"otto", adasHash(), Administrator}
	otto.want(401, "GET", "/thing/", "")
	delete(s.accounts, "ada")
	ada.want(401, "GET", "/thing/", "")
	if len(s.guard.sessions) != 0 {
		t.Errorf("%d sessions are kept", len(s.guard.sessions))
	}
}

func TestSignInRefused(t *testing.T) {
	s := newSite(t)
	b := &browser{site: s}
	b.want(415, "POST", "/api/session/", `{"name": "ada", "password": "correct horse"}`, "Content-Type", "text/plain")
	b.want(400, "POST", "/api/session/", `{`)
	b.want(400, "POST", "/api/session/", `{"name": "`+strings.Repeat("a", 20_000)+`"}`)
	for i := range failuresMost {
		name := "ada"
		if i%2 == 1 {
			name = "nobody"
		}
		b.want(401, "POST", "/api/session/", `{"name": "`+name+`", "password": "guess"}`)
	}
	w := b.want(429, "POST", "/api/session/", `{"name": "ada", "password": "correct horse"}`)
	if w.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	b.want(401, "GET", "/thing/", "")
	if b.cookie != "" {
		t.Error("a cookie was set")
	}
	s.clock = s.clock.Add(failureWindow)
	s.signIn("ada", "correct horse")
}

func TestSessionsAreBounded(t *testing.T) {
	s := newSite(t)
	ada := s.accounts["ada"]
	other, _ := s.guard.open(s.accounts["otto"])
	var tokens []string
	for range ofOneMost + 1 {
		s.clock = s.clock.Add(time.Millisecond)
		token, _ := s.guard.open(ada)
		tokens = append(tokens, token)
	}
	if len(s.guard.sessions) != ofOneMost+1 {
		t.Errorf("%d sessions", len(s.guard.sessions))
	}
	(&browser{site: s, cookie: other}).want(200, "GET", "/thing/", "") // somebody else's
	(&browser{site: s, cookie: tokens[0]}).want(401, "GET", "/thing/", "")
	(&browser{site: s, cookie: tokens[1]}).want(200, "GET", "/thing/", "")
	for i := range sessionsMost + 1 {
		s.guard.open(Account{Name: fmt.Sprint(i)})
	}
	if len(s.guard.sessions) != sessionsMost {
		t.Errorf("%d sessions of all", len(s.guard.sessions))
	}
}

// A hash that somebody made up neither panics nor takes all memory.
func TestHashesThatAreNone(t *testing.T) {
	for _, parameters := range []string{"m=65536,t=0,p=1", "m=65536,t=3,p=0", "m=4294967295,t=3,p=1", "m=65536,t=4294967295,p=1"} {
		if hash := strings.Replace(adasHash(), "m=65536,t=3,p=1", parameters, 1); hash == adasHash() || Matches(hash, "correct horse") {
			t.Errorf("%s is taken", parameters)
		}
	}
	salt := []byte("0123456789abcdef")
	for _, size := range []uint32{1, hashLeast - 1, hashSizeMost + 1} { // a byte fits one password in 256
		key := argon2.IDKey([]byte("correct horse"), salt, 1, 64, 1, size)
		hash := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
		if Matches(hash, "correct horse") {
			t.Errorf("one of %d bytes is taken", size)
		}
	}
}

// The requests of a session count like any other of its account.
func TestSessionRate(t *testing.T) {
	s := newSite(t)
	b := s.signIn("ada", "correct horse")
	for range requestsMost - 1 {
		b.want(200, "GET", "/thing/", "")
	}
	b.want(429, "GET", "/thing/", "")
	(&browser{site: s}).want(429, "POST", "/api/session/", `{"name": "ada", "password": "correct horse"}`)
}

// A browser must not ask for a password itself when a script of a page is refused.
func TestWhoIsAskedForPassword(t *testing.T) {
	b := &browser{site: newSite(t)}
	if w := b.want(401, "GET", "/thing/", ""); w.Header().Get("WWW-Authenticate") == "" {
		t.Error("nobody is told how to sign in")
	}
	if w := b.want(401, "GET", "/thing/", "", "Sec-Fetch-Dest", "empty"); w.Header().Get("WWW-Authenticate") != "" {
		t.Error("the browser would ask")
	}
}
