package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// receive takes a request inside the dialog (section 12.2.2).
func (d *Dialog) receive(in *inbound) {
	s := d.server
	if in.IsAck() {
		d.mu.Lock()
		wait := d.acks[in.seq]
		d.mu.Unlock()
		if wait != nil {
			select {
			case wait <- in.Request:
			default:
			}
		}
		return
	}
	d.mu.Lock()
	ended := d.ended
	// The library hands requests over in no certain order; for those that
	// change nothing of the dialog the order does not matter, and they may not
	// make one late that they overtook.
	ordered := in.Method != gosip.INFO && in.Method != gosip.OPTIONS
	late := ordered && d.heard && in.seq <= d.remoteSeq
	if !ended && !late {
		if ordered {
			d.remoteSeq, d.heard = in.seq, true
		}
		if p := in.path(); p.network == d.path.network || p.network != "udp" {
			if p.network == d.path.network {
				p.local = d.path.local
			}
			d.path = p
		}
	}
	d.mu.Unlock()
	switch {
	case ended:
		in.reply(s, 481, "Call/Transaction Does Not Exist", nil)
		return
	case late:
		in.reply(s, 500, "CSeq Out Of Order", nil, header("Retry-After", itoa(rand.IntN(10))))
		return
	case !s.checkRequire(in):
		return
	}
	switch in.Method {
	case gosip.BYE:
		in.reply(s, 200, "OK", nil)
		d.finish(s.ctx, goodbye{cause: "far end hung up", text: clip(value(in, "Reason"))})
	case gosip.INVITE:
		d.receiveInvite(in)
	case gosip.UPDATE:
		d.receiveUpdate(in)
	case gosip.INFO:
		d.receiveInfo(in)
	case gosip.OPTIONS:
		in.reply(s, 200, "OK", nil, capabilities()...)
	default:
		in.reply(s, 481, "Call/Transaction Does Not Exist", nil)
	}
}

// open begins an exchange that the far end asks for, or refuses it for glare
// (sections 14.2 and 5.2 of RFC 3311). offers says whether he brings or wants
// an offer.
func (d *Dialog) open(in *inbound, offers bool) bool {
	d.mu.Lock()
	overlap := d.answering && offers || d.inviting && in.IsInvite()
	glare := d.offering && offers
	if !overlap && !glare {
		d.answering = d.answering || offers
		d.inviting = d.inviting || in.IsInvite()
	}
	d.mu.Unlock()
	switch {
	case overlap:
		in.reply(d.server, 500, "Another Request Pending", nil, header("Retry-After", itoa(rand.IntN(10))))
	case glare:
		in.reply(d.server, 491, "Request Pending", nil)
	}
	return !overlap && !glare
}

// shut ends such an exchange.
func (d *Dialog) shut(in *inbound, offers bool) {
	d.mu.Lock()
	if offers {
		d.answering = false
	}
	if in.IsInvite() {
		d.inviting = false
	}
	d.mu.Unlock()
}

// refresher says who refreshes so far, seen from a request of the far end's.
func (d *Dialog) refresher() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.timer.interval <= 0:
		return ""
	case d.timer.ours:
		return "uas"
	}
	return "uac"
}

// receiveInvite answers a re-INVITE.
func (d *Dialog) receiveInvite(in *inbound) {
	s := d.server
	offer, ok := s.checkBody(in)
	if !ok || !d.open(in, true) {
		return
	}
	late := offer == nil
	res, wait, refuse := d.answerInvite(in, offer)
	d.shut(in, true) // before the answer goes: the next request may follow at once
	if res == nil {
		refuse()
		return
	}
	if err := in.send(res); err != nil {
		d.log.Debug("answer not sent", "error", err)
		if errors.Is(in.tx.Err(), gosip.ErrTransactionCanceled) { // there will be no ACK
			d.mu.Lock()
			delete(d.acks, in.seq)
			d.mu.Unlock()
			if late {
				d.rollback()
				d.commit()
			}
			return
		}
	}
	d.settle(in, res, wait, late)
}

// answerInvite asks the session and returns the 2xx, or what refuses.
func (d *Dialog) answerInvite(in *inbound, offer []byte) (*gosip.Response, chan *gosip.Request, func()) {
	s := d.server
	e, fields, ok := s.negotiate(in, d.refresher())
	if !ok {
		return nil, nil, func() { in.reply(s, 422, "Session Interval Too Small", nil, fields...) }
	}
	if err := in.tx.Respond(gosip.NewResponseFromRequest(in.Request, 100, "Trying", nil)); err != nil {
		return nil, nil, func() {}
	}
	var sdp []byte
	var err error
	if offer == nil {
		sdp, err = d.want(s.ctx)
	} else {
		sdp, err = d.ask(s.ctx, func(ctx context.Context) ([]byte, error) { return d.session.offered(ctx, offer) })
	}
	if err != nil {
		return nil, nil, func() { d.refuseChange(in, err) }
	}
	d.mu.Lock()
	d.refreshTarget(in)
	d.localSDP = sdp
	if offer == nil {
		d.offering = true
	} else {
		d.remoteSDP = offer
	}
	d.mu.Unlock()
	wait := d.expectACK(in.seq)
	d.arm(e.interval, e.refresher == "uas")
	return d.success(in, sdp, fields), wait, nil
}

func (d *Dialog) refuseChange(in *inbound, err error) {
	code, reason, extra := refusal(err)
	if errors.Is(err, ErrEnded) {
		code, reason = 487, "Request Terminated"
	} else {
		d.log.Info("change refused", "method", string(in.Method), "status", code, "reason", err.Error())
	}
	in.reply(d.server, code, reason, nil, extra...)
}

// receiveUpdate answers an UPDATE (RFC 3311): a refresh, or an offer.
func (d *Dialog) receiveUpdate(in *inbound) {
	offer, ok := d.server.checkBody(in)
	if !ok || !d.open(in, offer != nil) {
		return
	}
	answer := d.answerUpdate(in, offer)
	d.shut(in, offer != nil) // before the answer goes: the next request may follow at once
	answer()
}

// answerUpdate asks the session and returns what answers.
func (d *Dialog) answerUpdate(in *inbound, offer []byte) func() {
	s := d.server
	e, fields, ok := s.negotiate(in, d.refresher())
	if !ok {
		return func() { in.reply(s, 422, "Session Interval Too Small", nil, fields...) }
	}
	var answer []byte
	if offer != nil {
		var err error
		if answer, err = d.ask(s.ctx, func(ctx context.Context) ([]byte, error) {
			return d.session.offered(ctx, offer)
		}); err != nil {
			return func() { d.refuseChange(in, err) }
		}
	}
	d.mu.Lock()
	d.refreshTarget(in)
	if offer != nil {
		d.localSDP, d.remoteSDP = answer, offer
	}
	d.mu.Unlock()
	d.arm(e.interval, e.refresher == "uas")
	return func() { _ = in.send(d.success(in, answer, fields)) }
}

// receiveInfo answers an INFO. One without a body asks nothing.
func (d *Dialog) receiveInfo(in *inbound) {
	s := d.server
	if value(in, "Info-Package") != "" { // RFC 6086 section 4.2.2
		in.reply(s, 469, "Bad Info Package", nil, header("Recv-Info", ""))
		return
	}
	body := in.Body()
	if len(body) == 0 {
		in.reply(s, 200, "OK", nil)
		return
	}
	kind, _, _ := strings.Cut(value(in, "Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	code := 481
	_, _ = d.ask(s.ctx, func(context.Context) ([]byte, error) { code = d.session.info(kind, body); return nil, nil })
	switch code {
	case 200:
		in.reply(s, 200, "OK", nil)
	case 415:
		in.reply(s, 415, "Unsupported Media Type", nil,
			header("Accept", strings.Join([]string{kindMediaControl, kindDTMFRelay, kindDTMF}, ", ")))
	default:
		in.reply(s, code, "Bad INFO Body", nil)
	}
}
