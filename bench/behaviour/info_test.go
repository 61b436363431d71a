//go:build cgo

package behaviour

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"parley/bench/caller"
	"parley/engine/rtp"
)

// keylog is a log handler that collects the digits which the node has noted.
type keylog struct {
	mu     sync.Mutex
	digits strings.Builder // guarded by mu
}

func (*keylog) Enabled(context.Context, slog.Level) bool { return true }
func (k *keylog) WithAttrs([]slog.Attr) slog.Handler     { return k }
func (k *keylog) WithGroup(string) slog.Handler          { return k }
func (k *keylog) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "dtmf" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "digit" {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.digits.WriteString(a.Value.String())
		}
		return true
	})
	return nil
}

func (k *keylog) pressed() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.digits.String()
}

// Digits reach the node once each and in order, by RTP on good and bad networks,
// and by SIP INFO.
func TestDigits(t *testing.T) {
	for _, way := range []struct {
		name, digits string
		change       func(*caller.Config)
	}{
		{"rtp", "0123456789*#ABCD", func(*caller.Config) {}},
		{"rtp, the same digit again", "5550", func(*caller.Config) {}},
		{"rtp beside G722", "19*#", func(c *caller.Config) { c.AudioCodecs = []string{"G722"} }},
		{"rtp with losses", "4711", func(c *caller.Config) { c.Network = &caller.Network{LossOut: 0.2, Seed: 4} }},
		{"info", "0123456789*#ABCD", func(c *caller.Config) { c.NoEvents = true }},
		{"info of one who only listens", "55#", func(c *caller.Config) { c.Sound = nil }},
	} {
		t.Run(way.name, func(t *testing.T) {
			log := &keylog{}
			m := openLogged(t, slog.New(log), nil)
			spec := m.spec(0)
			spec.AudioOnly, spec.Video, spec.Talking = true, nil, true
			way.change(&spec)
			c := m.call(spec)
			byRTP := strings.HasPrefix(way.name, "rtp")
			before := c.Stats().Audio
			if a := c.Media().Audio; a.HasTelephoneEvent == spec.NoEvents {
				t.Fatalf("agreed on telephone events: %v", a.HasTelephoneEvent)
			}
			if err := c.Press(m.ctx, "1x"); !errors.Is(err, rtp.ErrDigit) {
				t.Errorf("pressing what is no digit: %v", err)
			}
			if err := c.Press(m.ctx, way.digits); err != nil {
				t.Fatal(err)
			}
			settle(t, "the digits are there", func() bool { return len(log.pressed()) >= len(way.digits) })
			// What was sent of them is all there before what is sent now; the end
			// of the last event was sent three times.
			if err := c.Hangup(m.ctx); err != nil {
				t.Error(err)
			}
			settle(t, "he is gone", func() bool { return len(m.node.Status().Conferences) == 0 })
			if got := log.pressed(); got != way.digits {
				t.Errorf("pressed %q, the node has %q", way.digits, got)
			}
			sent := c.Stats().Audio
			packets := sent.RTP.SentPackets - before.RTP.SentPackets - (sent.Sent - before.Sent)
			if byRTP && packets < uint64(7*len(way.digits)) || !byRTP && packets > 1 {
				t.Errorf("%d packets of events", packets)
			}
		})
	}
}

// A SIP INFO that asks for a key frame (RFC 5168) gives one to him who asked.
func TestFastUpdateByInfo(t *testing.T) {
	const document = `<?xml version="1.0" encoding="utf-8"?><media_control><vc_primitive><to_encoder>` +
		`<picture_fast_update/></to_encoder></vc_primitive></media_control>`
	m := open(t, nil)
	spec := m.spec(0)
	spec.NoFeedback = true
	c := m.call(spec)
	m.call(m.spec(1))
	m.await(c, "A sees B", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "B") })
	for round := range 3 {
		// A second in which nothing makes the node send a key frame.
		calm := c.Stats().Video
		m.await(c, "no key frame for a second", func(c *caller.Caller) bool {
			v := c.Stats().Video
			if v.KeyFrames > calm.KeyFrames {
				calm = v
			}
			return v.AccessUnits-calm.AccessUnits >= 45
		})
		if err := c.Dialog().Info(m.ctx, "application/media_control+xml", []byte(document)); err != nil {
			t.Fatal(err)
		}
		asked := c.Stats().Video
		var came caller.VideoStats
		m.await(c, "a key frame", func(c *caller.Caller) bool {
			came = c.Stats().Video
			return came.KeyFrames > calm.KeyFrames
		})
		after := max(came.AccessUnits, asked.AccessUnits) - asked.AccessUnits
		t.Logf("round %d: a key frame after %d pictures", round, after)
		if after > 30 {
			t.Errorf("the key frame came %d pictures after it was asked for", after)
		}
	}
	if v := c.Stats().Video; v.RTP.KeyFrameRequestsSent != 0 || v.DecodeErrors != 0 {
		t.Errorf("%+v", v)
	}
}
