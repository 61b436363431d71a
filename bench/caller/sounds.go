package caller

import (
	"sync"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/engine/rtp"
)

// sounds receives audio: it decodes packets as they come, conceals what is
// missing, and keeps the last second.
type sounds struct {
	set    codecs.Set
	record *recorder // nil = none
	began  time.Time
	pulse  func()

	mu       sync.Mutex
	formats  map[uint8]string               // guarded by mu: payload type -> codec
	decoders map[string]codecs.AudioDecoder // guarded by mu
	last     int64                          // guarded by mu: extended sequence number
	arrival  time.Time                      // guarded by mu: of the last packet
	ring     [codecs.SampleRate]float32     // guarded by mu: the last second
	at       int                            // guarded by mu: where the next sample goes
	scratch  []float32                      // guarded by mu
	stats    AudioStats                     // guarded by mu
	closed   bool                           // guarded by mu
}

// silentAfter is how long after the last packet nothing is heard any more.
const silentAfter = 100 * time.Millisecond

// push takes a packet from the stream's goroutine and decodes it there: that
// takes microseconds.
func (s *sounds) push(p rtp.Packet) {
	s.mu.Lock()
	name, ok := s.formats[p.PayloadType]
	if s.closed || !ok || len(p.Payload) == 0 {
		s.mu.Unlock()
		return
	}
	if name == codecs.TelephoneEvent {
		s.stats.TelephoneEvents++
		s.mu.Unlock()
		return
	}
	dec, err := s.decoder(name)
	if err != nil {
		s.stats.DecodeErrors++
		s.mu.Unlock()
		return
	}
	lost := p.Extended - s.last - 1
	known := s.stats.Packets > 0
	if known && lost < 0 { // out of order: its place has been concealed
		s.stats.Late++
		s.mu.Unlock()
		return
	}
	s.quieten(p.Arrival)
	s.scratch = s.scratch[:0]
	if known && lost > 0 && lost < 10 {
		s.stats.Concealed += uint64(lost)
		if n := dec.Duration(p.Payload); n > 0 {
			if s.scratch, err = dec.Recover(s.scratch, p.Payload, n*int(lost)); err != nil {
				s.stats.DecodeErrors++
			}
		}
	}
	s.last = p.Extended
	if s.scratch, err = dec.Decode(s.scratch, p.Payload); err != nil {
		s.stats.DecodeErrors++
	}
	s.keep(s.scratch)
	s.stats.Packets++
	s.stats.Codec = name
	s.arrival = p.Arrival
	if s.stats.FirstSound == 0 {
		s.stats.FirstSound = time.Since(s.began)
	}
	if s.record != nil {
		s.record.audio(s.scratch, p.Arrival)
	}
	s.mu.Unlock()
	s.pulse()
}

func (s *sounds) decoder(name string) (codecs.AudioDecoder, error) {
	if d := s.decoders[name]; d != nil {
		return d, nil
	}
	d, err := s.set.NewAudioDecoder(name)
	if err != nil {
		return nil, err
	}
	s.decoders[name] = d
	return d, nil
}

// keep appends to the ring.
func (s *sounds) keep(samples []float32) {
	for len(samples) > 0 {
		n := copy(s.ring[s.at:], samples)
		samples = samples[n:]
		s.at = (s.at + n) % len(s.ring)
	}
}

// quieten appends silence for the time in which nothing came.
func (s *sounds) quieten(now time.Time) {
	if s.arrival.IsZero() {
		return
	}
	gap := now.Sub(s.arrival)
	if gap < silentAfter {
		return
	}
	for n := min(int(gap.Seconds()*codecs.SampleRate), len(s.ring)); n > 0; n-- {
		s.ring[s.at] = 0
		s.at = (s.at + 1) % len(s.ring)
	}
	s.arrival = now
}

// lastSecond returns what was heard in the last second, oldest first, cut to
// the given share of it.
func (s *sounds) lastSecond(share float64) []float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quieten(time.Now())
	out := make([]float32, len(s.ring))
	n := copy(out, s.ring[s.at:])
	copy(out[n:], s.ring[:s.at])
	return out[len(out)-int(share*float64(len(out))):]
}

func (s *sounds) setFormats(f map[uint8]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.formats = f
}

func (s *sounds) report() AudioStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Level = clip.Quiet
	if time.Since(s.arrival) < silentAfter {
		st.Level = clip.Level(s.ring[:])
	}
	return st
}

func (s *sounds) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, d := range s.decoders {
		d.Close()
	}
	clear(s.decoders)
}
