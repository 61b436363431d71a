package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/bench/clip"
	"parley/codecs"
	"parley/composer"
	"parley/signaling/sip"
)

// Generator makes the load in this process.
type Generator struct {
	plan   Plan
	set    codecs.Set
	reels  *reels
	server *sip.Server
	pumps  []*pump
	stop   context.CancelFunc
	once   sync.Once

	mu          sync.Mutex
	conferences map[int]*conference // guarded by mu
	callers     []*Caller           // guarded by mu: those who are in
	calls       uint64              // guarded by mu: so far
}

// callersPerPump is how many callers one goroutine moves: a fraction of a core.
const callersPerPump = 150

// New encodes what the callers send. told is called with what is being done.
func New(p Plan, set codecs.Set, told func(string)) (*Generator, error) {
	p, err := p.WithDefaults()
	if err != nil {
		return nil, err
	}
	g := &Generator{plan: p, set: set, conferences: map[int]*conference{}}
	g.reels, err = makeReels(p, clip.NewLibrary(set), func(look int) {
		told(fmt.Sprintf("encoding what caller %d of %d shows and says", look+1, p.Looks))
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.server, err = sip.Listen(ctx, sip.Config{
		UDP: netip.AddrPortFrom(p.Address, 0).String(), TCP: netip.AddrPortFrom(p.Address, 0).String(),
		UserAgent: "parley-load", Log: slog.New(slog.DiscardHandler), MaxPending: 4000, MaxPendingPerSource: 4000,
	})
	if err != nil {
		stop()
		return nil, err
	}
	return g, nil
}

// joinAtOnce is how many callers dial at the same time.
const joinAtOnce = 4

// Join has so many more callers call into a conference, counted from 0, and
// returns when all are in. Those who got in stay when one did not.
func (g *Generator) Join(ctx context.Context, conf, callers int) error {
	g.mu.Lock()
	c := g.conferences[conf]
	if c == nil {
		c = &conference{index: conf, reels: g.reels, turn: g.plan.Turn, talkers: g.plan.Talkers, begun: time.Now()}
		g.conferences[conf] = c
	}
	taken := map[int]bool{}
	for _, one := range g.callers {
		if one.conference == c {
			taken[one.index] = true
		}
	}
	g.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(joinAtOnce)
	for index := 0; callers > 0; index++ {
		if taken[index] {
			continue
		}
		callers--
		group.Go(func() error { return g.join(ctx, c, index) })
	}
	return group.Wait()
}

func (g *Generator) join(ctx context.Context, conf *conference, index int) error {
	c, err := newCaller(&g.plan, conf, index)
	if err != nil {
		return err
	}
	if err := g.enter(ctx, c); err != nil {
		ending, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return errors.Join(err, c.hangUp(ending))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	c.call = g.calls
	g.callers = append(g.callers, c)
	g.seat(conf)
	return nil
}

// enter has a caller call. After an error he still has what was opened for him,
// until he hangs up.
func (g *Generator) enter(ctx context.Context, c *Caller) (err error) {
	if c.index < g.plan.Probes {
		if c.probe, err = newProbe(c, g.set); err != nil {
			return err
		}
	}
	if c.pump, err = g.pump(); err != nil {
		return err
	}
	if err := c.pump.add(c); err != nil {
		return err
	}
	return c.dial(ctx, g.server, g.plan.URIs[c.conference.index%len(g.plan.URIs)])
}

// seat says who takes turns in a conference; g.mu is held.
func (g *Generator) seat(conf *conference) {
	var members []int
	for _, c := range g.callers {
		if c.conference == conf {
			members = append(members, c.index)
		}
	}
	slices.Sort(members)
	conf.members.Store(&members)
}

// pump returns the one for the next caller.
func (g *Generator) pump() (*pump, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.callers) / callersPerPump; n < len(g.pumps) {
		return g.pumps[n], nil
	}
	p, err := newPump()
	if err == nil {
		g.pumps = append(g.pumps, p)
	}
	return p, err
}

// Leave has one caller hang up.
func (g *Generator) Leave(ctx context.Context, conf, index int) error {
	g.mu.Lock()
	var leaving *Caller
	for i, c := range g.callers {
		if c.conference.index == conf && c.index == index {
			leaving = c
			g.callers = slices.Delete(g.callers, i, i+1)
			g.seat(c.conference)
			break
		}
	}
	g.mu.Unlock()
	if leaving == nil {
		return fmt.Errorf("%w: %d in conference %d", ErrCaller, index, conf)
	}
	return leaving.hangUp(ctx)
}

// Snapshot returns what was counted so far, and what the probes found since
// the last snapshot.
func (g *Generator) Snapshot() Snapshot {
	g.mu.Lock()
	callers, pumps := slices.Clone(g.callers), slices.Clone(g.pumps)
	g.mu.Unlock()
	s := Snapshot{At: time.Now()}
	for _, p := range pumps {
		p.do(func() {
			s.PumpLate = max(s.PumpLate, p.late.Seconds())
			p.late = 0
			s.SendErrors += p.outbox.failed
			for _, c := range callers {
				if c.pump == p {
					s.Receivers = append(s.Receivers, c.count())
				}
			}
		})
	}
	for _, c := range callers {
		if c.probe != nil {
			s.Findings = append(s.Findings, c.probe.take())
		}
	}
	return s
}

// Sample has every probe keep the next picture that it is sent.
func (g *Generator) Sample() {
	for _, p := range g.probes() {
		p.want()
	}
}

func (g *Generator) probes() (list []*probe) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.callers {
		if c.probe != nil {
			list = append(list, c.probe)
		}
	}
	return list
}

// Likeness compares the pictures that were kept with what they should show,
// and forgets them. There is nothing to compare where several callers of a
// conference look the same, since then their names are not known, or where
// what they show is not numbered.
func (g *Generator) Likeness() ([]Likeness, error) {
	var all []Likeness
	for _, p := range g.probes() {
		list := p.kept()
		one, err := g.likeness(p.caller.conference, list)
		for _, s := range list {
			s.picture.Release()
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

func (g *Generator) likeness(conf *conference, list []specimen) ([]Likeness, error) {
	members := conf.members.Load()
	layout, known := composer.Find(g.plan.Layout)
	if members == nil || !known || len(*members) > g.plan.Looks || g.plan.File != "" {
		return nil, nil
	}
	names := map[int]string{}
	for _, index := range *members {
		names[index%g.plan.Looks] = g.plan.Name(conf.index, index)
	}
	e := expectation{
		plan: &g.plan, reels: g.reels, set: g.set, composer: composer.New(), layout: layout,
		names: func(look int) string { return names[look] },
	}
	defer e.composer.Close()
	return e.compare(list)
}

// Close has everybody hang up and frees everything. A second Close does nothing.
func (g *Generator) Close() { g.once.Do(g.close) }

func (g *Generator) close() {
	g.mu.Lock()
	callers := g.callers
	g.callers = nil
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(16)
	for _, c := range callers {
		group.Go(func() error { return c.hangUp(ctx) })
	}
	_ = group.Wait() // the server may have gone
	_ = g.server.Close()
	g.stop()
	for _, p := range g.pumps {
		p.close()
	}
}
