package auth

import "time"

// Those who fail so often in the window wait until it is over.
const (
	failuresMost  = 10
	failureWindow = 10 * time.Minute
	// whoMost bounds how many addresses and accounts are watched.
	whoMost = 10_000
)

// Requests of one account, as many as the model allows.
const (
	requestsMost   = 1000
	requestsPeriod = time.Minute
)

// failures are the failed sign-ins of one address or account.
type failures struct {
	since time.Time
	count int
}

// bucket is how many requests are left of an account.
type bucket struct {
	left float64
	at   time.Time
}

// Locked returns how long one must wait who failed too often; 0 = he need not.
func (g *Guard) Locked(who string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.failures[who]
	if f == nil || f.count < failuresMost {
		return 0
	}
	return max(f.since.Add(failureWindow).Sub(g.now()), 0)
}

// Failed counts a failure.
func (g *Guard) Failed(who string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	f := g.failures[who]
	if f == nil || now.Sub(f.since) > failureWindow {
		if len(g.failures) >= whoMost {
			for k, old := range g.failures {
				if now.Sub(old.since) > failureWindow {
					delete(g.failures, k)
				}
			}
		}
		if f == nil && len(g.failures) >= whoMost {
			return // too many fail at a time; addresses alone do not stop those
		}
		f = &failures{since: now}
		g.failures[who] = f
	}
	f.count++
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
