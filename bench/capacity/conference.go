package capacity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/trial"
	"parley/codecs"
	"parley/composer"
	"parley/engine"
)

const (
	// stagePatience is how long it may take until everybody who is seen is decoded.
	stagePatience = 30 * time.Second
	// settling is how long a conference runs before it is measured: after
	// joining everybody was sent key frames.
	settling = 2 * time.Second
	// statusEvery is longer than the node remembers its status.
	statusEvery = time.Second
)

// plan is what the callers send and take.
func (o Options) plan() load.Plan {
	return load.Plan{
		URIs:  []string{""}, // for checking it; the rig fills in the node's
		Width: o.Width, Height: o.Height, Bitrate: o.Bitrate, Profile: o.Profile, Level: o.Level, MaxBitrate: o.MaxBitrate,
		Looks: o.Parties, Turn: talkFor, Probes: -1,
	}
}

// name is that of caller i, by which he is found in the status.
func name(i int) string { return load.Plan{}.Name(0, i) }

// conference is the callers on a node.
type conference struct {
	*trial.Rig
	parties int
}

// open starts a node and what will call it.
func (o Options) open(ctx context.Context) (*conference, error) {
	rig, err := trial.Open(ctx, trial.Options{
		Binary: o.Binary, OwnThumbnail: o.OwnThumbnail, Parties: o.Parties, Settle: settling, Load: o.plan(), Told: o.Told,
	})
	return &conference{rig, o.Parties}, err
}

// hold has everybody call, measures for the length, and has them hang up. It
// returns what it found and the codec work that belongs to it.
func (c *conference) hold(ctx context.Context, length time.Duration) (s Slice, w work, err error) {
	defer func() { err = errors.Join(append([]error{err}, c.Leave(ctx)...)...) }()
	if err := c.Fill(ctx); err != nil {
		return s, w, err
	}
	if err := c.awaitStage(ctx); err != nil {
		return s, w, err
	}
	return c.measure(ctx, length)
}

// awaitStage waits until somebody has the floor and everybody who is seen is
// decoded, and until the node no longer remembers that status.
func (c *conference) awaitStage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stagePatience)
	defer cancel()
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	for there := false; ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: nobody has the floor, or not everybody who is seen is decoded", ErrIdle)
		}
		if there {
			return nil
		}
		s, err := c.status(ctx)
		if err != nil {
			return err
		}
		there = s.Conferences[0].Speaker != "" && s.Decoders >= min(c.parties, len(s.Conferences[0].Views[0].Cells))
	}
}

// measure looks what the node takes while the callers talk in turns.
func (c *conference) measure(ctx context.Context, length time.Duration) (Slice, work, error) {
	begin := time.Now()
	before, err := c.status(ctx)
	if err != nil {
		return Slice{}, work{}, err
	}
	after, decoded, looks := before, 0.0, 0.0
	look := func(ctx context.Context) (err error) {
		if after, err = c.status(ctx); err != nil {
			return err
		}
		for _, p := range after.Conferences[0].Participants {
			decoded += p.Video.RxFPS
		}
		looks++
		return nil
	}
	c.Meanwhile = look
	w, err := c.Measure(ctx, length)
	if err != nil {
		return Slice{}, work{}, err
	}
	if err := look(ctx); err != nil {
		return Slice{}, work{}, err
	}
	seconds := time.Since(begin).Seconds()
	a, b := before.Conferences[0], after.Conferences[0]
	rate := func(name string) float64 { // counters of renditions go with them
		return (float64(b.Counters[name]) - float64(a.Counters[name])) / seconds
	}
	s := Slice{
		Seconds: w.Seconds, Elsewhere: w.Elsewhere + w.Load, Receivers: w.Rates(),
		Node: Node{
			User: w.User, System: w.System, Encoders: after.Encoders, Decoders: after.Decoders,
			Encoded: rate("band_frames"), Skipped: rate("band_skipped_frames"), Decoded: decoded / looks,
			KeyFrames: (keyFrames(b) - keyFrames(a)) / seconds,
			LateTicks: rate("late_ticks"), LateMixes: rate("late_mixes"),
		},
	}
	return s, workOf(b), nil
}

// status is that of the node, with the one conference running and all callers
// in it.
func (c *conference) status(ctx context.Context) (engine.Status, error) {
	s, err := c.Node().Status(ctx)
	if err == nil && (len(s.Conferences) != 1 || len(s.Conferences[0].Participants) != c.parties || len(s.Conferences[0].Views) == 0) {
		err = fmt.Errorf("%w: not everybody is in the conference", ErrIdle)
	}
	return s, err
}

func keyFrames(s engine.ConferenceStatus) (n float64) {
	for _, v := range s.Views {
		for _, r := range v.Renditions {
			n += float64(r.KeyFrames)
		}
	}
	return n
}

// workOf returns the codec work of a conference as its status tells it.
func workOf(s engine.ConferenceStatus) work {
	index := map[string]int{"": -1}
	for _, p := range s.Participants {
		for i := range s.Participants {
			if p.DisplayName == name(i) {
				index[p.ID] = i
			}
		}
	}
	w := work{Layout: s.Layout, Speaker: index[s.Speaker], Former: -1}
	layout, _ := composer.Find(s.Layout)
	bands := map[int]workBand{}
	for _, v := range s.Views {
		cells := make([]int, len(v.Cells))
		for i, id := range v.Cells {
			cells[i] = index[id]
		}
		if cells[0] != w.Speaker {
			w.Former = cells[0]
		}
		for _, r := range v.Renditions {
			for i, n := range r.Bands {
				b := s.Bands[n]
				one := workBand{
					Index: i, Width: r.Width, Height: r.Height, Cells: slices.Clone(cells),
					Encoder: codecs.VideoEncoderConfig{
						Width: b.Width, Height: b.Height, FPS: b.FPS, Bitrate: b.Bitrate, Level: r.Level, Band: len(r.Bands) > 1,
					},
				}
				for p := codecs.ConstrainedBaseline; p <= codecs.High; p++ {
					if p.String() == b.Profile {
						one.Encoder.Profile = p
					}
				}
				if one.Index = i; len(r.Bands) == 1 {
					one.Index = -1
				} else {
					inside := layout.ResolveBands(r.Width, r.Height)[i].Cells
					for c := range one.Cells {
						if !slices.Contains(inside, c) {
							one.Cells[c] = -1
						}
					}
				}
				bands[n] = one
			}
		}
	}
	for n := range s.Bands {
		w.Bands = append(w.Bands, bands[n])
	}
	return w
}
