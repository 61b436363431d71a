package capacity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/bench/subject"
	"parley/codecs"
	"parley/composer"
	"parley/engine"
	"parley/signaling/sdp"
)

const (
	// joinPatience is how long it may take until everybody sees pictures.
	joinPatience = 30 * time.Second
	// settling is how long a conference runs before it is measured: after
	// joining everybody was sent key frames.
	settling = 2 * time.Second
	// statusEvery is longer than the node remembers its status.
	statusEvery = time.Second
)

// name is that of caller i, by which he is found in the status.
func name(i int) string { return "Caller " + string(rune('A'+i)) }

// picture is what caller i sends.
func (o Options) picture(i int, talking bool) clip.VideoSpec {
	return clip.VideoSpec{
		Caller: i, Style: clip.Person, Name: name(i), Talking: talking,
		Width: o.Width, Height: o.Height, FPS: 30, Noise: 6, Seed: uint64(i) + 1,
		Bitrate: o.Bitrate, Profile: o.Profile,
	}
}

// voice is what caller i says.
func voice(i int) clip.SoundSpec { return clip.SoundSpec{Kind: clip.Speech, Caller: i, Level: -26} }

// conference is the callers on a node.
type conference struct {
	node    *subject.Node
	callers []*caller.Caller
	talker  int
}

// holdConference has everybody call, measures for the length, and has them hang
// up. It returns what it found and the codec work that belongs to it.
func holdConference(ctx context.Context, o Options, n *subject.Node, library *clip.Library, length time.Duration) (Slice, work, error) {
	c := &conference{node: n}
	defer c.hangUp()
	for i := range o.Parties {
		camera, sound := o.picture(i, false), voice(i)
		got, err := caller.Dial(ctx, caller.Config{
			URI: n.URI(), Name: name(i), Library: library, Video: &camera, Sound: &sound,
			AudioCodecs: []string{codecs.Opus}, Decode: caller.DecodeNone, MaxBitrate: o.MaxBitrate,
			H264: sdp.H264Local{Profiles: []codecs.Profile{o.Profile}, Level: o.Level, PacketizationModes: []int{1}},
		})
		if err != nil {
			return Slice{}, work{}, err
		}
		c.callers = append(c.callers, got)
	}
	c.callers[0].Talk(true)
	if err := c.awaitPictures(ctx); err != nil {
		return Slice{}, work{}, err
	}
	return c.measure(ctx, length)
}

// awaitPictures waits until everybody is sent pictures, somebody has the floor
// and everybody who is seen is decoded.
func (c *conference) awaitPictures(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	for _, one := range c.callers {
		if err := one.Await(ctx, func(c *caller.Caller) bool { return c.Stats().Video.AccessUnits > 0 }); err != nil {
			return fmt.Errorf("%w: nothing is sent to one of the callers: %w", ErrIdle, err)
		}
	}
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	for {
		s, err := c.status(ctx)
		if err != nil {
			return err
		}
		if s.Conferences[0].Speaker != "" && s.Decoders >= min(len(c.callers), len(s.Conferences[0].Views[0].Cells)) {
			return pause(ctx, settling)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d decoders, speaker %q", ErrIdle, s.Decoders, s.Conferences[0].Speaker)
		}
	}
}

// measure has the callers talk in turns and looks what the node takes.
func (c *conference) measure(ctx context.Context, length time.Duration) (Slice, work, error) {
	s := Slice{Receivers: make([]float64, len(c.callers))}
	before, err := c.status(ctx)
	if err != nil {
		return s, work{}, err
	}
	received := make([]uint64, len(c.callers))
	for i, one := range c.callers {
		received[i] = one.Stats().Video.AccessUnits
	}
	u0, err := subject.UsageOf(c.node.PID())
	if err != nil {
		return s, work{}, err
	}
	after, decoded, err := c.talk(ctx, length)
	if err != nil {
		return s, work{}, err
	}
	u1, err := subject.UsageOf(c.node.PID())
	if err != nil {
		return s, work{}, err
	}
	seconds := u1.At.Sub(u0.At).Seconds()
	for i, one := range c.callers {
		s.Receivers[i] = float64(one.Stats().Video.AccessUnits-received[i]) / seconds
	}
	a, b := before.Conferences[0], after.Conferences[0]
	rate := func(name string) float64 { // counters of renditions go with them
		return (float64(b.Counters[name]) - float64(a.Counters[name])) / seconds
	}
	s.Seconds = seconds
	s.Node = Node{
		User: (u1.User - u0.User) / seconds, System: (u1.System - u0.System) / seconds,
		Encoders: after.Encoders, Decoders: after.Decoders,
		Encoded: rate("band_frames"), Skipped: rate("band_skipped_frames"), Decoded: decoded,
		KeyFrames: (keyFrames(b) - keyFrames(a)) / seconds,
		LateTicks: rate("late_ticks"), LateMixes: rate("late_mixes"),
	}
	s.Elsewhere = (u1.Machine-u0.Machine)/seconds - s.CPU()
	return s, workOf(b), nil
}

// talk lets one after the other talk for the length. It returns the status at
// the end, and how many pictures were decoded per second.
func (c *conference) talk(ctx context.Context, length time.Duration) (last engine.Status, decoded float64, err error) {
	turn, look := time.NewTicker(talkFor), time.NewTicker(statusEvery)
	defer turn.Stop()
	defer look.Stop()
	end := time.NewTimer(length)
	defer end.Stop()
	looks := 0
	for done := false; !done; {
		select {
		case <-ctx.Done():
			return last, 0, ctx.Err()
		case <-turn.C:
			c.callers[c.talker].Talk(false)
			c.talker = (c.talker + 1) % len(c.callers)
			c.callers[c.talker].Talk(true)
			continue
		case <-look.C:
		case <-end.C:
			done = true
		}
		if last, err = c.status(ctx); err != nil {
			return last, 0, err
		}
		looks++
		for _, p := range last.Conferences[0].Participants {
			decoded += p.Video.RxFPS
		}
	}
	return last, decoded / float64(looks), nil
}

// status is that of the node, with the one conference running and all callers
// in it.
func (c *conference) status(ctx context.Context) (engine.Status, error) {
	s, err := c.node.Status(ctx)
	if err == nil && (len(s.Conferences) != 1 || len(s.Conferences[0].Participants) != len(c.callers) || len(s.Conferences[0].Views) == 0) {
		err = fmt.Errorf("%w: not everybody is in the conference", ErrIdle)
	}
	return s, err
}

func (c *conference) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, one := range c.callers {
		_ = one.Hangup(ctx) // the node may have gone
	}
}

func keyFrames(s engine.ConferenceStatus) (n float64) {
	for _, v := range s.Views {
		for _, r := range v.Renditions {
			n += float64(r.KeyFrames)
		}
	}
	return n
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
