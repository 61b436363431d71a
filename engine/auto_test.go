package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/codecs"
	"parley/engine/load"
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
	const step = time.Second / 10
	now := time.Now()
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
		step       load.Step
		want       OwnThumbnail
		thumbnails map[string]string
		encoders   int64
	}{
		{load.OwnShown, OwnShown, shown, 4}, {load.Full, OwnHidden, hidden, 6}, {load.HalfRate, OwnShown, shown, 4},
	} {
		e.step.Store(int32(s.step))
		until(fmt.Sprintf("the step %v means %s", s.step, s.want), func() bool { return mode() == string(s.want) })
		until("everybody sees what it means", all(s.thumbnails))
		more := [4]int{}
		for i, p := range phones {
			p.mu.Lock()
			more[i] = watched[i] + FrameRate
			p.mu.Unlock()
		}
		until("a second is looked at", func() bool {
			for i, p := range phones {
				p.mu.Lock()
				n := watched[i]
				p.mu.Unlock()
				if n < more[i] {
					return false
				}
			}
			return true
		})
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
