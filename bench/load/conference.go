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
	talkers int // 0 = all
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
	talkers := *members
	if c.talkers > 0 {
		talkers = talkers[:min(c.talkers, len(talkers))]
	}
	n := int(now.Sub(c.begun) / c.turn)
	talking = talkers[n%len(talkers)] == index
	return talking, talking || n > 0 && talkers[(n-1)%len(talkers)] == index
}
