package engine

import (
	"slices"
	"sync/atomic"
	"time"

	"parley/engine/mixer"
)

// sound mixes a conference. It is owned by the mixing goroutine: mix is called
// every 20 ms and by nobody else.
type sound struct {
	conference *Conference
	mixer      *mixer.Mixer
	detector   *mixer.Detector
	legs       []*audioLeg                   // those that are in the mixer
	snapshot   *[]*Leg                       // the list of legs that `legs` was made from
	changed    uint64                        // and the conference's count of changes then
	shared     map[soundFormat]*soundEncoder // one encode for all who hear the common mix so
	tick       uint64
	before     [2]soundFrame // the common mix of the two ticks before

	speaker atomic.Pointer[string] // participant id; read by the composing goroutine
	late    atomic.Uint64          // mixes that came more than a frame late
	mixes   atomic.Uint64
}

func newSound(c *Conference) *sound {
	s := &sound{
		conference: c, mixer: mixer.New(), detector: mixer.NewDetector(),
		shared: map[soundFormat]*soundEncoder{},
	}
	s.spoke("")
	return s
}

// mix advances the sound by one frame.
func (s *sound) mix(now time.Time) {
	start := time.Now()
	s.refresh()
	s.tick++
	s.mixes.Add(1)
	for _, a := range s.legs {
		a.pull(now, s.mixer.Wanted(a.input))
	}
	s.mixer.Mix()
	for _, a := range s.legs {
		s.detector.Level(a.leg.id, a.input.Level())
		a.talking.Store(a.input.Talking())
	}
	if speaker, changed := s.detector.Tick(); changed {
		s.spoke(speaker)
	}
	for _, a := range s.legs {
		s.send(a)
	}
	s.before[0] = s.before[1]
	copy(s.before[1][:], s.mixer.Common())
	s.conference.engine.meter.add(workSound, start)
}

// spoke tells the composing goroutine who speaks. The name moves to the heap here
// and not in every mix.
func (s *sound) spoke(id string) { s.speaker.Store(&id) }

// refresh follows joins and leaves.
func (s *sound) refresh() {
	snapshot, changed := s.conference.legs.Load(), s.conference.changed.Load()
	if snapshot == s.snapshot && changed == s.changed {
		return
	}
	s.snapshot, s.changed = snapshot, changed
	now := make([]*audioLeg, 0, len(*snapshot))
	for _, l := range *snapshot {
		if a := l.audio.Load(); a != nil {
			now = append(now, a)
		}
	}
	for _, a := range s.legs {
		if !slices.Contains(now, a) {
			s.mixer.Remove(a.input)
			s.detector.Remove(a.leg.id)
			a.release()
		}
	}
	for _, a := range now {
		if !slices.Contains(s.legs, a) {
			a.input = s.mixer.Add(a.leg.id)
			s.detector.Add(a.leg.id)
		}
	}
	s.legs = now
	for f, e := range s.shared {
		if !slices.ContainsFunc(now, func(a *audioLeg) bool {
			cfg := a.config.Load()
			return cfg.Send && f == soundFormat{cfg.Codec, cfg.Bitrate}
		}) {
			e.encoder.Close()
			delete(s.shared, f)
		}
	}
}

// send gives a participant what he hears: the common mix, encoded once per
// codec, or the mix without himself from an encoder of his own.
func (s *sound) send(a *audioLeg) {
	cfg := a.config.Load()
	a.timestamp += uint32(cfg.RTP.SendClock / 50)
	if !cfg.Send || !a.leg.confirmed.Load() {
		return // before the ACK anybody could have sent the INVITE in somebody else's name
	}
	var packet []byte
	if minusOne, talker := a.input.Own(); talker {
		packet = s.encodeOwn(a, cfg, minusOne)
	} else {
		packet = s.encodeShared(cfg)
	}
	if len(packet) > 0 {
		a.send(cfg.RTP.SendPayloadType, packet)
	}
}

func (s *sound) encodeOwn(a *audioLeg, cfg *AudioConfig, frame []float32) []byte {
	format := soundFormat{cfg.Codec, cfg.Bitrate}
	if a.own == nil || a.own.format != format {
		if a.own != nil {
			a.own.encoder.Close()
			a.own = nil
		}
		enc, err := newSoundEncoder(s.conference.engine.codecs, format)
		if err != nil {
			return nil
		}
		a.own = enc
	}
	return a.own.encode(s.tick, frame, &s.before, expectedLoss(a.loss.Load()))
}

func (s *sound) encodeShared(cfg *AudioConfig) []byte {
	format := soundFormat{cfg.Codec, cfg.Bitrate}
	e := s.shared[format]
	if e == nil {
		var err error
		if e, err = newSoundEncoder(s.conference.engine.codecs, format); err != nil {
			return nil
		}
		s.shared[format] = e
	}
	switch {
	case e.tick != s.tick:
		return e.encode(s.tick, s.mixer.Common(), &s.before, expectedLoss(s.worstLoss(format)))
	case !e.ok:
		return nil
	}
	return e.packet
}

// worstLoss is the highest loss that any listener of the format reports, so
// that the shared packets carry enough redundancy for him.
func (s *sound) worstLoss(f soundFormat) uint32 {
	worst := uint32(0)
	for _, a := range s.legs {
		if cfg := a.config.Load(); cfg.Codec == f.codec && cfg.Bitrate == f.bitrate {
			worst = max(worst, a.loss.Load())
		}
	}
	return worst
}

// expectedLoss keeps some redundancy in the stream before the first loss is
// reported: in-band FEC that starts after the loss comes too late for it.
func expectedLoss(reported uint32) int { return int(min(max(reported, 5), 30)) }

// close frees everything; the mixing goroutine has ended.
func (s *sound) close() {
	for _, a := range s.legs {
		s.mixer.Remove(a.input)
		a.release()
	}
	s.legs = nil
	for _, e := range s.shared {
		e.encoder.Close()
	}
}
