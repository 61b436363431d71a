package auth

import (
	"net/netip"
	"sync"
	"time"
)

// How often somebody may fail in a window of time.
const (
	failureWindow   = 10 * time.Minute
	failuresMost    = 10  // from one network
	accountFailures = 100 // for one account, from networks that it has not signed in from
	// whoMost bounds how many networks, or accounts, are watched.
	whoMost = 10_000
)

// Requests of one account, as many as the model allows.
const (
	requestsMost   = 1000
	requestsPeriod = time.Minute
)

// Limiter bounds how often each of many may fail. Safe for concurrent use.
type Limiter struct {
	most int

	mu   sync.Mutex
	seen map[string]*failures // guarded by mu
}

// failures are the failed attempts of one, in the window that began at since.
type failures struct {
	since time.Time
	count int
}

// newLimiter returns a limiter for who may fail so often in a window.
func newLimiter(most int) *Limiter { return &Limiter{most: most, seen: map[string]*failures{}} }

// NewLimiter returns a limiter for networks.
func NewLimiter() *Limiter { return newLimiter(failuresMost) }

// Try counts an attempt as failed until Undo says that it was not. It returns how
// long who must wait when there were too many; then it is not counted.
func (l *Limiter) Try(who string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.seen[who]
	if f == nil || now.Sub(f.since) >= failureWindow {
		if f == nil && len(l.seen) >= whoMost {
			l.dropOldest()
		}
		f = &failures{since: now}
		l.seen[who] = f
	}
	if f.count >= l.most {
		return max(f.since.Add(failureWindow).Sub(now), time.Second)
	}
	f.count++
	return 0
}

// Undo takes back an attempt.
func (l *Limiter) Undo(who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.seen[who]; f != nil {
		if f.count--; f.count <= 0 {
			delete(l.seen, who)
		}
	}
}

// dropOldest makes room. The caller holds mu.
func (l *Limiter) dropOldest() {
	oldest := ""
	for who, f := range l.seen {
		if oldest == "" || f.since.Before(l.seen[oldest].since) {
			oldest = who
		}
	}
	delete(l.seen, oldest)
}

// Network returns what an address counts as: itself, or the /64 that one site of
// IPv6 has (RFC 6177).
func Network(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil || at.Unmap().Is4() {
		return address
	}
	network, err := at.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// bucket is how many requests are left of an account.
type bucket struct {
	left float64
	at   time.Time
}

// spend takes one request from an account's; it returns how long it must wait
// when none is left.
func (g *Guard) spend(user string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	b := g.buckets[user]
	if b == nil {
		b = &bucket{requestsMost, now}
		g.buckets[user] = b
	}
	const perRequest = requestsPeriod / requestsMost
	b.left = min(b.left+float64(now.Sub(b.at))/float64(perRequest), requestsMost)
	b.at = now
	if b.left < 1 {
		return time.Duration((1 - b.left) * float64(perRequest))
	}
	b.left--
	return 0
}
