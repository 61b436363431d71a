package engine

import (
	"slices"
	"sync/atomic"
	"time"

	"parley/codecs"
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
	shared     map[soundFormat]*sharedEncode // one encode for all who hear the common mix so
	tick       uint64
	packet     []byte

	speaker atomic.Pointer[string] // participant id; read by the composing goroutine
	late    atomic.Uint64          // mixes that came more than a frame late
	mixes   atomic.Uint64
}

// soundFormat is what makes listeners equal.
type soundFormat struct {
	codec   string
	bitrate int // bit/s, 0 = the codec's default
}

// sharedEncode is the common mix in one format.
type sharedEncode struct {
	format  soundFormat
	encoder codecs.AudioEncoder
	packet  []byte
	tick    uint64 // when packet was made
	ok      bool
}

func newSound(c *Conference) *sound {
	s := &sound{
		conference: c, mixer: mixer.New(), detector: mixer.NewDetector(),
		shared: map[soundFormat]*sharedEncode{}, packet: make([]byte, 0, 1500),
	}
	none := ""
	s.speaker.Store(&none)
	return s
}

// mix advances the sound by one frame.
func (s *sound) mix(now time.Time) {
	start := time.Now()
	s.refresh()
	s.tick++
	s.mixes.Add(1)
	for _, a := range s.legs {
		a.pull(now)
	}
	s.mixer.Mix()
	for _, a := range s.legs {
		s.detector.Level(a.leg.id, a.input.Level())
		a.talking.Store(a.input.Talking())
	}
	if speaker, changed := s.detector.Tick(); changed {
		s.speaker.Store(&speaker)
	}
	for _, a := range s.legs {
		s.send(a)
	}
	s.conference.engine.meter.add(workSound, start)
}

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
		// A send fails when the far end is unreachable; the silence timeout ends such legs.
		_ = a.stream.Send(cfg.RTP.SendPayloadType, packet, a.timestamp, false)
	}
}

func (s *sound) encodeOwn(a *audioLeg, cfg *AudioConfig, frame []float32) []byte {
	format := soundFormat{cfg.Codec, cfg.Bitrate}
	if a.own == nil || a.ownFormat != format {
		if a.own != nil {
			a.own.Close()
			a.own = nil
		}
		enc, err := s.conference.engine.codecs.NewAudioEncoder(cfg.Codec, cfg.Bitrate)
		if err != nil {
			return nil
		}
		a.own, a.ownFormat = enc, format
	}
	a.own.SetLoss(expectedLoss(a.loss.Load()))
	packet, err := a.own.Encode(s.packet[:0], frame)
	if err != nil {
		return nil
	}
	s.packet = packet
	return packet
}

func (s *sound) encodeShared(cfg *AudioConfig) []byte {
	format := soundFormat{cfg.Codec, cfg.Bitrate}
	e := s.shared[format]
	if e == nil {
		enc, err := s.conference.engine.codecs.NewAudioEncoder(cfg.Codec, cfg.Bitrate)
		if err != nil {
			return nil
		}
		e = &sharedEncode{format: format, encoder: enc, packet: make([]byte, 0, 1500)}
		s.shared[format] = e
	}
	if e.tick != s.tick {
		e.tick = s.tick
		e.encoder.SetLoss(expectedLoss(s.worstLoss(format)))
		packet, err := e.encoder.Encode(e.packet[:0], s.mixer.Common())
		e.packet, e.ok = packet, err == nil
	}
	if !e.ok {
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
