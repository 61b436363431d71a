package sip

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"parley/signaling"
)

// handleInvite answers an INVITE that begins a call (section 13.3).
func (s *Server) handleInvite(in *inbound) {
	if !s.unmerged(in) || !s.checkRequire(in) || !s.checkAccept(in) {
		return
	}
	offer, ok := s.checkBody(in)
	if !ok {
		return
	}
	e, timerFields, ok := s.negotiate(in, "")
	if !ok {
		in.reply(s, 422, "Session Interval Too Small", nil, timerFields...)
		return
	}
	if s.cfg.Host == nil {
		in.reply(s, 480, "Temporarily Unavailable", nil)
		return
	}
	from := origin(in.source.Addr())
	if !s.admit(from) {
		in.reply(s, 503, "Service Unavailable", nil, header("Retry-After", "10"))
		return
	}
	defer s.release(from)

	// From here on a CANCEL ends the question to the host.
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var cancelled atomic.Bool
	if !in.tx.OnCancel(func(*gosip.Request) { cancelled.Store(true); cancel() }) {
		return
	}
	if err := in.tx.Respond(gosip.NewResponseFromRequest(in.Request, 100, "Trying", nil)); err != nil {
		return
	}

	log := s.log.With("call_id", clip(in.callID), "remote", in.source.String(), "transport", in.network)
	var err error
	if in.local, err = s.localTo(in.network, in.source); err != nil {
		s.logRefusal(in, 503, err.Error())
		in.reply(s, 503, "Service Unavailable", nil, header("Retry-After", "10"))
		return
	}
	p := in.participant()
	joining, stop := context.WithTimeout(ctx, hostTimeout)
	leg, sdp, err := s.cfg.Host.Join(joining, p, offer)
	stop()
	if err != nil {
		if cancelled.Load() {
			log.Info("call cancelled", "alias", clip(p.LocalAlias))
			return
		}
		code, reason, extra := refusal(err)
		s.logRefusal(in, code, err.Error())
		in.reply(s, code, reason, nil, extra...)
		return
	}
	l := &legSession{host: s.cfg.Host, leg: leg}
	if cancelled.Load() {
		l.end("cancelled")
		log.Info("call cancelled", "alias", clip(p.LocalAlias))
		return
	}

	events := s.cfg.Host.Events(leg)
	d := s.accept(in, l)
	d.log = d.log.With("participant", string(leg)) // before anybody else has the dialog
	if offer == nil {
		d.offering = true
		d.localSDP = sdp
	} else {
		d.localSDP, d.remoteSDP = sdp, offer
	}
	wait := d.expectACK(in.seq)
	if err := s.file(d); err != nil {
		l.end(err.Error())
		in.reply(s, 503, "Service Unavailable", nil)
		return
	}
	d.log.Info("call started", "alias", clip(p.LocalAlias), "from", clip(p.RemoteAlias), "vendor", clip(p.Vendor))
	res := d.success(in, sdp, timerFields)
	if err := in.send(res); err != nil {
		reason := "answer not sent"
		if errors.Is(err, gosip.ErrTransactionCanceled) || cancelled.Load() {
			reason = "cancelled"
		}
		d.finish(s.ctx, goodbye{cause: reason})
		return
	}
	d.arm(e.interval, e.refresher == "uas")
	if events != nil && s.enter() {
		go func() {
			defer s.wg.Done()
			d.listen(events)
		}()
	}
	d.settle(in, res, wait, offer == nil)
}

// origin is whom the bounds for one host are held against: his address, of IPv6
// the /64 that a host has to itself.
func origin(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if p, err := a.Prefix(64); a.Is6() && err == nil {
		return p.Addr()
	}
	return a
}

// admit counts a half-open call in, within the bounds.
func (s *Server) admit(from netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.pending >= s.cfg.MaxPending || len(s.dialogs) >= s.cfg.MaxDialogs ||
		s.pendingOf[from] >= s.cfg.MaxPendingPerSource {
		return false
	}
	s.pending++
	s.pendingOf[from]++
	return true
}

func (s *Server) release(from netip.Addr) {
	s.mu.Lock()
	s.pending--
	if s.pendingOf[from]--; s.pendingOf[from] == 0 {
		delete(s.pendingOf, from)
	}
	s.mu.Unlock()
}

// participant tells the host who calls.
func (in *inbound) participant() signaling.Participant {
	from, _ := parseNameAddr(value(in, "From"))
	remote := from.uri
	if u, err := parseURI(from.uri); err == nil {
		remote = u.Scheme + ":" + u.Host
		if u.User != "" {
			remote = u.Scheme + ":" + u.User + "@" + u.Host
		}
	}
	return signaling.Participant{
		ID:            uuid.NewString(),
		DisplayName:   clean(from.displayText(), maxText),
		RemoteAlias:   clean(remote, maxText),
		LocalAlias:    in.alias(),
		Protocol:      "sip",
		CallID:        clean(in.callID, maxText),
		Vendor:        clean(value(in, "User-Agent"), maxText),
		RemoteAddress: in.source.String(),
		LocalAddress:  in.local.Addr().String(),
		Incoming:      true,
	}
}

// accept makes the dialog of an INVITE that we answer (section 12.1.1).
func (s *Server) accept(in *inbound, session session) *Dialog {
	from, _ := parseNameAddr(value(in, "From"))
	to, _ := parseNameAddr(value(in, "To"))
	id := dialogID{in.callID, gosip.GenerateTagN(16), in.fromTag}
	d := s.newDialog(id, to, from, false, in.path())
	d.session = session
	d.remoteSeq, d.heard = in.seq, true
	for _, h := range in.GetHeaders("Record-Route") {
		d.routes = append(d.routes, h.Value())
	}
	d.contact = s.contact(in.Recipient.User, in.network, in.local, in.secure())
	d.target = "sip:" + in.source.String() // until he says better
	if in.network != "udp" {
		d.target += ";transport=" + in.network
	}
	d.refreshTarget(in)
	return d
}

// success builds the 2xx to an INVITE or UPDATE.
func (d *Dialog) success(in *inbound, sdp []byte, extra []gosip.Header) *gosip.Response {
	d.mu.Lock()
	contact := d.contact
	d.mu.Unlock()
	fields := append([]gosip.Header{header("Contact", contact), header("Allow", allowValue()), header("Supported", "timer")}, extra...)
	res := in.response(d.server, 200, "OK", sdp, fields...)
	res.To().Params.Add("tag", d.id.localTag)
	return res
}

// expectACK prepares for the ACK of an INVITE that is about to be answered.
func (d *Dialog) expectACK(seq uint32) chan *gosip.Request {
	wait := make(chan *gosip.Request, 1)
	d.mu.Lock()
	d.acks[seq] = wait
	d.mu.Unlock()
	return wait
}

// settle repeats a 2xx until its ACK comes (section 13.3.1.4) and takes the
// answer from the ACK when the 2xx held our offer.
func (d *Dialog) settle(in *inbound, res *gosip.Response, wait chan *gosip.Request, late bool) {
	ack := d.awaitACK(in, res, wait)
	d.mu.Lock()
	delete(d.acks, in.seq)
	if !d.uac && !d.confirm && !d.settling {
		d.settling = true
		close(d.settled)
	}
	established := d.confirm
	first := ack != nil && !established
	d.confirm = d.confirm || ack != nil
	d.mu.Unlock()
	if late {
		defer d.commit() // when the session knows how it ended
	}
	if ack == nil {
		d.finishLater(goodbye{cause: "no ACK", code: 408, text: "no ACK received", bye: true})
		return
	}
	if late {
		if len(ack.Body()) == 0 && established {
			d.log.Info("offer not answered in ACK")
			d.rollback() // the call goes on as it was
			return
		}
		if len(ack.Body()) == 0 {
			d.finishLater(goodbye{cause: "no answer in ACK", code: 400, text: "no answer in ACK", bye: true})
			return
		}
		if _, err := d.ask(d.server.ctx, func(ctx context.Context) ([]byte, error) {
			return nil, d.session.answered(ctx, ack.Body())
		}); err != nil {
			if !errors.Is(err, ErrEnded) {
				code, _, _ := refusal(err)
				d.finishLater(goodbye{cause: "answer refused", code: code, text: err.Error(), bye: true})
			}
			return
		}
		d.mu.Lock()
		d.remoteSDP = ack.Body()
		d.mu.Unlock()
	}
	if first {
		_, _ = d.ask(d.server.ctx, func(context.Context) ([]byte, error) { d.session.confirmed(); return nil, nil })
	}
}

// awaitACK returns nil when the time is over. A call that has ended meanwhile
// is waited for too: BYE comes after the ACK.
func (d *Dialog) awaitACK(in *inbound, res *gosip.Response, wait chan *gosip.Request) *gosip.Request {
	interval := timerT1
	again := time.NewTimer(interval)
	defer again.Stop()
	over := time.NewTimer(64 * timerT1)
	defer over.Stop()
	acks := in.tx.Acks() // old callers use the INVITE's branch for the ACK
	for {
		select {
		case ack := <-wait:
			return ack
		case ack := <-acks:
			return ack
		case <-again.C:
			_ = in.send(res)
			interval = min(2*interval, timerT2)
			again.Reset(interval)
		case <-over.C:
			return nil
		case <-d.over:
			return nil
		}
	}
}
