package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/codecs"
)

// judge is a phone's decoder that looks at every picture which is decoded.
type judge struct {
	codecs.VideoDecoder
	look func(names string)
}

func (j *judge) Decode(data []byte, timestamp uint32) (*codecs.Picture, error) {
	p, err := j.VideoDecoder.Decode(data, timestamp)
	if err == nil && p != nil {
		j.look((&phone{picture: p}).names())
	}
	return p, err
}

// With own_thumbnail auto the mode follows the load, and while it changes each
// picture that anybody is sent is right in one of the two modes: the same one
// is large in both, and never the receiver himself.
func TestAutoChangesNothingButOnesOwnThumbnail(t *testing.T) {
	e := newEngine(t)
	e.meter.cores = 1000 // what the test itself takes is no load
	cfg := testConfig("auto", OwnAuto)
	var phones []*phone
	for i := range 4 {
		phones = append(phones, join(t, e, cfg, i))
	}
	defer func() {
		for _, p := range phones {
			p.close()
		}
	}()
	c := e.Conference("auto")
	// Time passes ten times a second, for the hysteresis lasts long. Nobody may
	// read the load at another time meanwhile, as the status of the engine does.
	const step = time.Second / 10
	now, load := time.Now(), 0.0
	frame := time.NewTicker(5 * time.Millisecond)
	defer frame.Stop()
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !ok(); <-frame.C {
			if time.Now().After(deadline) {
				for _, p := range phones {
					t.Logf("%s sees %q", p.leg.id, p.names())
				}
				t.Fatalf("never: %s", what)
			}
			for _, p := range phones {
				p.send(t)
			}
			now = now.Add(step)
			e.meter.busy[workEncode].Add(int64(load * float64(e.meter.cores) * float64(step)))
			c.Compose(now)
		}
	}
	for _, id := range []string{"D", "C", "B", "A"} {
		speak(c, id)
		c.Compose(now)
	}
	main := map[string]string{"A": "B", "B": "A", "C": "A", "D": "A"}
	hidden := map[string]string{"A": "CD", "B": "CD", "C": "BD", "D": "BC"}
	shown := map[string]string{"A": "ACD", "B": "BCD", "C": "BCD", "D": "BCD"}
	all := func(thumbnails map[string]string) func() bool {
		return func() bool {
			return !slices.ContainsFunc(phones, func(p *phone) bool {
				return !sees(p, main[p.leg.id], thumbnails[p.leg.id])
			})
		}
	}
	until("everybody sees the others", all(hidden))

	wrong := make(chan string, 100)
	watched := [4]int{} // guarded by each phone's mu
	for i, p := range phones {
		p.mu.Lock()
		p.dec = &judge{VideoDecoder: p.dec, look: func(names string) {
			watched[i]++
			id := p.leg.id
			seen := sorted(strings.ReplaceAll(names[1:], ".", ""))
			if names[:1] == main[id] && (seen == hidden[id] || seen == shown[id]) {
				return
			}
			select {
			case wrong <- fmt.Sprintf("%s was sent %q", id, names):
			default:
			}
		}}
		p.mu.Unlock()
	}
	mode := func() string { return c.status().OwnThumbnail }
	for _, s := range []struct {
		load       float64
		want       OwnThumbnail
		thumbnails map[string]string
		encoders   int64
	}{
		{1, OwnShown, shown, 4}, {0, OwnHidden, hidden, 6}, {1, OwnShown, shown, 4},
	} {
		load = s.load
		until(fmt.Sprintf("a load of %v means %s", load, s.want), func() bool { return mode() == string(s.want) })
		until("everybody sees what it means", all(s.thumbnails))
		until("as few encoders as it takes", func() bool { return e.encoders.Load() <= s.encoders })
	}
	for len(wrong) > 0 {
		t.Error(<-wrong)
	}
	for i, p := range phones {
		p.mu.Lock()
		t.Logf("%s was sent %d pictures", p.leg.id, watched[i])
		if watched[i] < 3*FrameRate {
			t.Errorf("only %d pictures of %s were looked at", watched[i], p.leg.id)
		}
		p.mu.Unlock()
	}
}
