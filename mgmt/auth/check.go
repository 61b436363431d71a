package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// tooOften is the error of one who has failed too often and must wait.
type tooOften struct{ wait time.Duration }

// Error implements error.
func (e *tooOften) Error() string { return "too many failed sign-ins from this network" }

// errBusy is the error where too many wait for their passwords to be looked at.
var errBusy = errors.New("too many sign in at the same time")

const (
	// believedFor is how long a password that was right need not be hashed again.
	believedFor = time.Minute
	// waitingMost is how many passwords wait to be hashed.
	waitingMost = 50
	// networksMost is how many networks an account is known from.
	networksMost = 20
)

// Check returns the account of that name if the password is its own. An attempt
// counts as failed while it is looked at, so that many at the same time are no way
// around the limits. It waits for its turn until ctx ends. Errors: errWrong, errBusy,
// *tooOften.
func (g *Guard) Check(ctx context.Context, name, password, address string) (Account, error) {
	a, found := g.accounts.ByName(name)
	// The hash is part of it, so that a changed password is asked for at once.
	key := sha256.Sum256([]byte(strings.ToLower(name) + "\x00" + a.Password + "\x00" + password))
	if found && g.isProved(key) {
		return a, nil
	}
	// The same password from many requests is one attempt.
	_, err, _ := g.checks.Do(fmt.Sprintf("%x %s", key, Network(address)), func() (any, error) {
		return nil, g.prove(ctx, a, found, password, Network(address), key)
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

func (g *Guard) isProved(key [32]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, known := g.proved[key]
	return known && g.now().Before(until)
}

// prove looks whether a password is that of an account, if there is one.
func (g *Guard) prove(ctx context.Context, a Account, found bool, password, network string, key [32]byte) error {
	if wait := g.networks.Try(network, g.now()); wait > 0 {
		return &tooOften{wait}
	}
	// Guesses from many networks stop at the account. Where it is used from goes on:
	// nobody locks an administrator out.
	known := found && g.knows(a.Name, network)
	if found && !known && g.guessed.Try(a.Name, g.now()) > 0 {
		g.networks.Undo(network)
		return errWrong // whoever guesses must not learn that there is such an account
	}
	if !g.waiting.TryAcquire(1) {
		g.networks.Undo(network)
		if found && !known {
			g.guessed.Undo(a.Name)
		}
		return errBusy
	}
	defer g.waiting.Release(1)
	hash := nobody // takes as long as for one who is there
	if found {
		hash = a.Password
	}
	select {
	case g.hashing <- struct{}{}:
	case <-ctx.Done():
		return errBusy // it stays counted: else whoever hangs up could take all places for nothing
	}
	right := func() bool {
		defer func() { <-g.hashing }()
		return Matches(hash, password)
	}()
	if !found || !right {
		return errWrong
	}
	g.networks.Undo(network)
	if !known {
		g.guessed.Undo(a.Name)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proved[key] = g.now().Add(believedFor)
	for k, until := range g.proved {
		if g.now().After(until) {
			delete(g.proved, k)
		}
	}
	g.remember(a.Name, network)
	return nil
}

func (g *Guard) knows(account, network string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.known[account][network]
	return ok
}

// remember notes that an account has signed in from a network. The caller holds mu.
func (g *Guard) remember(account, network string) {
	networks := g.known[account]
	if networks == nil {
		networks = map[string]time.Time{}
		g.known[account] = networks
	}
	if networks[network] = g.now(); len(networks) <= networksMost {
		return
	}
	oldest := network
	for n, at := range networks {
		if at.Before(networks[oldest]) {
			oldest = n
		}
	}
	delete(networks, oldest)
}

// nobody is a hash that no password has.
var nobody = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
