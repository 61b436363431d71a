package engine

import (
	"testing"
	"time"

	"parley/engine/rtp"
)

// A source that comes on stage decodes nothing before a key frame, however long
// ago it was seen; after half a second without one a blemished picture is better
// than none.
func TestSourceWaitsForKeyFrame(t *testing.T) {
	e := newEngine(t)
	asked := 0
	s := newSource(e, func() { asked++ })
	defer s.close()
	now := time.Unix(9000, 0)
	push := func(after time.Duration, key bool) (taken bool) {
		now = now.Add(after)
		s.push(rtp.AccessUnit{Data: []byte{0, 0, 0, 1, 0x41}, Key: key, Arrival: now})
		// Either it still waits, or it was found to be no picture.
		return s.scheduled.Load() || s.corrupt.Load() > 0
	}
	s.want(true, true)
	if asked != 1 {
		t.Fatalf("asked for %d key frames", asked)
	}
	if push(0, false) || push(400*time.Millisecond, false) {
		t.Error("the first picture is taken, though it refers to others")
	}
	s.want(false, false)
	push(10*time.Second, false)
	s.want(true, true)
	if push(time.Second, false) {
		t.Error("a picture is taken that refers to what was not seen")
	}
	if !push(desperateAfter+time.Millisecond, false) {
		t.Error("nothing is shown for want of a key frame")
	}
}
