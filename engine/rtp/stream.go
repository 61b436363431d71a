package rtp

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Feedback is what the far end declared to understand (a=rtcp-fb, RFC 4585
// section 4.2, RFC 5104 section 7.1).
type Feedback struct{ NACK, PLI, FIR, TMMBR bool }

// Report is what the far end reports about what we send (RFC 3550 section 6.4.1).
type Report struct {
	FractionLost float64 // since its last report, 0..1
	Jitter       time.Duration
	RTT          time.Duration // 0 = not known yet
}

// Hooks are called from the stream's own goroutines: Packet from the one that
// reads RTP, the others from the one that reads the RTCP (with rtcp-mux the
// same). They must not block and must not call Close. Nil ones are left out.
type Hooks struct {
	Packet          func(Packet)            // a new media packet, in order of arrival, without duplicates
	KeyFrameRequest func()                  // PLI, or a FIR with a new command sequence number
	BitrateRequest  func(bitsPerSecond int) // TMMBR (answered with TMMBN) or REMB
	Report          func(Report)            // a receiver report about what we send
	Bye             func()                  // the far end's sender left
	Moved           func()                  // media now go to another address, which has had nothing yet
}

// Config says what a stream sends and receives.
type Config struct {
	Transport *Transport // the stream owns it from NewStream on; nil = no sockets (tests)
	Video     bool
	CNAME     string
	// Remote and RemoteRTCP come from the session description. Invalid: not
	// known yet, the source of the first valid packets is used; an unspecified
	// address (hold): nothing is sent. An invalid RemoteRTCP stands for the port
	// after Remote's. Once valid packets arrive, theirs is the address in force.
	Remote, RemoteRTCP netip.AddrPort
	Signaling          netip.Addr // where the far end signals from: its media may come from there too
	Mux                bool       // RTP and RTCP on one port (RFC 5761)
	SendPayloadType    uint8
	SendClock          int           // clock rate of what is sent, Hz
	Receive            map[uint8]int // payload type -> clock rate of what may arrive
	AudioLevelID       uint8         // id of the audio level (a=extmap, RFC 6464) in what arrives; 0 = none
	Feedback           Feedback
	Hooks              Hooks
	Now                func() time.Time // nil = time.Now
}

// Stream is one media stream in both directions. Its methods may be called
// from any goroutine.
type Stream struct {
	config    atomic.Pointer[Config]
	mu        sync.Mutex // Reconfigure and Close, one at a time
	transport *Transport
	sender    *sender
	reception *reception
	control   *control
	arrival   atomic.Int64 // unix nanoseconds of the last media packet
	heardAt   atomic.Int64 // unix nanoseconds of the last RTCP packet that was about this stream

	compounding sync.Mutex
	compound    []byte // guarded by compounding: the RTCP that goes out

	cancel  context.CancelFunc
	done    sync.WaitGroup
	started bool // guarded by mu
	closed  bool // guarded by mu
}

// NewStream starts a stream and its goroutines. Close ends it.
func NewStream(c Config) *Stream {
	s := PrepareStream(c)
	s.Start()
	return s
}

// PrepareStream makes a stream that does nothing before Start, for hooks that
// use the stream themselves. Close ends it whether it was started or not.
func PrepareStream(c Config) *Stream {
	s := newStream(c)
	s.cancel = func() {}
	return s
}

// Start starts the goroutines of a prepared stream. A second Start does nothing.
func (s *Stream) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.started {
		return
	}
	s.started = true
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	if s.transport != nil {
		s.done.Go(func() { s.transport.rtp.read(16, s.now, s.packet) })
		s.done.Go(func() { s.transport.rtcp.read(4, s.now, s.controlPacket) })
	}
	s.done.Go(func() { s.reportLoop(ctx) })
}

// newStream makes a stream without goroutines.
func newStream(c Config) *Stream {
	s := &Stream{transport: c.Transport}
	if c.Transport != nil {
		s.sender = newSender(newSocketWriter(&c.Transport.rtp))
	} else {
		s.sender = newSender(nil)
	}
	s.reception = &reception{localSSRC: s.sender.ssrc, latch: latch{silence: relatchSilence}}
	s.control = newControl()
	s.apply(c)
	return s
}

// Reconfigure changes the configuration (a new offer or answer). SSRC, sequence
// numbers and sockets stay; a changed remote address makes the stream look for
// the real one anew. Transport is not changed.
func (s *Stream) Reconfigure(change func(*Config)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *s.config.Load()
	c.Receive = maps.Clone(c.Receive)
	change(&c)
	s.apply(c)
}

func (s *Stream) apply(c Config) {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Receive = maps.Clone(c.Receive)
	c.Remote, c.RemoteRTCP = unmap(c.Remote), unmap(c.RemoteRTCP)
	s.config.Store(&c)

	r := s.reception
	r.mu.Lock()
	r.clocks = [128]int{}
	for payloadType, clock := range c.Receive {
		if clock <= 0 {
			clock = -1 // no matter
		}
		r.clocks[payloadType&0x7f] = clock
	}
	r.audioLevelID = c.AudioLevelID
	r.latch.signaling = c.Signaling.Unmap()
	r.latch.declare(c.Remote)
	remote := r.latch.remote()
	r.mu.Unlock()

	s.sender.setRemote(remote)
	s.sender.setHistory(c.Video && c.Feedback.NACK)
	s.control.declare(&c, remote)
}

// SendFrame sends one access unit, one packet for each payload, the marker on
// the last one. Payloads are read during the call only and not modified. A frame
// much larger than usual, such as a key frame, is spread over up to half a frame
// interval; the next one never overtakes it. It returns ErrNoRemote while there
// is nowhere to send to. A packet that the system refuses is counted, the others
// still go.
func (s *Stream) SendFrame(payloads [][]byte, timestamp uint32) error {
	c := s.config.Load()
	return s.sender.sendFrame(payloads, c.SendPayloadType, timestamp, c.SendClock, c.Now())
}

// Send sends one packet of sound or a telephone event. See SendFrame.
func (s *Stream) Send(payloadType uint8, payload []byte, timestamp uint32, marker bool) error {
	return s.sender.sendOne(payload, payloadType, timestamp, marker, s.now())
}

// Rebase says that the timestamps of what is sent are of another clock from now
// on. The far end sees them go on from the last one, as time passes.
func (s *Stream) Rebase() { s.sender.rebase(s.config.Load().SendClock) }

// LocalSSRC returns the SSRC of what is sent.
func (s *Stream) LocalSSRC() uint32 { return s.sender.ssrc }

// LastArrival returns when the last media packet arrived; zero = none yet.
func (s *Stream) LastArrival() time.Time { return instant(s.arrival.Load()) }

// LastControl returns when the last valid RTCP packet arrived; zero = none yet.
func (s *Stream) LastControl() time.Time { return instant(s.heardAt.Load()) }

func instant(unixNano int64) time.Time {
	if unixNano == 0 {
		return time.Time{}
	}
	return time.Unix(0, unixNano)
}

// Close says BYE, closes the sockets and waits for the goroutines. A second
// Close does nothing.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.sender.close()
	s.sendBye()
	s.cancel()
	if s.transport != nil {
		_ = s.transport.Close()
	}
	s.done.Wait()
}

func (s *Stream) now() time.Time { return s.config.Load().Now() }

// packet takes one datagram of the RTP socket.
func (s *Stream) packet(b []byte, from netip.AddrPort, now time.Time) {
	c := s.config.Load()
	if isControl(b, c) {
		s.controlPacket(b, from, now)
		return
	}
	packets, moved := s.reception.receive(b, from, now)
	if moved {
		s.sender.setRemote(s.remote())
		s.control.follow(s.remote(), c)
		if c.Hooks.Moved != nil {
			c.Hooks.Moved()
		}
	}
	if len(packets) == 0 {
		return
	}
	s.arrival.Store(now.UnixNano())
	if c.Hooks.Packet == nil {
		return
	}
	for _, p := range packets {
		if p.SSRCChanged {
			s.control.forget(s.remoteSSRC())
		}
		c.Hooks.Packet(p)
	}
}

func (s *Stream) remote() netip.AddrPort {
	s.reception.mu.Lock()
	defer s.reception.mu.Unlock()
	return s.reception.latch.remote()
}

// isControl tells RTCP from RTP on one port (RFC 5761 section 4).
func isControl(b []byte, c *Config) bool {
	if len(b) < 2 || b[1] < 192 || b[1] > 223 {
		return false
	}
	_, media := c.Receive[b[1]&0x7f]
	return c.Mux || !media
}
