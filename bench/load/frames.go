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
	doubles uint64 // pictures in a row that came two steps after the one before
	elapsed int64  // clock units since the first picture
	origin  time.Time
	ahead   time.Duration // of the fastest picture, against timestamps
	// half is how many pictures came at half the rate, rows of them that have ended.
	count struct{ frames, late, missing, half uint64 }
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
		f.gap((step + every/2) / every)
	}
	lag := arrival.Sub(f.origin) - time.Duration(f.elapsed)*time.Second/codecs.VideoClock
	f.ahead = min(f.ahead+drift, lag)
	if lag-f.ahead > f.every {
		f.count.late++
	}
	return true
}

// sureHalf is how many pictures in a row must be two steps apart for that to be
// the rate which is sent, and not every other picture left out.
const sureHalf = 8

// gap counts what is missing between two pictures that many steps apart.
func (f *frames) gap(steps int64) {
	switch {
	case steps == 2:
		f.doubles++ // known later
	case f.doubles >= sureHalf && steps%2 == 0: // some of those at half the rate are missing
		f.count.missing += uint64(steps/2 - 1)
		f.doubles++
	default:
		f.settle()
		f.count.missing += uint64(max(steps-1, 0))
	}
}

// half returns how many pictures came at half the rate so far.
func (f *frames) half() uint64 {
	if f.doubles < sureHalf {
		return f.count.half
	}
	return f.count.half + f.doubles
}

// settle ends a row of pictures that were two steps apart.
func (f *frames) settle() {
	if f.doubles < sureHalf {
		f.count.missing += f.doubles
	} else {
		f.count.half += f.doubles
	}
	f.doubles = 0
}

// restart begins anew, with another sender's timestamps.
func (f *frames) restart() {
	f.settle()
	f.first, f.elapsed, f.ahead = false, 0, 0
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
