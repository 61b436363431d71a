package engine

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"parley/codecs"
	"parley/composer"
)

// FrameRate is how many pictures a second a conference composes.
const FrameRate = 30

// Conference is one running meeting, or the part of it that this process has.
type Conference struct {
	engine  *Engine
	config  ConferenceConfig
	log     *slog.Logger
	started time.Time

	// legs is replaced, never changed, by join and leave; changed counts what
	// else the loops must look at again.
	legs    atomic.Pointer[[]*Leg]
	changed atomic.Uint64
	layout  atomic.Pointer[composer.Layout] // of the pictures; the composing goroutine follows
	locked  atomic.Bool                     // nobody more may join
	id      string                          // UUID of this run of the conference
	// spoken rings when a picture of the current speaker has been decoded.
	spoken chan struct{}

	sound    *sound
	pictures *pictures

	mu     sync.Mutex // serialises join, leave and close
	closed bool       // guarded by mu
	stop   context.CancelFunc
	loops  sync.WaitGroup
}

func newConference(e *Engine, cfg ConferenceConfig) *Conference {
	c := &Conference{
		engine: e, config: cfg, started: time.Now(), spoken: make(chan struct{}, 1),
		log: e.log.With("conference", cfg.Name),
	}
	c.id = uuid.NewString()
	c.layout.Store(cfg.Layout)
	c.legs.Store(&[]*Leg{})
	c.sound = newSound(c)
	c.pictures = newPictures(c)
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	if !e.manual {
		// After a stall a few mixes are made up for, so that sound has no hole.
		c.loops.Go(func() { every(ctx, 20*time.Millisecond, 3, &c.sound.late, c.sound.mix) })
		c.loops.Go(func() { newPacer(c.started).run(ctx, c.spoken, &c.pictures.late, c.pictures.compose) })
	}
	return c
}

// every calls tick once per period until ctx ends. After a stall it makes up
// for catchUp periods, forgets the rest and counts them as late.
func every(ctx context.Context, period time.Duration, catchUp int, late *atomic.Uint64, tick func(time.Time)) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		if missed := int(now.Sub(next) / period); missed > catchUp {
			late.Add(uint64(missed - catchUp))
			next = next.Add(time.Duration(missed-catchUp) * period)
		}
		for !next.After(now) {
			tick(now)
			next = next.Add(period)
		}
		timer.Reset(time.Until(next))
	}
}

// pictureOf is told of every picture that was decoded.
func (c *Conference) pictureOf(l *Leg) {
	if *c.sound.speaker.Load() != l.id {
		return
	}
	select {
	case c.spoken <- struct{}{}:
	default:
	}
}

// Mix advances the sound by 20 ms; only for engines with Config.Manual.
func (c *Conference) Mix(now time.Time) { c.sound.mix(now) }

// Compose makes one picture of each view; only for engines with Config.Manual.
func (c *Conference) Compose(now time.Time) { c.pictures.compose(now) }

// ID returns the identifier of this run of the conference.
func (c *Conference) ID() string { return c.id }

// Legs returns the legs of the conference, in order of joining. Not to be changed.
func (c *Conference) Legs() []*Leg { return *c.legs.Load() }

// join takes in a participant; from as in newLeg.
func (c *Conference) join(cfg LegConfig, from *Leg, cost float64) (*Leg, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.locked.Load() {
		return nil, ErrLocked
	}
	now := *c.legs.Load()
	if limit := c.config.MaxParticipants; limit > 0 && len(now) >= limit {
		return nil, ErrFull
	}
	leg, err := newLeg(c, cfg, from, cost, time.Now())
	if err != nil {
		return nil, err
	}
	list := append(slices.Clone(now), leg)
	c.legs.Store(&list)
	return leg, nil
}

// leave returns how many legs are left, and whether l was one of them.
func (c *Conference) leave(l *Leg) (left int, gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := *c.legs.Load()
	i := slices.Index(now, l)
	if i < 0 {
		return len(now), false
	}
	list := slices.Delete(slices.Clone(now), i, i+1)
	c.engine.totals.leave(l, func() { c.legs.Store(&list) })
	l.log.Info("participant left", "participants", len(list), "seconds", seconds(time.Since(l.joined)))
	return len(list), true
}

// Disconnect ends every leg of the conference; their signalling is told.
func (c *Conference) Disconnect() {
	for _, l := range c.Legs() {
		l.notify(LegEvent{Kind: LegEnded})
	}
}

// Snapshot returns the next picture composed for the view, at its largest
// size, which the caller owns; nil when there is no such view or ctx ends.
func (c *Conference) Snapshot(ctx context.Context, view string) *codecs.Picture {
	return c.pictures.snapshot(ctx, view)
}

// close stops the loops and frees everything; the legs are gone.
func (c *Conference) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.loops.Wait()
	c.sound.close()
	c.pictures.close()
}
