package caller

import (
	"context"

	"parley/engine/rtp"
	"parley/signaling/sdp"
)

// answerLate answers the offer in the 2xx of a call that began without one, or
// of a re-INVITE without one.
func (c *Caller) answerLate(offer []byte) []byte {
	answer, err := c.answerOffer(offer)
	if err != nil {
		c.log.Warn("late offer not taken", "err", err)
		return nil
	}
	return answer
}

// reoffered answers an offer of the far end during the call, or makes one.
func (c *Caller) reoffered(offer []byte) ([]byte, error) {
	if offer != nil {
		return c.answerOffer(offer)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agreement.Offer()
}

func (c *Caller) answerOffer(offer []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, err := c.agreement.Answer(offer)
	if err != nil {
		return nil, err
	}
	return answer, c.apply()
}

// answered takes the far end's answer to an offer that he asked for.
func (c *Caller) answered(answer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.agreement.Accept(answer)
	if err == nil {
		err = c.apply()
	}
	if err != nil {
		c.log.Warn("answer not taken", "err", err)
	}
}

// apply puts what was agreed into force; c.mu is held.
func (c *Caller) apply() error {
	if c.gone {
		return ErrEnded
	}
	m := c.agreement.Media()
	for i, s := range [2]*sdp.Stream{m.Audio, m.Video} {
		if s == nil {
			continue
		}
		if i == audio {
			formats := map[uint8]string{}
			for pt, f := range s.Formats {
				formats[pt] = f.Name
			}
			c.sounds.setFormats(formats)
		}
		set := c.streamConfig(i, s)
		if c.streams[i] == nil {
			var cfg rtp.Config
			set(&cfg)
			c.streams[i] = rtp.NewStream(cfg)
		} else {
			c.streams[i].Reconfigure(set)
		}
	}
	c.pictures.attach(c.streams[video])
	return c.sender.agree(m, c.streams)
}

// streamConfig returns what a negotiated stream changes in the configuration
// of ours.
func (c *Caller) streamConfig(i int, s *sdp.Stream) func(*rtp.Config) {
	remote, control := s.Remote, s.RemoteRTCP
	if c.links[i] != nil {
		remote, control = c.links[i].lead(remote, control)
	}
	receive := map[uint8]int{}
	for pt, f := range s.Formats {
		receive[pt] = f.ClockRate
	}
	hooks := rtp.Hooks{Packet: c.sounds.push}
	if i == video {
		hooks = rtp.Hooks{
			Packet: c.pictures.push, KeyFrameRequest: c.sender.wantKeyFrame, BitrateRequest: c.sender.wantBitrate,
		}
	}
	transport := c.transports[i]
	return func(r *rtp.Config) {
		r.Transport, r.Video, r.CNAME = transport, i == video, c.cfg.Name
		r.Remote, r.RemoteRTCP, r.Mux = remote, control, s.Mux
		r.SendPayloadType, r.SendClock, r.Receive = s.SendPayloadType, s.ClockRate, receive
		r.Feedback, r.Hooks = rtp.Feedback(s.Feedback), hooks
	}
}

// Hold puts the call on hold by re-INVITE: what he sent becomes sendonly (RFC
// 3264 section 8.4), and he really sends nothing more.
func (c *Caller) Hold(ctx context.Context) error { return c.hold(ctx, true) }

// Resume takes the call from hold.
func (c *Caller) Resume(ctx context.Context) error { return c.hold(ctx, false) }

func (c *Caller) hold(ctx context.Context, on bool) error {
	err := c.renegotiate(ctx, func(l *sdp.Local) {
		for i, m := range []*sdp.LocalMedia{l.Audio, l.Video} {
			if m == nil {
				continue
			}
			sends := i == audio && c.cfg.Sound != nil || i == video && c.cfg.Video != nil
			m.Direction = direction(sends, !on && !c.cfg.SendOnly)
		}
	})
	if err == nil {
		c.mu.Lock()
		c.held = on
		c.mu.Unlock()
		c.sender.pause(on)
	}
	return err
}

// Renegotiate sends a re-INVITE after a change of what he offers.
func (c *Caller) Renegotiate(ctx context.Context, change func(*sdp.Local)) error {
	return c.renegotiate(ctx, change)
}

func (c *Caller) renegotiate(ctx context.Context, change func(*sdp.Local)) error {
	c.mu.Lock()
	dialog := c.dialog
	if dialog == nil || c.gone {
		c.mu.Unlock()
		return ErrEnded
	}
	c.agreement.SetLocal(change)
	offer, err := c.agreement.Offer()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	answer, err := dialog.Reinvite(ctx, offer)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.agreement.Rollback()
		return err
	}
	if err := c.agreement.Accept(answer); err != nil {
		return err
	}
	return c.apply()
}

// Refresh sends an UPDATE without a session description (RFC 4028 section 7.4).
func (c *Caller) Refresh(ctx context.Context) error {
	d := c.Dialog()
	if d == nil {
		return ErrEnded
	}
	_, err := d.Update(ctx, nil)
	return err
}
