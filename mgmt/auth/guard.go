package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
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

	mu       sync.Mutex
	failures map[string]*failures   // guarded by mu: by address and by account
	proved   map[[32]byte]time.Time // guarded by mu: passwords that were right, until when that is believed
	buckets  map[string]*bucket     // guarded by mu: requests by account
	sessions map[string]*session    // guarded by mu: by the hash of their token
	hashing  chan struct{}          // bounds the memory that hashing takes
}

// New returns a guard; now nil = time.Now.
func New(accounts Accounts, log *slog.Logger, now func() time.Time) *Guard {
	if now == nil {
		now = time.Now
	}
	return &Guard{
		accounts: accounts, log: log, now: now, failures: map[string]*failures{}, proved: map[[32]byte]time.Time{},
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

// believedFor is how long a password that was right need not be hashed again.
const believedFor = time.Minute

// Wrap returns a handler that lets requests through to next. refuse writes an
// error of the API.
func (g *Guard) Wrap(next http.Handler, refuse func(w http.ResponseWriter, status int, text string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := Address(r)
		if g.refuseLocked(w, address, refuse) {
			return
		}
		who, err := g.identify(r)
		switch {
		case errors.Is(err, errCSRF):
			refuse(w, http.StatusForbidden, err.Error())
			return
		case err != nil:
			if errors.Is(err, errWrong) {
				g.signInFailed(address, userOf(r))
			}
			if r.Header.Get("Sec-Fetch-Dest") != "empty" { // at a page's script a browser would ask for a password itself
				w.Header().Set("WWW-Authenticate", `Basic realm="Parley", charset="UTF-8"`)
			}
			refuse(w, http.StatusUnauthorized, err.Error())
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

// Still reports whether whoever sent a request, to which the answer goes on, may
// still have it. A session is not kept from getting too old by that.
func (g *Guard) Still(r *http.Request) bool {
	if r.Header.Get("Authorization") == "" {
		_, _, ok := g.sessionOf(r, false)
		return ok
	}
	_, err := g.identify(r)
	return err == nil
}

const tooManyRequests = "more than 1,000 requests in a minute"

// refuseLocked refuses those whose address has failed too often.
func (g *Guard) refuseLocked(w http.ResponseWriter, address string, refuse func(http.ResponseWriter, int, string)) bool {
	wait := g.Locked("address " + address)
	if wait > 0 {
		tooMany(w, wait, refuse, "too many failed sign-ins from this address")
	}
	return wait > 0
}

// signInFailed counts and logs a failure.
func (g *Guard) signInFailed(address, user string) {
	g.Failed("address " + address)
	g.log.Warn("sign-in failed", "address", address, "user", user)
}

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

// identify returns who sent a request.
func (g *Guard) identify(r *http.Request) (Identity, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		a, found := g.accounts.ByToken(TokenHash(strings.TrimSpace(token)), g.now())
		if !found {
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
	a, err := g.Check(name, password)
	if err != nil {
		return Identity{}, err
	}
	return Identity{User: a.Name, Role: a.Role, Via: "password"}, nil
}

// Check returns the account of that name if the password is its own.
func (g *Guard) Check(name, password string) (Account, error) {
	account := "account " + strings.ToLower(name)
	if g.Locked(account) > 0 {
		return Account{}, errWrong // whoever guesses must not learn that it is locked
	}
	a, found := g.accounts.ByName(name)
	// The hash is part of it, so that a changed password is asked for at once.
	key := sha256.Sum256([]byte(strings.ToLower(name) + "\x00" + a.Password + "\x00" + password))
	g.mu.Lock()
	until, known := g.proved[key]
	g.mu.Unlock()
	if found && known && g.now().Before(until) {
		return a, nil
	}
	g.hashing <- struct{}{}
	right := Matches(a.Password, password)
	if !found {
		Matches(nobody, password) // takes as long as for one who is there
	}
	<-g.hashing
	if !found || !right {
		g.Failed(account)
		return Account{}, errWrong
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.failures, account)
	g.proved[key] = g.now().Add(believedFor)
	for k, until := range g.proved {
		if g.now().After(until) {
			delete(g.proved, k)
		}
	}
	return a, nil
}

// nobody is a hash that no password has.
var nobody = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
