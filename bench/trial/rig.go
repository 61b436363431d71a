// Package trial measures a conference server under load: a node that it
// starts, or any server by its address and its process. The load comes from
// package load in a process of its own, so that the server's processor time is
// the server's alone.
package trial

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/subject"
	"parley/config"
)

// Errors of a trial.
var (
	// ErrOptions: the options cannot be carried out.
	ErrOptions = errors.New("trial: options")
	// ErrIdle: the server sends no pictures.
	ErrIdle = errors.New("trial: no media")
)

// Options say what is measured and under which load.
type Options struct {
	Binary       string              // path of parley, which serves as the node; "" = this program
	OwnThumbnail config.OwnThumbnail // of the node, "" = hidden
	Layout       string              // of the node, "" = the default
	MaxQuality   config.Quality      // of the node, "" = hd
	Limit        int                 // percent of the processors that the node may use, 0 = it refuses nobody

	// Another server in place of a node.
	URIs    []string   // what its conferences are dialled by
	PID     int        // its process, 0 = not known: then its processor time is not measured
	Address netip.Addr // of the callers; invalid = 127.0.0.1

	Parties     int           // callers of each conference, 0 = 8
	Conferences int           // 0 = 1
	Duration    time.Duration // of what is measured, 0 = 60 s
	Settle      time.Duration // that nothing is measured after joining, 0 = 3 s

	Load load.Plan // URIs and Address are filled in

	Told func(string) // what happens meanwhile; nil = nobody wants to know
}

// against reports whether another server is measured.
func (o Options) against() bool { return len(o.URIs) > 0 }

func (o Options) withDefaults() (Options, error) {
	if o.Binary == "" {
		var err error
		if o.Binary, err = os.Executable(); err != nil {
			return o, err
		}
	}
	if o.OwnThumbnail == "" {
		o.OwnThumbnail = config.Hidden
	}
	if o.Parties == 0 {
		o.Parties = 8
	}
	if o.Conferences == 0 {
		o.Conferences = 1
	}
	if o.Duration == 0 {
		o.Duration = time.Minute
	}
	if o.Settle == 0 {
		o.Settle = 3 * time.Second
	}
	if o.Told == nil {
		o.Told = func(string) {}
	}
	if o.Load.Probes == 0 {
		o.Load.Probes = 1
	}
	o.Load.Probes = max(o.Load.Probes, 0)
	if o.Parties < 1 || o.Conferences < 1 || o.Duration < time.Second {
		return o, fmt.Errorf("%w: %d parties in %d conferences for %v", ErrOptions, o.Parties, o.Conferences, o.Duration)
	}
	return o, nil
}

// Rig is a server under load.
type Rig struct {
	o     Options
	node  *subject.Node // nil: another server
	pid   int           // 0 = not known
	load  *load.Process
	empty int64 // bytes of memory before anybody joined
	ports int   // callers who joined
	// seconds of each call from INVITE to the first complete key frame and to
	// the first picture that a decoder gave.
	firsts map[[2]int]float64
	// Meanwhile is called every second while it is measured; nil = nothing is done.
	Meanwhile func(context.Context) error
}

// joinPatience is how long it may take until everybody who joined is sent pictures.
const joinPatience = 30 * time.Second

// Open starts a server, unless the options name one, and a load that is not there yet.
func Open(ctx context.Context, o Options) (*Rig, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return openRig(ctx, o)
}

// openRig is Open with options whose zero fields are filled.
func openRig(ctx context.Context, o Options) (*Rig, error) {
	r := &Rig{o: o, pid: o.PID, firsts: map[[2]int]float64{}}
	o.Load.URIs, o.Load.Address, o.Load.Layout = o.URIs, o.Address, o.Layout
	if !o.against() {
		o.Told("starting a node")
		n, err := subject.Start(ctx, subject.NodeConfig{
			Binary: o.Binary, OwnThumbnail: o.OwnThumbnail, Layout: o.Layout, MaxQuality: o.MaxQuality, Limit: o.Limit,
		})
		if err != nil {
			return nil, err
		}
		r.node, r.pid = n, n.PID()
		for i := range 1000 {
			o.Load.URIs = append(o.Load.URIs, n.Room(i))
		}
	}
	var err error
	if r.load, err = load.Start(ctx, o.Load, o.Told); err != nil {
		r.Close()
		return nil, err
	}
	if r.pid != 0 {
		u, err := subject.UsageOf(r.pid)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.empty = u.Resident
	}
	return r, nil
}

// join has callers join a conference and waits until they are sent pictures.
func (r *Rig) join(ctx context.Context, conference, callers int) error {
	if err := r.load.Join(ctx, conference, callers); err != nil {
		return err
	}
	r.ports += callers
	return nil
}

// Node returns the server; nil when the options named another one.
func (r *Rig) Node() *subject.Node { return r.node }

// Fill has all conferences filled.
func (r *Rig) Fill(ctx context.Context) error {
	for i := range r.o.Conferences {
		r.o.Told(fmt.Sprintf("conference %d of %d: %d callers call", i+1, r.o.Conferences, r.o.Parties))
		if err := r.join(ctx, i, r.o.Parties); err != nil {
			return err
		}
	}
	return r.awaitPictures(ctx)
}

// awaitPictures waits until everybody is sent pictures, and then for things to
// settle: after joining everybody was sent key frames.
func (r *Rig) awaitPictures(ctx context.Context) error {
	waits, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		s, err := r.load.Snapshot(waits)
		if err != nil {
			return err
		}
		waiting := slices.IndexFunc(s.Receivers, func(one load.Receiver) bool { return one.FirstWhole == 0 })
		if waiting < 0 {
			r.note(s)
			return pause(ctx, r.o.Settle)
		}
		select {
		case <-ticker.C:
		case <-waits.Done():
			return fmt.Errorf("%w: no complete key frame for %s", ErrIdle, s.Receivers[waiting].Name)
		}
	}
}

// Leave has everybody hang up. It returns what went wrong; who could not say BYE
// is gone all the same.
func (r *Rig) Leave(ctx context.Context) (failed []error) {
	now, err := r.load.Snapshot(ctx)
	if err != nil {
		return []error{err}
	}
	for _, one := range now.Receivers {
		if err := r.load.Leave(ctx, one.Conference, one.Index); err != nil {
			failed = append(failed, fmt.Errorf("%s could not hang up: %w", one.Name, err))
		}
	}
	return failed
}

// note keeps when each was first sent a picture.
func (r *Rig) note(s load.Snapshot) {
	for _, one := range s.Receivers {
		if one.FirstWhole > 0 {
			r.firsts[[2]int{one.Conference, one.Index}] = one.FirstWhole
		}
	}
}

// Close has everybody hang up and ends what was started.
func (r *Rig) Close() {
	if r.load != nil {
		r.load.Close()
	}
	if r.node != nil {
		r.node.Close()
	}
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
