package load

import (
	"time"

	"parley/codecs"
)

// frames counts the pictures of one receiver by the timestamps of their
// packets. Pure.
type frames struct {
	every time.Duration // between pictures
	last  uint32        // newest timestamp
	first bool          // there is one
	at    [64]struct {  // first packets of the newest pictures
		timestamp uint32
		arrival   time.Time
	}
	next    int
	elapsed int64 // clock units since the first picture
	origin  time.Time
	ahead   time.Duration // of the fastest picture, against timestamps
	pace    pace
	count   struct{ frames, late, missing, half uint64 }
}

// drift is how fast a former fastest picture is forgotten: clocks differ.
const drift = 50 * time.Microsecond

// packet takes the timestamp of a packet and reports whether a picture begins.
func (f *frames) packet(timestamp uint32, arrival time.Time) bool {
	if f.first && int32(timestamp-f.last) <= 0 {
		return false
	}
	f.at[f.next].timestamp, f.at[f.next].arrival = timestamp, arrival
	f.next = (f.next + 1) % len(f.at)
	f.count.frames++
	if !f.first {
		f.first, f.last, f.origin = true, timestamp, arrival
		return true
	}
	step := int64(timestamp - f.last)
	f.last = timestamp
	f.elapsed += step
	if every := int64(f.every * codecs.VideoClock / time.Second); every > 0 && step < 100*every {
		missing, half := f.pace.step(max(int((step+every/2)/every), 1))
		f.count.missing += missing
		f.count.half += half
	}
	lag := arrival.Sub(f.origin) - time.Duration(f.elapsed)*time.Second/codecs.VideoClock
	f.ahead = min(f.ahead+drift, lag)
	if lag-f.ahead > f.every {
		f.count.late++
	}
	return true
}

// restart begins anew, with another sender's timestamps.
func (f *frames) restart() {
	f.first, f.elapsed, f.ahead, f.pace = false, 0, 0, pace{}
}

// arrival returns when the first packet of a picture came.
func (f *frames) arrival(timestamp uint32) (time.Time, bool) {
	for i := range f.at {
		if f.at[i].timestamp == timestamp && !f.at[i].arrival.IsZero() {
			return f.at[i].arrival, true
		}
	}
	return time.Time{}, false
}

// pace is how many picture times of the full rate lie between two pictures that
// a receiver is sent: two on a rung of half the rate. It is what steps tell when
// several in a row are equal, and holds while some are not.
type pace struct {
	settled int    // 0 = not known yet: the full rate
	latest  int    // the step before this one
	row     int    // so many steps in a row were as that one
	missing uint64 // what those left out if they are no new pace
	debt    int    // picture times behind the pace that are no picture yet: less than one of the pace
}

const (
	// steadySlow is how many equal steps in a row are a slower pace, and not pictures
	// left out: who is short of time does not leave out exactly every second.
	steadySlow = 8
	// steadyFast is the same for a faster one. A single short step follows a long one.
	steadyFast = 2
)

// step takes the picture times from one picture to the next, 1 or more. It
// returns how many pictures are now known to have been left out, and how many
// that came to have come at half the rate.
func (p *pace) step(n int) (missing, half uint64) {
	now := max(p.settled, 1)
	if n != p.latest {
		missing = p.missing
		p.latest, p.row, p.missing = n, 0, 0
	}
	p.row++
	switch {
	case n > now && p.row >= steadySlow:
		if p.settled, p.missing, p.debt = n, 0, 0; n == 2 {
			half = uint64(p.row)
		}
		return missing, half
	case n > now:
		p.debt += n - now
		p.missing += uint64(max(p.debt/now, 0))
		p.debt %= now
	case n < now && p.row >= steadyFast:
		p.settled, p.debt = n, 0
	case n < now:
		p.debt = max(p.debt+n-now, 1-now)
	}
	if p.settled == 2 && n > 1 {
		half = 1
	}
	return missing, half
}
