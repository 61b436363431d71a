package engine

import (
	"context"
	"slices"
	"time"

	"parley/engine/load"
)

// watchEvery is how often the load is looked at.
const watchEvery = 500 * time.Millisecond

// watch follows the load: it sets the step of quality that holds, and what the
// account knows. Owned by the engine's watching goroutine.
type watch struct {
	engine   *Engine
	governor load.Governor
	at       time.Time
	used     time.Duration
	usage    float64 // smoothed over a second or so
	encode   float64 // share of encoding in all media work, smoothed likewise
	busy     [workKinds]int64
	frames   uint64
	skipped  uint64
	jobs     uint64
	waited   time.Duration
}

func newWatch(e *Engine, now time.Time) *watch {
	return &watch{engine: e, governor: load.Governor{Limit: e.limit}, at: now, used: load.Used()}
}

func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, used := time.Now(), load.Used()
		usage := (used - w.used).Seconds() / now.Sub(w.at).Seconds() / w.engine.cores
		w.at, w.used = now, used
		w.look(now, usage)
	}
}

// look takes the share of the processors that the program took since the last look.
func (w *watch) look(now time.Time, usage float64) {
	e := w.engine
	w.usage += (usage - w.usage) / 2
	frames, skipped := e.made.Load(), e.missed.Load()
	r := load.Reading{Usage: w.usage}
	if due := frames - w.frames + skipped - w.skipped; due > 0 {
		r.Skipped = float64(skipped-w.skipped) / float64(due)
	}
	w.frames, w.skipped = frames, skipped
	jobs, waited := e.exec.waits()
	if n := jobs - w.jobs; n > 0 {
		r.Wait = (waited - w.waited) / time.Duration(n)
	}
	w.jobs, w.waited = jobs, waited
	was := load.Step(e.step.Load())
	step := w.governor.Read(now, r)
	if step != was {
		e.step.Store(int32(step))
		e.log.Info("quality changed", "step", step.String(), "was", was.String(), "usage", w.usage, "skipped", r.Skipped, "wait", r.Wait)
	}
	w.encode += (w.encoding() - w.encode) / 2
	e.account.Measured(w.usage, e.mix(w.encode), step, e.spared())
}

// encoding returns the share of encoding in all media work since the last look.
func (w *watch) encoding() float64 {
	var all, encode int64
	for i := range w.busy {
		now := w.engine.meter.busy[i].Load()
		if all += now - w.busy[i]; work(i) == workEncode {
			encode = now - w.busy[i]
		}
		w.busy[i] = now
	}
	if all <= 0 {
		return 0
	}
	return float64(encode) / float64(all)
}

// spared returns how many senders who are seen are asked for less than they may send.
func (e *Engine) spared() (n int) {
	for _, c := range e.list() {
		n += c.pictures.published.Load().spared
	}
	return n
}

// mix returns what the load is made of, where encoding has that share of it.
// What bands cost goes by their samples.
func (e *Engine) mix(encode float64) load.Mix {
	var all, strips, own float64
	for _, c := range e.list() {
		pub := c.pictures.published.Load()
		auto := c.config.OwnThumbnail == OwnAuto || c.config.OwnThumbnail == ""
		kinds := map[bandKey]int{}
		for _, b := range pub.bands {
			cost := float64(b.rung.Width) * float64(b.rect.H) * float64(b.rung.FPS)
			all += cost
			if b.key.index == 0 {
				continue
			}
			strips += cost
			kind := b.key
			kind.name = ""
			// Shown, there is a strip that all see, and the speaker's.
			if kinds[kind]++; auto && pub.own == OwnHidden && kinds[kind] > 2 {
				own += cost
			}
		}
	}
	if all == 0 {
		return load.Mix{}
	}
	return load.Mix{Strips: encode * strips / all, Own: encode * own / all}
}

// measure finds what work costs on this machine, unless the file of the last
// time tells.
func (e *Engine) measure(ctx context.Context, file string) {
	if file != "" {
		if c, ok := load.Stored(file, e.codecs); ok {
			e.account.SetCosts(c)
			return
		}
	}
	c, err := load.Measure(ctx, e.codecs)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		e.log.Warn("capacity not measured", "err", err)
		return
	}
	e.account.SetCosts(c)
	e.log.Info("capacity measured", "decode", c.Decode, "decode_small", c.DecodeSmall,
		"encode", c.Encode, "audio_decode", c.AudioDecode, "audio_encode", c.AudioEncode)
	if file != "" {
		if err := load.Store(file, e.codecs, c); err != nil {
			e.log.Warn("capacity not stored", "file", file, "err", err)
		}
	}
}

// describe says what a participant of that kind would be in the conference.
func (c ConferenceConfig) describe(running *Conference, l LegConfig) load.Join {
	j := load.Join{
		OnStage: len(c.Layout.Cells), OwnHidden: c.OwnThumbnail != OwnShown,
		OwnAuto: c.OwnThumbnail == OwnAuto || c.OwnThumbnail == "",
	}
	if running != nil {
		j.Parties = len(running.Legs())
	}
	if l.Video == nil {
		return j
	}
	if l.Video.Receive { // how large it is, is known when it comes
		j.Sends = load.Video{Width: 1280, Height: 720, FPS: FrameRate}
	}
	index := l.Video.Limits.bestRung(c.MaxHeight)
	if !l.Video.Send || index >= len(ladder) {
		return j
	}
	rung := ladder[index]
	j.Takes = load.Video{Width: rung.Width, Height: rung.Height, FPS: rung.FPS}
	j.Thumbnail = 1
	if bands := bandsOf(c.Layout, rung.Width, rung.Height); len(bands) > 1 {
		j.Thumbnail = float64(rung.Height-bands[0].H) / float64(rung.Height)
	}
	j.Shares = running != nil && running.has(index, l)
	return j
}

// has reports whether somebody beside him is sent pictures of that kind, or will
// be: of many who come at a time, only the first needs an encoder.
func (c *Conference) has(rung int, beside LegConfig) bool {
	limits := beside.Video.Limits
	return slices.ContainsFunc(c.Legs(), func(l *Leg) bool {
		v := l.video.Load()
		if v == nil || l.id == beside.ID {
			return false
		}
		cfg := v.config.Load()
		if !cfg.Send || cfg.Limits.Profile != limits.Profile || cfg.Limits.PacketizationMode != limits.PacketizationMode {
			return false
		}
		index, solo := v.rung()
		return index == rung && !solo
	})
}
