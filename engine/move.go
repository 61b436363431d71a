package engine

import (
	"errors"
	"time"
)

// ErrThere is the error of moving somebody to where he is.
var ErrThere = errors.New("engine: he is in that conference already")

// Move takes the participant of l into the conference of c.Name. His streams go
// on: the far end sees one and the same stream, which shows something else. l is
// over after it, and the leg returned is his. cfg is as for Join, with what was
// negotiated for l, and an ID that the conference has not known: one who comes
// back under an old one before it has seen him go is taken for the old leg.
// Errors: ErrThere and those of Join; after one he is where he was.
func (e *Engine) Move(l *Leg, c ConferenceConfig, cfg LegConfig) (*Leg, error) {
	e.mu.Lock()
	moved, over, err := e.move(l, c, cfg)
	e.mu.Unlock()
	e.end(over)
	return moved, err
}

// move is Move with the lock held. It returns the conference that is over by it.
func (e *Engine) move(l *Leg, c ConferenceConfig, cfg LegConfig) (moved *Leg, over *Conference, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.closed || l.closed {
		return nil, nil, ErrClosed
	}
	conf := e.conferences[c.Name]
	if conf == l.conference {
		return nil, nil, ErrThere
	}
	if err := c.refuses(conf); err != nil {
		return nil, nil, err
	}
	from, to := l.conference.config.describe(l.conference, *l.config.Load()), c.describe(conf, cfg)
	from.Parties-- // those beside him
	cost, err := e.account.AdmitChange(from, to, time.Now())
	if err != nil {
		return nil, nil, err
	}
	if conf == nil {
		conf = newConference(e, c)
	}
	if cfg.Notify == nil {
		cfg.Notify = l.config.Load().Notify
	}
	if cfg.AwaitConfirm = !l.confirmed.Load(); cfg.AwaitConfirm {
		cost += l.cost // nothing was promised to him so far
	}
	if moved, err = conf.join(cfg, l, cost); err != nil {
		if e.conferences[c.Name] == nil {
			conf.close()
		}
		return nil, nil, err
	}
	e.joined(moved)
	return moved, e.left(l), nil
}
