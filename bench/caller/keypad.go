package caller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/engine/rtp"
)

// How long a digit is pressed, and how long nothing is before the next one
// (ITU-T Q.24 asks receivers to take 40 ms of each).
const (
	pressLength = 100 * time.Millisecond
	pressPause  = 60 * time.Millisecond
)

const dtmfRelay = "application/dtmf-relay"

// Press presses digits (0-9, *, #, A-D), one after the other, and returns when
// the last one is sent: as RTP events (RFC 4733), while which he says nothing,
// or by SIP INFO where the far end takes no events. It returns rtp.ErrDigit
// before anything is sent when one of them is no digit.
func (c *Caller) Press(ctx context.Context, digits string) error {
	for _, d := range []byte(digits) {
		if _, err := rtp.DTMF(d, pressLength, 8000); err != nil {
			return err
		}
	}
	c.keypad.Lock()
	defer c.keypad.Unlock()
	for i, d := range []byte(digits) {
		if i > 0 {
			if err := c.pass(ctx, time.Now().Add(pressPause)); err != nil {
				return err
			}
		}
		if err := c.press(ctx, d); err != nil {
			return fmt.Errorf("%s presses %q: %w", c.cfg.Name, d, err)
		}
	}
	return nil
}

// press sends one digit the way that the agreement of this moment allows.
func (c *Caller) press(ctx context.Context, digit byte) error {
	c.mu.Lock()
	stream, agreed, gone := c.streams[audio], c.agreement.Media().Audio, c.gone
	c.mu.Unlock()
	if gone {
		return ErrEnded
	}
	if stream == nil || agreed == nil || !agreed.Send || !agreed.HasTelephoneEvent {
		return c.pressByInfo(ctx, digit)
	}
	packets, err := rtp.DTMF(digit, pressLength, agreed.TelephoneClock)
	if err != nil {
		return err
	}
	timestamp := c.sender.beginEvent(agreed.TelephoneClock)
	defer c.sender.endEvent()
	begin := time.Now()
	for _, p := range packets {
		if err := c.pass(ctx, begin.Add(p.After)); err != nil {
			return err
		}
		if err := stream.Send(agreed.TelephoneEvent, p.Payload[:], timestamp, p.Marker); err != nil {
			return err
		}
	}
	return nil
}

// pressByInfo sends one digit by SIP (RFC 6086).
func (c *Caller) pressByInfo(ctx context.Context, digit byte) error {
	d := c.Dialog()
	if d == nil {
		return errors.New("not in a call")
	}
	body := fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", digit, pressLength.Milliseconds())
	return d.Info(ctx, dtmfRelay, body)
}

// pass waits until a moment comes.
func (c *Caller) pass(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.over:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}
