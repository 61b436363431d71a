package engine

import (
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
	ended    bool                // guarded by mu

	// Owned by the mixing goroutine.
	input     *mixer.Input
	own       codecs.AudioEncoder // for the minus-one of a talker
	ownCodec  string
	timestamp uint32
	talking   atomic.Bool
	loss      atomic.Uint32 // percent, as the receiver reports
}

func newAudioLeg(l *Leg, cfg AudioConfig) *audioLeg {
	a := &audioLeg{leg: l}
	a.config.Store(&cfg)
	c := cfg.RTP
	c.Hooks = rtp.Hooks{Packet: a.receive, Report: a.report}
	a.stream = rtp.NewStream(c)
	return a
}

func (a *audioLeg) reconfigure(cfg AudioConfig) {
	a.config.Store(&cfg)
	a.stream.Reconfigure(func(c *rtp.Config) {
		hooks, transport := c.Hooks, c.Transport
		*c = cfg.RTP
		c.Hooks, c.Transport = hooks, transport
	})
}

func (a *audioLeg) report(r rtp.Report) { a.loss.Store(uint32(r.FractionLost*100 + 0.5)) }

// receive takes a packet from the stream's goroutine.
func (a *audioLeg) receive(p rtp.Packet) {
	cfg := a.config.Load()
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
	if !cfg.Receive {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	if a.receiver == nil || a.codec != name {
		dec, err := a.leg.engine.codecs.NewAudioDecoder(name)
		if err != nil {
			a.leg.log.Error("no audio decoder", "codec", name, "err", err)
			return
		}
		if a.decoder != nil {
			a.decoder.Close()
		}
		a.decoder, a.codec = dec, name
		a.receiver = rtp.NewAudioReceiver(dec, cfg.RTP.Receive[p.PayloadType])
	}
	a.receiver.Push(p)
}

// pull fills the mixer's input with the next 20 ms.
func (a *audioLeg) pull(now time.Time) {
	cfg := a.config.Load()
	a.mu.Lock()
	a.input.Active = cfg.Receive && a.receiver != nil && a.receiver.Pull(a.input.Frame[:], now)
	a.mu.Unlock()
}

// release frees what the mixing goroutine owned; nothing arrives after it.
func (a *audioLeg) release() {
	a.mu.Lock()
	a.ended = true
	if a.decoder != nil {
		a.decoder.Close()
		a.decoder, a.receiver = nil, nil
	}
	a.mu.Unlock()
	if a.own != nil {
		a.own.Close()
		a.own = nil
	}
}
