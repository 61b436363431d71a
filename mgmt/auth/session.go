package auth

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"
)

// SessionCookie is the cookie of a browser that has signed in. Browsers take one
// of that prefix by HTTPS only, for all paths and this host alone (RFC 6265bis
// section 4.1.3.2).
const SessionCookie = "__Host-parley_session"

// CSRFHeader is the header in which a page proves, with every request that
// changes something, that it could read the answer to GET /api/session/.
const CSRFHeader = "X-Parley-CSRF"

// Limits of sessions.
const (
	sessionIdle  = time.Hour      // without a request
	sessionAge   = 12 * time.Hour // with requests
	sessionsMost = 1000
	ofOneMost    = 20 // of one account: nobody pushes the others out
)

// session is a browser that has signed in.
type session struct {
	user, password string // account, and the hash of its password then: another one ends the session
	csrf           string
	began, used    time.Time
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.used) > sessionIdle || now.Sub(s.began) > sessionAge
}

var (
	errSessionOver = errors.New("the session is over: sign in")
	errCSRF        = errors.New("a request that changes something needs the header " + CSRFHeader + " with the token of GET /api/session/")
)

// open begins a session for an account and returns the token for its cookie.
// When there are too many, the one that was used longest ago ends.
func (g *Guard) open(a Account) (token string, s session) {
	token = NewToken("")
	now := g.now()
	opened := &session{user: a.Name, password: a.Password, csrf: NewToken(""), began: now, used: now}
	g.mu.Lock()
	defer g.mu.Unlock()
	oldest, own, ofOne := "", "", 0 // used longest ago, of all and of the account
	for hash, other := range g.sessions {
		if other.over(now) {
			delete(g.sessions, hash)
			continue
		}
		if oldest == "" || other.used.Before(g.sessions[oldest].used) {
			oldest = hash
		}
		if other.user == a.Name {
			if ofOne++; own == "" || other.used.Before(g.sessions[own].used) {
				own = hash
			}
		}
	}
	if ofOne >= ofOneMost {
		delete(g.sessions, own)
	} else if len(g.sessions) >= sessionsMost {
		delete(g.sessions, oldest)
	}
	g.sessions[TokenHash(token)] = opened
	return token, *opened
}

// sessionOf returns the session of a request and its account as it is now.
// used = the request counts as use of the session.
func (g *Guard) sessionOf(r *http.Request, used bool) (session, Account, bool) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return session{}, Account{}, false
	}
	now := g.now()
	g.mu.Lock()
	kept := g.sessions[TokenHash(cookie.Value)]
	if kept == nil || kept.over(now) {
		delete(g.sessions, TokenHash(cookie.Value))
		g.mu.Unlock()
		return session{}, Account{}, false
	}
	if used {
		kept.used = now
	}
	s := *kept
	g.mu.Unlock()
	a, found := g.accounts.ByName(s.user)
	if !found || a.Password != s.password {
		g.end(r)
		return session{}, Account{}, false
	}
	return s, a, true
}

// identifySession returns who sent a request with the cookie of a session.
func (g *Guard) identifySession(r *http.Request) (Identity, error) {
	s, a, ok := g.sessionOf(r, true)
	switch {
	case !ok:
		return Identity{}, errSessionOver
	case !reads(r) && !s.proves(r):
		return Identity{}, errCSRF
	}
	return Identity{User: a.Name, Role: a.Role, Via: "session"}, nil
}

func (s *session) proves(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get(CSRFHeader)), []byte(s.csrf)) == 1
}

// reads reports whether a request changes nothing (RFC 9110 section 9.2.1).
func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// whoSigned is what a page is told of its session. Nobody has signed in where User is empty.
type whoSigned struct {
	User string `json:"user"`
	Role Role   `json:"role,omitempty"`
	CSRF string `json:"csrf,omitempty"`
}

// ServeSession returns the handler of /api/session/: POST {"name", "password"}
// signs in and sets the cookie, DELETE signs out, GET tells who is signed in.
func (g *Guard) ServeSession(refuse func(w http.ResponseWriter, status int, text string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			s, a, ok := g.sessionOf(r, true)
			if !ok {
				replySession(w, http.StatusOK, whoSigned{})
				return
			}
			replySession(w, http.StatusOK, whoSigned{a.Name, a.Role, s.csrf})
		case http.MethodPost:
			g.signIn(w, r, refuse)
		case http.MethodDelete:
			g.signOut(w, r, refuse)
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			refuse(w, http.StatusMethodNotAllowed, r.Method+" is not possible here; possible are GET, POST, DELETE")
		}
	})
}

func (g *Guard) signIn(w http.ResponseWriter, r *http.Request, refuse func(http.ResponseWriter, int, string)) {
	address := Address(r)
	// A form of another site cannot send this type.
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return
	}
	var in struct{ Name, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "the body must be a JSON object with name and password: "+err.Error())
		return
	}
	a, err := g.Check(r.Context(), in.Name, in.Password, address)
	if errors.Is(err, errWrong) {
		g.log.Warn("sign-in failed", "address", address, "user", in.Name)
		refuse(w, http.StatusUnauthorized, "wrong name or password")
		return
	}
	if err != nil {
		g.refuse(w, r, err, refuse)
		return
	}
	if wait := g.spend(a.Name); wait > 0 {
		tooMany(w, wait, refuse, tooManyRequests)
		return
	}
	g.end(r) // the browser's old one
	token, s := g.open(a)
	setCookie(w, token, int(sessionAge/time.Second))
	g.log.Info("signed in", "user", a.Name, "address", address)
	replySession(w, http.StatusCreated, whoSigned{a.Name, a.Role, s.csrf})
}

func (g *Guard) signOut(w http.ResponseWriter, r *http.Request, refuse func(http.ResponseWriter, int, string)) {
	if s, _, ok := g.sessionOf(r, true); ok {
		if !s.proves(r) {
			refuse(w, http.StatusForbidden, errCSRF.Error())
			return
		}
		g.end(r)
		g.log.Info("signed out", "user", s.user, "address", Address(r))
	}
	setCookie(w, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

// end forgets the session of a request.
func (g *Guard) end(r *http.Request) {
	if cookie, err := r.Cookie(SessionCookie); err == nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.sessions, TokenHash(cookie.Value))
	}
}

// setCookie has the browser keep the token for so many seconds; -1 = forget it.
func setCookie(w http.ResponseWriter, token string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: SessionCookie, Value: token, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

func replySession(w http.ResponseWriter, status int, who whoSigned) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(who) // the browser is gone if it fails
}
