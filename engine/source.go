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
	needKey bool      // everything is skipped until a key frame
	since   time.Time // since when

	units   *queue.Ring
	ring    chan struct{} // the doorbell of units
	resync  atomic.Bool   // the decoder wants a key frame
	resting atomic.Bool   // the decoder is to be closed
	stop    chan struct{}
	once    sync.Once
	decoder sync.WaitGroup
}

// desperateAfter is how long a source without an undamaged key frame shows
// nothing new.
const desperateAfter = 500 * time.Millisecond

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

// rest gives up the decoder and its memory while nobody sees the source.
func (s *source) rest() {
	if !s.wanted.Load() && s.resting.CompareAndSwap(false, true) {
		s.wake()
	}
}

func (s *source) wake() {
	select {
	case s.ring <- struct{}{}:
	default:
	}
}

// push takes an access unit from the receive goroutine.
func (s *source) push(au rtp.AccessUnit) {
	if !s.wanted.Load() {
		s.await(au.Arrival)
		return
	}
	if s.resync.Swap(false) || au.Gap || au.Damaged {
		// What follows a gap refers to pictures that are not there: hold the
		// last good one until a key frame.
		s.await(au.Arrival)
	}
	if s.needKey {
		// Where key frames themselves lose parts again and again, a blemished
		// picture is better than none.
		desperate := au.Arrival.Sub(s.since) > desperateAfter
		if !au.Key || au.Damaged {
			s.requestKey()
			if !desperate {
				return
			}
		}
		s.needKey = au.Damaged || !au.Key
	}
	if !s.units.Push(queue.Unit{Data: au.Data, Timestamp: au.Timestamp, Key: au.Key, Damaged: s.needKey}) {
		s.await(au.Arrival)
		s.requestKey()
		return
	}
	s.wake()
}

// await skips everything until a key frame.
func (s *source) await(now time.Time) {
	if !s.needKey {
		s.needKey, s.since = true, now
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
		if s.resting.Swap(false) && dec != nil && !s.wanted.Load() {
			dec.Close()
			dec = nil
			s.engine.decoders.Add(-1)
			s.newest.Take().Release()
			s.resync.Store(true)
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
	s.engine.meter.add(workDecode, start)
	if err != nil {
		s.corrupt.Add(1)
		s.requestKey()
		if !u.Damaged { // else it is known, and shown for want of better
			s.resync.Store(true)
			pic.Release()
			pic = nil
		}
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
