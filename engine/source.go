package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/engine/queue"
	"parley/engine/rtp"
)

// source is one incoming video: access units in, the newest picture out. It
// decodes only while some view wants it.
type source struct {
	engine     *Engine
	requestKey func()
	wanted     atomic.Bool
	newest     queue.Slot
	frames     atomic.Uint64 // decoded
	corrupt    atomic.Uint64 // access units that did not decode
	size       atomic.Uint64 // width<<32 | height of the last picture

	// Receive goroutine only.
	needKey bool // everything is skipped until a key frame

	units   *queue.Ring
	ring    chan struct{} // the doorbell of units
	resync  atomic.Bool   // the decoder wants a key frame
	stop    chan struct{}
	once    sync.Once
	decoder sync.WaitGroup
}

// sourceQueue bounds the access units that wait for a decoder.
const sourceQueue = 8

func newSource(e *Engine, requestKey func()) *source {
	s := &source{
		engine: e, requestKey: requestKey, needKey: true,
		units: queue.NewRing(sourceQueue), ring: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	s.decoder.Go(s.run)
	return s
}

// want turns decoding on or off. Coming on stage asks the sender for a key
// frame at once.
func (s *source) want(on bool) {
	if s.wanted.Swap(on) != on && on {
		s.resync.Store(true)
		s.requestKey()
	}
}

// pause forgets the newest picture, when the sender stops sending.
func (s *source) pause() { s.resync.Store(true) }

// push takes an access unit from the receive goroutine.
func (s *source) push(au rtp.AccessUnit) {
	if !s.wanted.Load() {
		s.needKey = true
		return
	}
	if s.resync.Swap(false) || au.Gap || au.Damaged {
		// What follows a gap refers to pictures that are not there: hold the
		// last good one until a key frame.
		s.needKey = true
	}
	if s.needKey {
		if !au.Key || au.Damaged {
			s.requestKey()
			return
		}
		s.needKey = false
	}
	if !s.units.Push(queue.Unit{Data: au.Data, Timestamp: au.Timestamp, Key: au.Key}) {
		s.needKey = true
		s.requestKey()
		return
	}
	select {
	case s.ring <- struct{}{}:
	default:
	}
}

// run decodes. The decoder lives as long as the source is in use.
func (s *source) run() {
	var dec codecs.VideoDecoder
	defer func() {
		if dec != nil {
			dec.Close()
			s.engine.decoders.Add(-1)
		}
	}()
	for {
		select {
		case <-s.stop:
			return
		case <-s.ring:
		}
		for u, ok := s.units.Pop(); ok; u, ok = s.units.Pop() {
			if dec == nil {
				d, err := s.engine.codecs.NewVideoDecoder(codecs.H264)
				if err != nil {
					s.corrupt.Add(1)
					continue
				}
				dec = d
				s.engine.decoders.Add(1)
			}
			s.decode(dec, u)
		}
	}
}

// decode decodes one access unit.
func (s *source) decode(dec codecs.VideoDecoder, u queue.Unit) {
	start := time.Now()
	pic, err := dec.Decode(u.Data, u.Timestamp)
	s.engine.meter.add(start)
	if err != nil {
		s.corrupt.Add(1)
		s.resync.Store(true)
		s.requestKey()
	}
	if pic != nil {
		s.frames.Add(1)
		s.size.Store(uint64(pic.Width)<<32 | uint64(pic.Height))
		s.newest.Put(pic)
	}
}

// close stops decoding, waits for it and gives the newest picture back.
func (s *source) close() {
	s.once.Do(func() { close(s.stop) })
	s.decoder.Wait()
	s.newest.Take().Release()
}
