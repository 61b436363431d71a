package engine

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/composer"
	"parley/engine/load"
)

// Errors of joining a conference.
var (
	// ErrFull: the conference has as many participants as it may have.
	ErrFull = errors.New("conference is full")
	// ErrLocked: nobody more may join the conference.
	ErrLocked = errors.New("conference is locked")
	// ErrClosed: the engine or the conference has ended.
	ErrClosed = errors.New("engine closed")
)

// OwnThumbnail says what a receiver on stage sees of himself.
type OwnThumbnail string

// The values of OwnThumbnail.
const (
	OwnHidden OwnThumbnail = "hidden" // a picture of his own without himself
	OwnShown  OwnThumbnail = "shown"  // the common picture, in which he is a thumbnail too
	OwnAuto   OwnThumbnail = "auto"   // hidden while the engine has room, else shown
)

// Config is what an engine needs.
type Config struct {
	Codecs  codecs.Set
	Log     *slog.Logger
	Workers int // goroutines that encode, 0 = GOMAXPROCS
	// Limit is the share of the processors, 0..1, up to which participants are
	// admitted and near which quality falls; 0 = everybody is, and it never does.
	Limit float64
	// CostsFile keeps what work costs on this machine between starts; "" = it is
	// measured at every start.
	CostsFile string
	// SmallBitrate is what senders who are seen small only are asked to stay
	// below, bit/s; 0 = they are not asked.
	SmallBitrate int
	// Manual leaves the clocks to the caller: conferences start no goroutines
	// and advance only by Conference.Mix and Conference.Compose. For tests.
	Manual bool
}

// ConferenceConfig says how a conference behaves.
type ConferenceConfig struct {
	Name            string
	Layout          *composer.Layout
	OwnThumbnail    OwnThumbnail
	MaxParticipants int // 0 = no limit
	MaxHeight       int // luma rows of the largest rendition, 0 = 1080
	Welcome         []string
}

// Engine runs the conferences of one process.
type Engine struct {
	codecs codecs.Set
	log    *slog.Logger
	manual bool
	exec   *executor
	meter  loadMeter
	totals totals

	smallBitrate int     // Config.SmallBitrate
	cores        float64 // processors that may be used
	limit        float64 // Config.Limit
	account      *load.Account
	step         atomic.Int32  // a load.Step: how much quality is given up
	made, missed atomic.Uint64 // pictures of renditions, and such that were not made in time
	stop         context.CancelFunc
	watching     sync.WaitGroup

	encoders atomic.Int64
	decoders atomic.Int64

	mu          sync.Mutex
	closed      bool                   // guarded by mu
	closing     sync.WaitGroup         // conferences that the last participant is ending
	conferences map[string]*Conference // guarded by mu
}

// New returns a running engine.
func New(c Config) *Engine {
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	e := &Engine{codecs: c.Codecs, log: c.Log, manual: c.Manual, conferences: map[string]*Conference{}}
	e.meter.start(time.Now(), runtime.GOMAXPROCS(0))
	e.exec = newExecutor(c.Workers)
	e.smallBitrate = c.SmallBitrate
	e.cores, e.limit = load.Processors(), c.Limit
	e.account = load.NewAccount(e.cores, c.Limit)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	if !c.Manual {
		e.watching.Go(func() { newWatch(e, time.Now()).run(ctx) })
		if c.Limit > 0 {
			e.watching.Go(func() { e.measure(ctx, c.CostsFile) })
		}
	}
	return e
}

// Join puts a participant into the conference of c.Name, which starts with its
// first participant and ends with its last. Errors: ErrFull, ErrLocked, ErrClosed,
// *load.NoRoom when the node could not bear it, or those of codecs. On an error
// the leg's transports stay the caller's.
func (e *Engine) Join(c ConferenceConfig, l LegConfig) (*Leg, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	conf, running := e.conferences[c.Name]
	if !running {
		conf = newConference(e, c)
	}
	var leg *Leg
	cost, err := e.admit(c, e.conferences[c.Name], l)
	if err == nil {
		leg, err = conf.join(l, nil, cost)
	}
	if err != nil {
		if !running {
			conf.close()
		}
		return nil, err
	}
	e.joined(leg)
	return leg, nil
}

// joined files the conference of one who has come. The caller holds mu.
func (e *Engine) joined(l *Leg) {
	c := l.conference
	if e.conferences[c.config.Name] == nil {
		e.conferences[c.config.Name] = c
		c.log.Info("conference started")
	}
	l.log.Info("participant joined", "name", l.config.Load().DisplayName, "participants", len(c.Legs()))
}

// admit returns which share of the processors a participant will take.
func (e *Engine) admit(c ConferenceConfig, running *Conference, l LegConfig) (cost float64, err error) {
	if err := c.refuses(running); err != nil {
		return 0, err
	}
	cost, err = e.account.Admit(c.describe(running, l), time.Now())
	if full := (*load.NoRoom)(nil); errors.As(err, &full) {
		e.log.Info("participant refused for load", "conference", c.Name, "participant", l.ID, "call_id", l.CallID,
			"needs", full.Needs, "free", full.Free, "step", load.Step(e.step.Load()).String())
	}
	return cost, err
}

// refuses tells why a conference like c takes nobody; running nil = it has not begun.
func (c ConferenceConfig) refuses(running *Conference) error {
	switch {
	case running == nil:
		return nil
	case running.locked.Load():
		return ErrLocked
	case c.MaxParticipants > 0 && len(running.Legs()) >= c.MaxParticipants:
		return ErrFull
	}
	return nil
}

// leave takes a leg out and ends the conference after its last one.
func (e *Engine) leave(l *Leg) {
	e.mu.Lock()
	over := e.left(l)
	e.mu.Unlock()
	e.end(over)
}

// left takes a leg out; it returns its conference if that was the last one, to
// be ended when the lock is free. The caller holds mu.
func (e *Engine) left(l *Leg) (over *Conference) {
	conf := l.conference
	if left, gone := conf.leave(l); !gone || left > 0 {
		return nil
	}
	if e.conferences[conf.config.Name] == conf {
		delete(e.conferences, conf.config.Name)
	}
	e.closing.Add(1)
	return conf
}

// end ends a conference that everybody has left; nil = there is none.
func (e *Engine) end(over *Conference) {
	if over == nil {
		return
	}
	defer e.closing.Done()
	over.close()
	over.log.Info("conference ended", "seconds", seconds(time.Since(over.started)))
}

// seconds is a duration as logs have it.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// HasRoom tells whether a conference like c could take one more participant
// like l: nil, ErrFull or *load.NoRoom.
func (e *Engine) HasRoom(c ConferenceConfig, l LegConfig) error {
	_, err := e.admit(c, e.Conference(c.Name), l)
	return err
}

// Conference returns the running conference of that name, or nil.
func (e *Engine) Conference(name string) *Conference {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.conferences[name]
}

// Running returns the running conference with that id (of this run), or nil.
func (e *Engine) Running(id string) *Conference {
	for _, c := range e.list() {
		if c.id == id {
			return c
		}
	}
	return nil
}

// Participants returns how many participants all conferences have.
func (e *Engine) Participants() int {
	n := 0
	for _, c := range e.list() {
		n += len(c.Legs())
	}
	return n
}

// Status tells of everything that runs.
func (e *Engine) Status() Status {
	s := Status{
		Conferences: []ConferenceStatus{},
		Encoders:    int(e.encoders.Load()),
		Decoders:    int(e.decoders.Load()),
		Load:        e.meter.load(time.Now()),
		Work:        e.meter.seconds(),
		Capacity:    e.account.State(time.Now()),
	}
	running := e.list()
	for _, c := range running {
		s.Conferences = append(s.Conferences, c.status())
	}
	s.Totals = e.totals.read(running)
	return s
}

func (e *Engine) list() []*Conference {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]*Conference, 0, len(e.conferences))
	for _, c := range e.conferences {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Conference) int { return strings.Compare(a.config.Name, b.config.Name) })
	return list
}

// Close ends all conferences and waits for everything that the engine started.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	list := e.conferences
	e.conferences = map[string]*Conference{}
	e.mu.Unlock()
	for _, c := range list {
		for _, l := range c.Legs() {
			l.Close()
		}
		c.close()
	}
	e.closing.Wait()
	e.stop()
	e.watching.Wait()
	e.exec.close()
}
