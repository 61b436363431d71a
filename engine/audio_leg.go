package engine

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/engine/mixer"
	"parley/engine/rtp"
)

// audioLeg is the sound of one leg: a stream, and what decodes and encodes it.
type audioLeg struct {
	leg    *Leg
	stream *rtp.Stream
	config atomic.Pointer[AudioConfig]
	digits rtp.DTMFReceiver // receive goroutine only

	mu       sync.Mutex          // between the receive goroutine and the mixing one
	receiver *rtp.AudioReceiver  // guarded by mu
	decoder  codecs.AudioDecoder // guarded by mu: receiver's
	codec    string              // guarded by mu: what decoder decodes
	before   uint64              // guarded by mu: packets that earlier receivers passed over
	ended    bool                // guarded by mu
	switched time.Time           // guarded by mu: when codec last changed

	earlier StreamStatus // what the stream had counted when it came from another leg
	sending sync.Mutex   // held while a packet goes out
	gone    bool         // guarded by sending: another leg has the stream

	// Owned by the mixing goroutine.
	input     *mixer.Input
	own       *soundEncoder // for the minus-one of a talker
	timestamp uint32
	talking   atomic.Bool
	loss      atomic.Uint32 // percent, as the receiver reports
}

// codecChange bounds how often a far end may make us open another decoder.
const codecChange = time.Second

// newAudioLeg makes the sound of a leg, with the stream of from if that is not nil.
func newAudioLeg(l *Leg, cfg AudioConfig, from *audioLeg) *audioLeg {
	a := &audioLeg{leg: l}
	a.config.Store(&cfg)
	c := cfg.RTP
	c.Hooks = rtp.Hooks{Packet: a.receive, Report: a.report}
	if from != nil {
		a.stream, a.earlier = from.stream, streamStatus(from.stream.Stats())
		takeOver(a.stream, c)
		return a
	}
	a.stream = rtp.PrepareStream(c)
	return a
}

// takeOver has a stream work for another leg.
func takeOver(s *rtp.Stream, c rtp.Config) {
	s.Reconfigure(func(now *rtp.Config) {
		transport := now.Transport
		*now = c
		now.Transport = transport
	})
	s.Rebase()
}

// giveAway ends the use of the stream, which another leg takes over.
func (a *audioLeg) giveAway() {
	a.sending.Lock()
	a.gone = true
	a.sending.Unlock()
	a.end()
}

// send sends a packet of sound.
func (a *audioLeg) send(payloadType uint8, packet []byte) {
	a.sending.Lock()
	defer a.sending.Unlock()
	if !a.gone {
		// A send fails when the far end is unreachable; the silence timeout ends such legs.
		_ = a.stream.Send(payloadType, packet, a.timestamp, false)
	}
}

// reconfigure takes a new agreement; nil = no sound any more, but the stream
// and its sockets wait for when it comes back.
func (a *audioLeg) reconfigure(agreed *AudioConfig) {
	var cfg AudioConfig
	if agreed != nil {
		cfg = *agreed
	} else {
		cfg.RTP = idle(a.config.Load().RTP)
	}
	a.config.Store(&cfg)
	a.stream.Reconfigure(func(c *rtp.Config) {
		hooks, transport := c.Hooks, c.Transport
		*c = cfg.RTP
		c.Hooks, c.Transport = hooks, transport
	})
}

// idle is a stream that neither sends nor receives: 0.0.0.0 is nobody (RFC 3264
// section 8.4).
func idle(c rtp.Config) rtp.Config {
	c.Receive = nil
	c.Remote = netip.AddrPortFrom(netip.IPv4Unspecified(), 9)
	c.RemoteRTCP = netip.AddrPort{}
	return c
}

func (a *audioLeg) report(r rtp.Report) { a.loss.Store(uint32(r.FractionLost*100 + 0.5)) }

// receive takes a packet from the stream's goroutine.
func (a *audioLeg) receive(p rtp.Packet) {
	cfg := a.config.Load()
	a.leg.Confirm()
	if p.SSRCChanged {
		a.digits = rtp.DTMFReceiver{}
	}
	name := cfg.Formats[p.PayloadType]
	if name == codecs.TelephoneEvent {
		if digit, ok := a.digits.Push(p.Payload, p.Timestamp); ok {
			a.leg.notify(LegEvent{Kind: LegDigit, Digit: digit})
		}
		a.mu.Lock()
		if a.receiver != nil {
			a.receiver.Skip(p)
		}
		a.mu.Unlock()
		return
	}
	if !cfg.Receive || name == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	if a.receiver == nil || a.codec != name {
		if a.receiver != nil && p.Arrival.Sub(a.switched) < codecChange {
			return
		}
		a.switched = p.Arrival
		dec, err := a.leg.engine.codecs.NewAudioDecoder(name)
		if err != nil {
			a.leg.log.Error("no audio decoder", "codec", name, "err", err)
			return
		}
		if a.decoder != nil {
			a.decoder.Close()
		}
		a.before = a.passedOver()
		a.decoder, a.codec = dec, name
		a.receiver = rtp.NewAudioReceiver(dec, cfg.RTP.Receive[p.PayloadType])
	}
	a.receiver.Push(p)
}

// pull fills the mixer's input with the next 20 ms, or tells it their level when
// that is known to be below what is wanted, dBov.
func (a *audioLeg) pull(now time.Time, wanted float64) {
	cfg := a.config.Load()
	a.input.Active, a.input.Told = false, 0
	a.mu.Lock()
	defer a.mu.Unlock()
	if !cfg.Receive || a.receiver == nil {
		return
	}
	a.receiver.Want(wanted)
	switch a.receiver.Pull(a.input.Frame[:], now) {
	case rtp.Sound:
		a.input.Active = true
	case rtp.Passed:
		a.input.Told = a.receiver.Level()
	}
	if a.leg.muted.Load() { // what comes is played all the same, so that nothing old is heard later
		a.input.Active, a.input.Told = false, 0
	}
}

// passed returns how many packets were not decoded because nobody would hear them.
func (a *audioLeg) passed() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.passedOver()
}

// passedOver is passed under mu.
func (a *audioLeg) passedOver() uint64 {
	if a.receiver == nil {
		return a.before
	}
	return a.before + a.receiver.Counters().Passed
}

// end frees what receives; nothing arrives after it. The mixer may never have
// seen the leg.
func (a *audioLeg) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	if a.decoder != nil {
		a.decoder.Close()
		a.before = a.passedOver()
		a.decoder, a.receiver = nil, nil
	}
}

// release frees what the mixing goroutine owned.
func (a *audioLeg) release() {
	a.end()
	if a.own != nil {
		a.own.encoder.Close()
		a.own = nil
	}
}
