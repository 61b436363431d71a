package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// Role is what an account may do.
type Role string

// The roles.
const (
	Administrator Role = "administrator"
	ReadOnly      Role = "read-only"
)

// Identity is who sent a request.
type Identity struct {
	User string
	Role Role
	Via  string // "password", "token" or "session"

	Address string // where it came from

	password string // hash of the one that was right
}

// Account is an account as the guard sees it.
type Account struct {
	Name     string
	Password string // its hash
	Role     Role
}

// Accounts finds accounts. What it does not find, or what is disabled, is false.
type Accounts interface {
	ByName(name string) (Account, bool)
	// ByToken finds the account of an API token by its hash, with the role that
	// the token leaves it.
	ByToken(hash string, now time.Time) (Account, bool)
}

// Guard lets requests through to those who may make them.
type Guard struct {
	accounts Accounts
	log      *slog.Logger
	now      func() time.Time

	networks *Limiter           // of failures, by network
	guessed  *Limiter           // of failures, by account
	checks   singleflight.Group // passwords that are looked at
	hashing  chan struct{}      // bounds the memory that hashing takes
	waiting  *semaphore.Weighted

	mu       sync.Mutex
	known    map[string]map[string]time.Time // guarded by mu: networks that accounts have signed in from
	proved   map[[32]byte]time.Time          // guarded by mu: passwords that were right, until when that is believed
	buckets  map[string]*bucket              // guarded by mu: requests by account
	sessions map[string]*session             // guarded by mu: by the hash of their token
}

// New returns a guard; now nil = time.Now.
func New(accounts Accounts, log *slog.Logger, now func() time.Time) *Guard {
	if now == nil {
		now = time.Now
	}
	return &Guard{
		accounts: accounts, log: log, now: now, networks: NewLimiter(), guessed: newLimiter(accountFailures), known: map[string]map[string]time.Time{},
		waiting: semaphore.NewWeighted(waitingMost), proved: map[[32]byte]time.Time{},
		buckets: map[string]*bucket{}, sessions: map[string]*session{}, hashing: make(chan struct{}, 2),
	}
}

// Errors of a request that is not let through.
var (
	errNobody = errors.New("sign in: Basic authentication, or Authorization: Bearer with an API token")
	errWrong  = errors.New("wrong name, password or token")
)

type identityKey struct{}

// Who returns who sent the request of a context that the guard let through.
func Who(ctx context.Context) Identity {
	who, _ := ctx.Value(identityKey{}).(Identity)
	return who
}

// Wrap returns a handler that lets requests through to next. refuse writes an
// error of the API.
func (g *Guard) Wrap(next http.Handler, refuse func(w http.ResponseWriter, status int, text string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := Address(r)
		who, err := g.identify(r, address)
		if err != nil {
			g.refuse(w, r, err, refuse)
			return
		}
		who.Address = address
		if wait := g.spend(who.User); wait > 0 {
			tooMany(w, wait, refuse, tooManyRequests)
			return
		}
		if who.Role != Administrator && !reads(r) {
			refuse(w, http.StatusForbidden, "the account "+who.User+" may read only")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	})
}

// refuse tells why a request is not let through.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error, refuse func(w http.ResponseWriter, status int, text string)) {
	var often *tooOften
	switch {
	case errors.As(err, &often):
		tooMany(w, often.wait, refuse, often.Error())
	case errors.Is(err, errBusy):
		tooMany(w, time.Second, refuse, err.Error())
	case errors.Is(err, errCSRF):
		refuse(w, http.StatusForbidden, err.Error())
	default:
		if errors.Is(err, errWrong) {
			g.log.Warn("sign-in failed", "address", Address(r), "user", userOf(r))
		}
		if r.Header.Get("Sec-Fetch-Dest") != "empty" { // at a page's script a browser would ask for a password itself
			w.Header().Set("WWW-Authenticate", `Basic realm="Parley", charset="UTF-8"`)
		}
		refuse(w, http.StatusUnauthorized, err.Error())
	}
}

// Still reports whether whoever sent a request, to which the answer goes on, may
// still have it. A session is not kept from getting too old by that.
func (g *Guard) Still(r *http.Request) bool {
	switch who := Who(r.Context()); who.Via {
	case "session":
		_, _, ok := g.sessionOf(r, false)
		return ok
	case "token":
		_, ok := g.accounts.ByToken(TokenHash(bearer(r)), g.now())
		return ok
	case "password":
		a, ok := g.accounts.ByName(who.User)
		return ok && a.Password == who.password
	}
	return false
}

const tooManyRequests = "more than 1,000 requests in a minute"

func tooMany(w http.ResponseWriter, wait time.Duration, refuse func(http.ResponseWriter, int, string), text string) {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	refuse(w, http.StatusTooManyRequests, text+"; try again in "+strconv.Itoa(seconds)+" s")
}

// Address returns the address that a request came from.
func Address(r *http.Request) string {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return at.Addr().Unmap().String()
	}
	return r.RemoteAddr
}

func userOf(r *http.Request) string {
	name, _, _ := r.BasicAuth()
	return name
}

// bearer returns the token of a request, "" = it has none.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(token)
}

// identify returns who sent a request. Tokens and sessions that are right are let
// through whoever else fails in the same network.
func (g *Guard) identify(r *http.Request, address string) (Identity, error) {
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		a, found := g.accounts.ByToken(TokenHash(bearer(r)), g.now())
		if !found {
			if wait := g.networks.Try(Network(address), g.now()); wait > 0 {
				return Identity{}, &tooOften{wait}
			}
			return Identity{}, errWrong
		}
		return Identity{User: a.Name, Role: a.Role, Via: "token"}, nil
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		if _, err := r.Cookie(SessionCookie); err == nil {
			return g.identifySession(r)
		}
		return Identity{}, errNobody
	}
	a, err := g.Check(r.Context(), name, password, address)
	if err != nil {
		return Identity{}, err
	}
	return Identity{User: a.Name, Role: a.Role, Via: "password", password: a.Password}, nil
}
