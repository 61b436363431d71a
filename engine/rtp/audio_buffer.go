package rtp

import "time"

// PopKind says what an AudioBuffer gives out.
type PopKind uint8

// The kinds.
const (
	Empty  PopKind = iota // nothing is due: silence
	Normal                // a packet
	Lost                  // a packet that is missing, or late: conceal
)

// String returns the kind's name.
func (k PopKind) String() string {
	return [...]string{"empty", "normal", "lost"}[k]
}

// Popped is what an AudioBuffer gives out. Its bytes are valid until the next Pop.
type Popped struct {
	Kind    PopKind
	Payload []byte // Normal
	Next    []byte // Lost: the packet just after the missing one when it is here, for in-band FEC
	Samples int    // Normal and Lost: duration in units of the RTP clock; 0 = not known
	Level   uint8  // Normal: -dBov as the sender tells it (RFC 6464), NoAudioLevel = unknown
}

// Bounds of an AudioBuffer.
const (
	audioSlots      = 256 // packets, a power of two
	audioPayloadMax = 2048
	audioHeldMax    = time.Second            // sound waiting; more is dropped, oldest first
	audioJump       = time.Second            // disagreement of timestamps and arrivals that is a new beginning
	concealMax      = 100 * time.Millisecond // lost in a row before it is silence
	underrunMax     = 80 * time.Millisecond  // concealed while nothing is here
	excessMax       = 300 * time.Millisecond // too late by more: packets are left out
	pullPeriod      = 20 * time.Millisecond  // between two who ask
)

// AudioCounters tells what became of the packets of an AudioBuffer.
type AudioCounters struct {
	Packets  uint64 // pushed
	Late     uint64 // came after their time, or twice
	Overflow uint64 // left out because too much was waiting
	Lost     uint64 // concealed because they had not come
	Resets   uint64 // new beginnings: SSRC, sequence or timestamps changed
}

// AudioBuffer is an adaptive jitter buffer. A packet is due at the time when the
// fastest packets of the last seconds would have brought it, plus a target that
// follows the lateness of the others. Pure, bounded; one goroutine at a time.
type AudioBuffer struct {
	clock    int
	slots    [audioSlots]audioSlot
	started  bool
	next     int64 // extended number of the next packet to give out
	highest  int64
	counters AudioCounters

	// Timestamps without their wrap, in units of the clock.
	lastTimestamp uint32
	lastUnwrapped int64
	lastArrival   time.Time

	delay delay

	playing  bool
	position int64 // timestamp after the last packet given out
	duration int64 // of the last packet
	fec      bool  // stay so far behind that the packet after a lost one is here
	loss     float64
	lost     int64 // given out as lost in a row
	starved  int64 // concealed since the buffer ran empty
	payload  []byte
	after    []byte
	free     [][]byte // payloads of slots that hold nothing: a few serve all slots in turn
}

type audioSlot struct {
	held      bool
	silent    bool // carries no sound: an event or comfort noise
	level     uint8
	timestamp int64
	duration  int64
	payload   []byte
}

// NewAudioBuffer returns an empty buffer for an RTP clock rate (48000 for Opus,
// 8000 for G.711 and G.722).
func NewAudioBuffer(clock int) *AudioBuffer {
	return &AudioBuffer{clock: clock, delay: newDelay()}
}

// UseFEC says that the codec has in-band FEC: while packets are lost, the target
// is long enough for the packet after a lost one to be here in time.
func (b *AudioBuffer) UseFEC(on bool) { b.fec = on }

// Counters returns what became of the packets so far.
func (b *AudioBuffer) Counters() AudioCounters { return b.counters }

// Target returns the delay aimed at, beyond that of the fastest packets.
func (b *AudioBuffer) Target() time.Duration { return b.delay.target }

func (b *AudioBuffer) units(d time.Duration) int64 {
	return int64(d) * int64(b.clock) / int64(time.Second)
}

func (b *AudioBuffer) time(units int64) time.Duration {
	whole, rest := units/int64(b.clock), units%int64(b.clock) // a long stream times 1e9 is more than 64 bits
	return time.Duration(whole)*time.Second + time.Duration(rest*int64(time.Second)/int64(b.clock))
}

func (b *AudioBuffer) slot(extended int64) *audioSlot {
	return &b.slots[uint64(extended)%audioSlots]
}

// Push takes one packet and copies what it keeps. durationSamples is its length
// in units of the RTP clock, 0 when not known.
func (b *AudioBuffer) Push(p Packet, durationSamples int) {
	b.push(p, int64(max(durationSamples, 0)), false)
}

// Skip takes a packet that has a sequence number but no sound, such as a
// telephone event, so that it does not count as lost.
func (b *AudioBuffer) Skip(p Packet) { b.push(p, 0, true) }

func (b *AudioBuffer) push(p Packet, duration int64, silent bool) {
	b.counters.Packets++
	if len(p.Payload) > audioPayloadMax {
		b.counters.Overflow++
		return
	}
	duration = min(duration, b.units(120*time.Millisecond))
	if b.started && (p.SSRCChanged || p.Extended-b.highest >= audioSlots || b.highest-p.Extended > 1<<15) {
		b.restart()
	}
	if !silent && b.started && b.jumps(p) {
		b.restart()
	}
	if !b.started {
		b.started = true
		b.next, b.highest = p.Extended, p.Extended-1
		b.lastTimestamp, b.lastUnwrapped, b.lastArrival = p.Timestamp, 0, p.Arrival
	}
	timestamp := b.lastUnwrapped + int64(int32(p.Timestamp-b.lastTimestamp))
	if p.Extended > b.highest {
		b.lossy(p.Extended - b.highest - 1)
		b.lastTimestamp, b.lastUnwrapped, b.lastArrival = p.Timestamp, timestamp, p.Arrival
	}
	if !silent {
		b.delay.arrived(p.Arrival, b.time(timestamp))
	}
	if p.Extended < b.next {
		// Before anything was given out, the first packets may be out of order.
		if b.playing || b.highest-p.Extended >= audioSlots {
			b.counters.Late++
			return
		}
		b.next = p.Extended
	}
	for p.Extended-b.next >= audioSlots {
		b.dropFirst()
	}
	b.highest = max(b.highest, p.Extended)
	s := b.slot(p.Extended)
	if s.held {
		b.counters.Late++
		return
	}
	s.held, s.silent, s.timestamp, s.duration, s.level = true, silent, timestamp, duration, p.AudioLevel
	if n := len(b.free); n > 0 {
		s.payload, b.free = b.free[n-1], b.free[:n-1]
	}
	s.payload = append(s.payload[:0], p.Payload...)
	for b.span() > b.units(audioHeldMax) {
		b.dropFirst()
	}
}

// lossy takes the number of packets that are missing before one that has come.
func (b *AudioBuffer) lossy(missing int64) {
	const share = 0.01 // of one packet: an average over about two seconds
	b.loss -= b.loss * share
	if missing > 0 {
		b.loss += share
	}
	b.delay.floor = shortestDelay
	if b.fec && b.loss > 0.02 {
		b.delay.floor += min(max(b.time(b.duration), 20*time.Millisecond), 60*time.Millisecond)
	}
}

// jumps reports whether the timestamp does not go on with those before: it has
// moved by much more or less than the time that has passed.
func (b *AudioBuffer) jumps(p Packet) bool {
	passed := b.units(p.Arrival.Sub(b.lastArrival))
	moved := int64(int32(p.Timestamp - b.lastTimestamp))
	off := moved - passed
	limit := b.units(audioJump)
	return off > limit || off < -limit
}

// span is how much sound waits, from the first held packet to the last.
func (b *AudioBuffer) span() int64 {
	first := b.next
	for first <= b.highest && !b.slot(first).held {
		first++
	}
	if first >= b.highest {
		return 0
	}
	return b.slot(b.highest).timestamp - b.slot(first).timestamp
}

// release empties a slot.
func (b *AudioBuffer) release(s *audioSlot) {
	s.held = false
	if s.payload != nil {
		b.free = append(b.free, s.payload)
		s.payload = nil
	}
}

// dropFirst moves over the packet at next.
func (b *AudioBuffer) dropFirst() {
	if s := b.slot(b.next); b.next <= b.highest && s.held {
		b.counters.Overflow++
		b.position = s.timestamp + s.duration
		b.release(s)
	}
	b.next++
	b.highest = max(b.highest, b.next-1)
}

// restart forgets everything: another sender, or new timestamps.
func (b *AudioBuffer) restart() {
	for i := range b.slots {
		if s := &b.slots[i]; s.held {
			b.release(s)
		}
	}
	b.counters.Resets++
	b.started, b.playing = false, false
	b.lost, b.starved = 0, 0
	b.delay.restart()
}

// Excess returns how much later than aimed at sound is given out, when held of
// it has been popped and not been played yet; negative = too early. ok is false
// while nothing plays.
func (b *AudioBuffer) Excess(now time.Time, held time.Duration) (excess time.Duration, ok bool) {
	if !b.playing || !b.delay.known {
		return 0, false
	}
	return now.Sub(b.delay.due(b.time(b.position))) + held, true
}

// due reports whether the packet with this timestamp should be played: whether
// now is the time nearest to its own at which somebody asks.
func (b *AudioBuffer) due(timestamp int64, now time.Time) bool {
	return !now.Add(pullPeriod / 2).Before(b.delay.due(b.time(timestamp)))
}

// Pop gives out what is to be played next. It is called whenever sound is
// needed, at the pace of the one who plays it.
func (b *AudioBuffer) Pop(now time.Time) Popped {
	for {
		// Packets without sound only use up their numbers.
		for b.next <= b.highest && b.slot(b.next).held && b.slot(b.next).silent {
			b.release(b.slot(b.next))
			b.next++
		}
		first := b.next
		for first <= b.highest && !b.slot(first).held {
			first++
		}
		if first > b.highest {
			return b.underrun()
		}
		head := b.slot(first)
		switch {
		case !b.playing || first == b.next && b.pauses(head):
			if !b.due(head.timestamp, now) {
				return Popped{Kind: Empty}
			}
			b.next = first
			b.playing = true
			return b.give(head)
		case first == b.next:
			if now.Sub(b.delay.due(b.time(head.timestamp))) > excessMax && first < b.highest {
				b.dropFirst()
				continue
			}
			return b.give(head)
		}
		if p, ok := b.conceal(head, first, now); ok {
			return p
		}
	}
}

// pauses reports whether the sender left a pause before this packet (DTX, hold).
func (b *AudioBuffer) pauses(head *audioSlot) bool {
	gap := head.timestamp - b.position
	if b.duration == 0 { // not known, so the position is where the last packet began
		return gap > b.units(120*time.Millisecond)
	}
	return gap > 0
}

// settle tells the length of the packet given out last, in units of the clock,
// when it was not known before it was decoded.
func (b *AudioBuffer) settle(duration int64) {
	b.position += duration - b.duration
	b.duration = duration
}

// give gives a held packet out.
func (b *AudioBuffer) give(s *audioSlot) Popped {
	b.payload, s.payload = s.payload, b.payload
	level := s.level
	b.release(s)
	b.next++
	b.duration = s.duration
	b.position = s.timestamp + s.duration
	b.lost, b.starved = 0, 0
	return Popped{Kind: Normal, Payload: b.payload, Samples: int(s.duration), Level: level}
}

// conceal gives the missing packet at next out as lost; head, at first, is the
// next one here. When enough was concealed the rest is skipped.
func (b *AudioBuffer) conceal(head *audioSlot, first int64, now time.Time) (Popped, bool) {
	missing := first - b.next
	gap := head.timestamp - b.position
	each := gap / missing
	if each < b.units(2*time.Millisecond) || each > b.units(120*time.Millisecond) {
		each = b.duration
	}
	if each <= 0 {
		each = b.units(20 * time.Millisecond)
	}
	filled := b.starved >= gap // while nothing was here
	if filled || b.starved >= b.units(underrunMax) || b.lost >= b.units(concealMax) || gap > b.units(audioJump) {
		// Nothing to fill, or enough of it: wait for what is here.
		if filled || b.due(head.timestamp, now) {
			b.counters.Lost += uint64(missing)
			b.next = first
			b.position = head.timestamp
			return Popped{}, false
		}
		return Popped{Kind: Empty}, true
	}
	p := Popped{Kind: Lost, Samples: int(each)}
	if missing == 1 && !head.silent {
		b.after = append(b.after[:0], head.payload...)
		p.Next = b.after
	}
	b.counters.Lost++
	b.next++
	b.position += each
	b.lost += each
	return p, true
}

// underrun: nothing is here. A little is concealed, without moving on, so that
// what comes late is still played and the delay grows by what was filled in.
func (b *AudioBuffer) underrun() Popped {
	if !b.playing {
		return Popped{Kind: Empty}
	}
	if b.starved >= b.units(underrunMax) {
		return Popped{Kind: Empty}
	}
	each := b.units(20 * time.Millisecond)
	b.starved += each
	return Popped{Kind: Lost, Samples: int(each)}
}
