package load

import (
	"sync/atomic"
	"time"
)

// conference is the callers of one conference: they talk in turns.
type conference struct {
	index   int
	reels   *reels
	turn    time.Duration
	begun   time.Time
	seen    sightings
	members atomic.Pointer[[]int] // callers by index, in the order of their turns
}

// talks reports whether a caller talks now, and whether he did so now or in
// the turn before: whom pictures may show large.
func (c *conference) talks(index int, now time.Time) (talking, lately bool) {
	members := c.members.Load()
	if members == nil || len(*members) == 0 || now.Before(c.begun) {
		return false, false
	}
	n := int(now.Sub(c.begun) / c.turn)
	talking = (*members)[n%len(*members)] == index
	return talking, talking || n > 0 && (*members)[(n-1)%len(*members)] == index
}
