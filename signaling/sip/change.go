package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// begin reserves the right to make an offer.
func (d *Dialog) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.ended:
		return ErrEnded
	case d.offering || d.answering || d.inviting:
		return ErrPending
	}
	d.offering = true
	return nil
}

// want asks the session for an offer of ours.
func (d *Dialog) want(ctx context.Context) ([]byte, error) {
	offer, err := d.ask(ctx, d.session.wanted)
	if errors.Is(err, context.DeadlineExceeded) {
		d.rollback() // the session may have made one all the same
	}
	return offer, err
}

// rollback tells the session that its offer came to nothing. The offer stays
// open until the session knows: what comes meanwhile is glare.
func (d *Dialog) rollback() {
	if _, err := d.ask(d.server.ctx, func(ctx context.Context) ([]byte, error) {
		return nil, d.session.rollback(ctx)
	}); err != nil && !errors.Is(err, ErrEnded) {
		d.log.Warn("offer not rolled back", "error", err)
	}
}

func (d *Dialog) commit() {
	d.mu.Lock()
	d.offering = false
	d.mu.Unlock()
}

// glare waits before an offer is tried again (section 14.1): whoever owns the
// Call-ID waits longer.
func (d *Dialog) glare(ctx context.Context) error {
	wait := rand.N(2 * time.Second)
	if d.uac {
		wait = 2100*time.Millisecond + rand.N(1900*time.Millisecond)
	}
	t := time.NewTimer(wait.Truncate(10 * time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.done:
		return ErrEnded
	}
}

// Reinvite offers a new session description and returns the answer. With nil
// the far end offers, OnOffer answers, and his offer is returned. When both
// sides offer at the same time it is tried again.
func (d *Dialog) Reinvite(ctx context.Context, sdp []byte) ([]byte, error) {
	for try := 0; ; try++ {
		answer, err := d.reinvite(ctx, sdp)
		var status *StatusError
		if try < 4 && errors.As(err, &status) && status.Code == 491 {
			if err := d.glare(ctx); err != nil {
				return nil, err
			}
			continue
		}
		return answer, err
	}
}

func (d *Dialog) reinvite(ctx context.Context, sdp []byte) ([]byte, error) {
	if !d.server.enter() {
		return nil, ErrClosed
	}
	defer d.server.wg.Done()
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.commit()
	return d.sendInvite(ctx, sdp)
}

// sendInvite sends a re-INVITE; the right to make an offer is the caller's.
func (d *Dialog) sendInvite(ctx context.Context, sdp []byte) ([]byte, error) {
	to, err := d.next(ctx)
	if err != nil {
		return nil, err
	}
	req := d.newRequest(gosip.INVITE)
	d.offerTimer(req)
	setSDP(req, sdp)
	res, tx, err := d.invite(ctx, req, &to)
	if err != nil {
		d.mourn(err)
		return nil, err
	}
	d.mu.Lock()
	d.refreshTarget(res)
	if sdp != nil {
		d.localSDP = sdp
	}
	d.mu.Unlock()
	err = d.establish(ctx, req, res, tx, sdp == nil, d.late)
	if err != nil {
		return nil, err
	}
	return res.Body(), nil
}

// late answers the far end's offer to our re-INVITE without one.
func (d *Dialog) late(offer []byte) []byte {
	if c, ok := d.session.(*callerSession); ok && c.o.OnOffer != nil {
		return c.o.OnOffer(offer)
	}
	answer, _ := d.ask(d.server.ctx, func(ctx context.Context) ([]byte, error) { return d.session.offered(ctx, offer) })
	return answer
}

// Update sends an UPDATE (RFC 3311): with nil only the session is refreshed,
// otherwise sdp is an offer and the answer is returned.
func (d *Dialog) Update(ctx context.Context, sdp []byte) ([]byte, error) {
	if !d.server.enter() {
		return nil, ErrClosed
	}
	defer d.server.wg.Done()
	if sdp != nil {
		if err := d.begin(); err != nil {
			return nil, err
		}
		defer d.commit()
	}
	req := d.newRequest(gosip.UPDATE)
	d.offerTimer(req)
	setSDP(req, sdp)
	res, err := d.exchange(ctx, req)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.refreshTarget(res)
	if sdp != nil {
		d.localSDP, d.remoteSDP = sdp, res.Body()
	}
	d.mu.Unlock()
	d.agreed(res)
	return res.Body(), nil
}

// Info sends an INFO with a body.
func (d *Dialog) Info(ctx context.Context, contentType string, body []byte) error {
	if !d.server.enter() {
		return ErrClosed
	}
	defer d.server.wg.Done()
	req := d.newRequest(gosip.INFO)
	req.AppendHeader(header("Content-Type", contentType))
	req.SetBody(body)
	_, err := d.exchange(ctx, req)
	return err
}

// Bye ends the call and waits for the far end to confirm, no longer than ctx.
func (d *Dialog) Bye(ctx context.Context) error {
	if !d.server.enter() {
		return ErrClosed
	}
	defer d.server.wg.Done()
	d.finish(ctx, goodbye{cause: "we hung up", bye: true})
	return nil
}

// exchange sends a request of a living dialog.
func (d *Dialog) exchange(ctx context.Context, req *gosip.Request) (*gosip.Response, error) {
	select {
	case <-d.done:
		return nil, ErrEnded
	default:
	}
	res, err := d.transact(ctx, req)
	if err != nil {
		d.mourn(err)
	}
	return res, err
}

// mourn ends the dialog when an error says that the far end has lost it, and
// takes a longer interval when he asks for one.
func (d *Dialog) mourn(err error) {
	if g, gone := lost(err); gone {
		d.finishLater(g)
		return
	}
	var status *StatusError
	if errors.As(err, &status) && status.Code == 422 {
		if least, ok := parseExpires(status.Header["Min-SE"]); ok {
			d.mu.Lock()
			d.timer.interval = max(d.timer.interval, least.interval)
			d.mu.Unlock()
		}
	}
}
