package node

import (
	"slices"
	"time"

	"parley/bus"
	"parley/engine"
)

// The qualities of a call, from the best down.
const (
	qualityUnknown  = "unknown"
	qualityGood     = "good"
	qualityOK       = "ok"
	qualityBad      = "bad"
	qualityTerrible = "terrible"
)

// windowLength is what the loss of packets is looked at in.
const windowLength = 20 * time.Second

// quality judges a call by the packets that were lost, window by window, both
// ways. The zero value is a call that begins.
type quality struct {
	began   time.Time
	before  engine.ParticipantStatus // at the beginning of the window
	txLoss  float64                  // sum of what he reported in the window, percent
	looks   int
	windows []string
	losses  []float64 // of the last of these, percent
}

// recentWindows is how many windows tell what the quality is now.
const recentWindows = 3

// windowsMost bounds the windows that are kept of a call: two days.
const windowsMost = 2 * 24 * 3600 / 20

// follow is look; it returns what event sinks are told when the quality has become
// another one, without whose it is.
func (q *quality) follow(now time.Time, p engine.ParticipantStatus) (e windowEvent, changed bool) {
	was := q.recently()
	if !q.look(now, p) || q.recently() == was {
		return e, false
	}
	e = windowEvent{CallQuality: bus.QualityName(q.recently()), Was: bus.QualityName(was), LossHistory: slices.Clone(q.losses)}
	for _, w := range q.windows[max(len(q.windows)-recentWindows, 0):] {
		e.Recent = append(e.Recent, bus.QualityName(w))
	}
	return e, true
}

// look takes the state of a participant, about once a second; it returns whether a
// window ended by it.
func (q *quality) look(now time.Time, p engine.ParticipantStatus) bool {
	if q.began.IsZero() {
		q.began, q.before = now, p
		return false
	}
	q.txLoss += max(p.Audio.TxLoss, p.Video.TxLoss)
	q.looks++
	if now.Sub(q.began) < windowLength {
		return false
	}
	loss := max(lossBetween(q.before.Audio, p.Audio), lossBetween(q.before.Video, p.Video), q.txLoss/float64(q.looks))
	if q.losses = append(q.losses, loss); len(q.losses) > recentWindows {
		q.losses = q.losses[1:]
	}
	if q.windows = append(q.windows, judge(loss)); len(q.windows) > windowsMost {
		q.windows = q.windows[1:]
	}
	q.began, q.before, q.txLoss, q.looks = now, p, 0, 0
	return true
}

// lossBetween is how many of the packets that he sent in between did not arrive, percent.
func lossBetween(before, now engine.StreamStatus) float64 {
	if now.RxPackets < before.RxPackets || now.RxLost < before.RxLost {
		return 0 // it began anew
	}
	came, lost := float64(now.RxPackets-before.RxPackets), float64(now.RxLost-before.RxLost)
	if came+lost == 0 {
		return 0
	}
	return 100 * lost / (came + lost)
}

func judge(loss float64) string {
	switch {
	case loss < 1:
		return qualityGood
	case loss < 3:
		return qualityOK
	case loss < 10:
		return qualityBad
	}
	return qualityTerrible
}

// recently is what most of the last three windows were; of as many, the worse.
func (q *quality) recently() string {
	last := q.windows[max(len(q.windows)-recentWindows, 0):]
	best, most := qualityUnknown, 0
	for _, one := range []string{qualityTerrible, qualityBad, qualityOK, qualityGood} {
		n := 0
		for _, w := range last {
			if w == one {
				n++
			}
		}
		if n > most {
			best, most = one, n
		}
	}
	return best
}

// overall is the mean of all windows.
func (q *quality) overall() string {
	if len(q.windows) == 0 {
		return qualityUnknown
	}
	order := []string{qualityGood, qualityOK, qualityBad, qualityTerrible}
	sum := 0
	for _, w := range q.windows {
		for i, one := range order {
			if w == one {
				sum += i
			}
		}
	}
	return order[(sum+len(q.windows)/2)/len(q.windows)]
}
