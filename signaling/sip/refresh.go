package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// refreshLater refreshes in a goroutine of the server's.
func (d *Dialog) refreshLater() {
	if !d.server.enter() {
		return
	}
	go func() {
		defer d.server.wg.Done()
		d.refresh()
	}()
}

// refresh keeps the session alive: by UPDATE without an offer when the far end
// takes it, otherwise by re-INVITE. A far end that has lost the call ends it;
// after any other failure it is tried again until the session expires.
func (d *Dialog) refresh() {
	ctx, cancel := context.WithTimeout(d.server.ctx, requestTimeout)
	defer cancel()
	update := d.allows("UPDATE", false)
	var err error
	if update {
		_, err = d.Update(ctx, nil)
	} else {
		err = d.refreshByInvite(ctx)
	}
	if err == nil || errors.Is(err, ErrEnded) {
		return
	}
	d.log.Warn("session refresh failed", "error", err)
	if _, gone := lost(err); !gone {
		d.refreshAgain(err, update)
	}
}

// refreshByInvite offers what the session wants. The exchange is ours from
// before the session is asked until it has the answer, so that no offer of the
// far end can come between.
func (d *Dialog) refreshByInvite(ctx context.Context) error {
	if err := d.begin(); err != nil {
		return err
	}
	defer d.commit()
	offer, err := d.want(ctx)
	if err != nil {
		return err
	}
	answer, err := d.sendInvite(ctx, offer)
	if err != nil {
		d.rollback()
		return err
	}
	if _, err := d.ask(ctx, func(ctx context.Context) ([]byte, error) {
		return nil, d.session.answered(ctx, answer)
	}); err != nil { // the session lives: only its description stays as it was
		d.log.Warn("answer refused", "error", err)
		d.rollback()
	}
	return nil
}

// refreshAgain sets the time of the next try. An answer, whatever it says,
// proves that the far end lives and begins the session's time anew.
func (d *Dialog) refreshAgain(err error, update bool) {
	var status *StatusError
	answered := errors.As(err, &status)
	soon := errors.Is(err, ErrPending)
	if answered {
		switch status.Code {
		case 405, 501:
			soon = update
		case 422, 491:
			soon = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || d.timer.expiry == nil || !d.timer.ours {
		return
	}
	if answered {
		d.noUpdate = d.noUpdate || update && (status.Code == 405 || status.Code == 501)
		d.expire()
	}
	wait := max(time.Second, min(30*time.Second, time.Until(d.timer.until)/4))
	if soon {
		wait = 2*time.Second + rand.N(2*time.Second)
	}
	if d.timer.refresh != nil {
		d.timer.refresh.Stop()
	}
	d.timer.refresh = time.AfterFunc(wait, d.refreshLater)
}
