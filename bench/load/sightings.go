package load

import (
	"sync"
	"time"

	"parley/bench/clip"
)

// sightings ties what the probes of a conference see and hear to when it was
// sent. Pumps write what was sent, probes ask.
type sightings struct {
	mu    sync.Mutex
	shown [clip.Callers][256]instant // guarded by mu: pictures of the talker and the one before him, by look and number
	said  [32]instant                // guarded by mu: beeps
	next  int                        // guarded by mu
}

// instant is when something was sent, and when it was due: that is what its
// timestamp says.
type instant struct {
	sent, due time.Time
	onset     time.Duration // of a beep: from sent and from due until it is heard
}

// recent is how old a picture or a beep may be that comes out of the server:
// half a clip, so that the loop before is not meant.
const recent = clipSeconds * time.Second / 2

func (s *sightings) show(m clip.Mark, at instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown[m.Caller%clip.Callers][m.Picture&255] = at
}

func (s *sightings) say(at instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said[s.next] = at
	s.next = (s.next + 1) % len(s.said)
}

// picture returns when the picture was sent that is seen in one that came at
// the given time. It is false where that cannot be told.
func (s *sightings) picture(m clip.Mark, came time.Time) (instant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.shown[m.Caller%clip.Callers][m.Picture&255]
	d := came.Sub(at.sent)
	return at, !at.sent.IsZero() && d > 0 && d < recent
}

// beep returns when the beep was sent that is heard at the given time: the
// last one before it.
func (s *sightings) beep(heard time.Time) (best instant, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.said {
		d := heard.Sub(at.sent.Add(at.onset))
		if !at.sent.IsZero() && d > 0 && d < recent && (!ok || at.sent.After(best.sent)) {
			best, ok = at, true
		}
	}
	return best, ok
}
