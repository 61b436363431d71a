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
// decodes only while some view wants it, on the engine's executor.
type source struct {
	engine     *Engine
	requestKey func()
	ready      func() // called after a picture was put into newest; set before the first access unit
	wanted     atomic.Bool
	large      atomic.Bool // some view shows it large: it must be exact
	newest     queue.Slot
	frames     atomic.Uint64 // decoded
	corrupt    atomic.Uint64 // access units that did not decode
	size       atomic.Uint64 // width<<32 | height of the last picture

	// Receive goroutine only.
	needKey bool      // everything is skipped until a key frame
	since   time.Time // since when

	units     *queue.Ring
	scheduled atomic.Bool // a job is waiting or running
	job       func()      // run, bound once
	resync    atomic.Bool // the decoder wants a key frame
	resting   atomic.Bool // the decoder is to be closed

	mu      sync.Mutex // held while a job runs
	closed  bool       // guarded by mu
	decoder codecs.VideoDecoder
	keyed   time.Time // guarded by mu: when a key frame was last decoded
}

// desperateAfter is how long a source without an undamaged key frame shows
// nothing new.
const desperateAfter = 500 * time.Millisecond

// sourceQueue bounds the access units that wait for a decoder.
const sourceQueue = 8

// decodeWithin is how long a decoding may wait for others: the picture is not
// needed before the next tick.
const decodeWithin = 10 * time.Millisecond

// refreshAfter is how long a source that is seen small only goes without a key
// frame. It is decoded without the loop filter, and errors add up.
const refreshAfter = 10 * time.Second

func newSource(e *Engine, requestKey func()) *source {
	s := &source{engine: e, requestKey: requestKey, ready: func() {}, needKey: true, units: queue.NewRing(sourceQueue)}
	s.job = s.run
	return s
}

// want turns decoding on or off; large says whether anybody sees the source
// large. Coming on stage, and becoming large, asks the sender for a key frame
// at once.
func (s *source) want(on, large bool) {
	became := s.large.Swap(large) != large && large
	if s.wanted.Swap(on) != on && on {
		s.resync.Store(true)
		s.requestKey()
	} else if became {
		s.requestKey()
	}
}

// rest gives up the decoder and its memory while nobody sees the source.
func (s *source) rest() {
	if !s.wanted.Load() && s.resting.CompareAndSwap(false, true) {
		s.wake(time.Now())
	}
}

// wake has the queue worked off, unless somebody is about to.
func (s *source) wake(now time.Time) {
	if s.scheduled.CompareAndSwap(false, true) && !s.engine.exec.submit(now.Add(decodeWithin), s.job) {
		s.resting.Store(false)   // the next look tries again,
		s.scheduled.Store(false) // and the next access unit
	}
}

// push takes an access unit from the receive goroutine.
func (s *source) push(au rtp.AccessUnit) {
	if !s.wanted.Load() {
		s.needKey, s.since = true, au.Arrival
		return
	}
	if s.resync.Swap(false) {
		s.needKey, s.since = true, au.Arrival
	} else if au.Gap || au.Damaged {
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
	s.wake(au.Arrival)
}

// await skips everything until a key frame.
func (s *source) await(now time.Time) {
	if !s.needKey {
		s.needKey, s.since = true, now
	}
}

// run decodes what is in the queue; on a worker.
func (s *source) run() {
	s.mu.Lock()
	s.work()
	s.mu.Unlock()
	s.scheduled.Store(false)
	// What came since the last look found the job scheduled.
	if s.units.Len() > 0 || s.resting.Load() {
		s.wake(time.Now())
	}
}

func (s *source) work() {
	if s.closed {
		s.resting.Store(false)
		for _, ok := s.units.Pop(); ok; _, ok = s.units.Pop() {
		}
		return
	}
	if s.resting.Swap(false) && s.decoder != nil && !s.wanted.Load() {
		s.closeDecoder()
		s.newest.Take().Release()
		s.resync.Store(true)
	}
	for u, ok := s.units.Pop(); ok; u, ok = s.units.Pop() {
		if s.decoder == nil {
			d, err := s.engine.codecs.NewVideoDecoder(codecs.H264)
			if err != nil {
				s.corrupt.Add(1)
				continue
			}
			s.decoder = d
			s.engine.decoders.Add(1)
		}
		s.decode(u)
	}
}

func (s *source) closeDecoder() {
	s.decoder.Close()
	s.decoder = nil
	s.engine.decoders.Add(-1)
}

// loopFilter is what decoders have that can leave out the deblocking filter
// (ITU-T H.264 section 8.7).
type loopFilter interface{ SkipLoopFilter(skip bool) }

// decode decodes one access unit.
func (s *source) decode(u queue.Unit) {
	start := time.Now()
	small := !s.large.Load()
	if f, ok := s.decoder.(loopFilter); ok {
		f.SkipLoopFilter(small)
	}
	if u.Key {
		s.keyed = start
	} else if small && start.Sub(s.keyed) > refreshAfter {
		s.keyed = start
		s.requestKey()
	}
	pic, err := s.decoder.Decode(u.Data, u.Timestamp)
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
		s.ready()
	}
}

// close stops decoding, waits for it and gives the newest picture back.
func (s *source) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed = true; s.decoder != nil {
		s.closeDecoder()
	}
	s.newest.Take().Release()
}
