package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/google/uuid"
)

// Invite calls somebody and returns when he has answered and has our ACK. An
// answer that is no success comes back as *StatusError. When ctx ends first,
// the call is cancelled.
func (s *Server) Invite(ctx context.Context, o Outgoing) (*Dialog, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.wg.Done()
	d, to, err := s.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		err := d.call(ctx, to, o)
		var status *StatusError
		if try < 3 && errors.As(err, &status) && status.Code == 422 {
			if least, ok := parseExpires(status.Header["Min-SE"]); ok && least.interval > d.timer.interval {
				d.timer.interval = least.interval // section 7.3 of RFC 4028
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

// prepare makes the dialog of a call before there is one.
func (s *Server) prepare(ctx context.Context, o Outgoing) (*Dialog, place, error) {
	target, err := parseURI(o.URI)
	if err != nil {
		return nil, place{}, fmt.Errorf("sip: %q: %w", o.URI, err)
	}
	prefer := "udp"
	if s.udp == nil {
		prefer = "tcp"
	}
	to, err := s.locate(ctx, o.URI, prefer)
	if err != nil {
		return nil, to, err
	}
	if to.network != "udp" {
		if err := s.stream(to.network).dial(ctx, to.addr, to.name); err != nil {
			return nil, to, fmt.Errorf("sip: %s: %w", to.network, err)
		}
	}
	if to.local, err = s.localTo(to.network, to.addr); err != nil {
		return nil, to, err
	}
	from := o.From
	if from == "" {
		from = "sip:parley@" + contactHost(s.advertised(to.local).Addr().String())
	}
	own, err := parseURI(from)
	if err != nil {
		return nil, to, fmt.Errorf("sip: %q: %w", from, err)
	}
	remote := target
	remote.UriParams, remote.Headers, remote.Port = nil, nil, 0
	me := nameAddr{uri: from}
	if o.DisplayName != "" {
		me.display = quote(o.DisplayName)
	}
	id := dialogID{uuid.NewString(), gosip.GenerateTagN(16), ""}
	d := s.newDialog(id, me, nameAddr{uri: remote.String()}, true, path{network: to.network, local: to.local, peer: to.addr})
	target.Headers = nil
	d.target = target.String()
	d.contact = s.contact(own.User, to.network, to.local, target.Scheme == "sips")
	d.localSeq = rand.Uint32N(1 << 16)
	d.timer.interval = s.cfg.SessionExpires
	d.session = &callerSession{o: o, last: func() []byte {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.localSDP
	}}
	return d, to, nil
}

func contactHost(ip string) string {
	for _, c := range ip {
		if c == ':' {
			return "[" + ip + "]"
		}
	}
	return ip
}

// call sends the INVITE and waits for its end.
func (d *Dialog) call(ctx context.Context, to place, o Outgoing) error {
	s := d.server
	req := d.newRequest(gosip.INVITE)
	for name, text := range o.Headers {
		req.AppendHeader(header(name, printable(text)))
	}
	req.AppendHeader(header("Session-Expires", expires{interval: d.timer.interval}.String()))
	req.AppendHeader(header("Min-SE", strconv.Itoa(int(s.cfg.MinSE/time.Second))))
	setSDP(req, o.Offer)
	res, tx, err := d.invite(ctx, req, &to)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.id.remoteTag, _ = res.To().Params.Get("tag")
	d.localSDP = o.Offer
	records := res.GetHeaders("Record-Route")
	for i := len(records) - 1; i >= 0; i-- {
		d.routes = append(d.routes, records[i].Value())
	}
	d.refreshTarget(res)
	d.path.network, d.path.local = to.network, to.local
	d.timer.interval = 0
	d.mu.Unlock()
	if err := s.file(d); err != nil {
		d.session, d.ended = &callerSession{}, true
		return err
	}
	d.log.Info("call started", "to", clip(o.URI), "vendor", clip(value(res, "User-Agent")+value(res, "Server")))
	return d.establish(ctx, req, res, tx, o.Offer == nil, func(offer []byte) []byte {
		if o.OnOffer == nil {
			return nil
		}
		return o.OnOffer(offer)
	})
}

// establish acknowledges a 2xx and takes what is in it. late: it holds an offer.
func (d *Dialog) establish(ctx context.Context, req *gosip.Request, res *gosip.Response, tx *gosip.ClientTx, late bool, answer func([]byte) []byte) error {
	seq := req.CSeq().SeqNo
	body := res.Body()
	var ackBody []byte
	if late {
		ackBody = answer(body)
	}
	ack := d.numbered(gosip.ACK, seq)
	setSDP(ack, ackBody)
	d.mu.Lock()
	d.lastACK, d.lastSeq, d.confirm = ack, seq, true
	if len(body) > 0 {
		d.remoteSDP = body
	}
	if ackBody != nil {
		d.localSDP = ackBody
	}
	d.mu.Unlock()
	// The context may be over by now; the 2xx is acknowledged all the same.
	err := d.write(context.WithoutCancel(ctx), ack)
	if tx != nil {
		tx.OnRetransmission(d.server.repeated(req, d.id.remoteTag))
	}
	if err != nil {
		d.finish(ctx, goodbye{cause: "ACK not sent", text: err.Error()})
		return err
	}
	if late && ackBody == nil || !late && len(body) == 0 && req.Body() != nil {
		d.finish(ctx, goodbye{cause: "no session description", code: 488, bye: true})
		return &StatusError{Code: 488, Reason: "Not Acceptable Here", Header: map[string]string{}}
	}
	d.agreed(res)
	return nil
}

// invite sends an INVITE and waits for its final answer. When ctx ends, it is
// cancelled as soon as a provisional answer allows (section 9.1); a 2xx that
// crosses the CANCEL is ended by BYE.
func (d *Dialog) invite(ctx context.Context, req *gosip.Request, to *place) (*gosip.Response, *gosip.ClientTx, error) {
	s := d.server
	if err := s.address(ctx, req, to); err != nil {
		return nil, nil, err
	}
	tx, err := s.transactions.Request(ctx, req)
	if err != nil {
		return nil, nil, fmt.Errorf("sip: INVITE: %w", err)
	}
	var provisional, cancelSent bool
	stop := ctx.Done()
	var giveUp <-chan time.Time
	cancel := func() {
		if ctx.Err() == nil || !provisional || cancelSent {
			return
		}
		cancelSent = true
		s.wg.Go(func() { s.cancelInvite(req) })
		giveUp = time.After(64 * timerT1)
	}
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional():
				provisional = true
				cancel()
			case !res.IsSuccess():
				if ctx.Err() != nil {
					return nil, nil, ctx.Err()
				}
				return nil, nil, statusError(res)
			case ctx.Err() != nil:
				hook := s.repeated(req, "")
				hook(res)
				tx.OnRetransmission(hook)
				return nil, nil, ctx.Err()
			default:
				return res, tx, nil
			}
		case <-tx.Done():
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if errors.Is(tx.Err(), gosip.ErrTransactionTimeout) {
				return nil, nil, &StatusError{Code: 408, Reason: "Request Timeout", Header: map[string]string{}}
			}
			return nil, nil, fmt.Errorf("sip: INVITE: %w", tx.Err())
		case <-stop:
			stop = nil
			cancel()
		case <-giveUp:
			tx.Terminate()
			return nil, nil, ctx.Err()
		}
	}
}

// cancelInvite sends a CANCEL for an INVITE of ours (section 9.1).
func (s *Server) cancelInvite(invite *gosip.Request) {
	req := gosip.NewRequest(gosip.CANCEL, invite.Recipient)
	req.AppendHeader(invite.Via().Clone())
	for _, h := range invite.GetHeaders("Route") {
		req.AppendHeader(header("Route", h.Value()))
	}
	maxForwards := gosip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	for _, h := range []gosip.Header{invite.From(), invite.To(), invite.CallID()} {
		req.AppendHeader(gosip.HeaderClone(h))
	}
	req.AppendHeader(&gosip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: gosip.CANCEL})
	req.SetBody(nil)
	req.SetTransport(invite.Transport())
	req.SetDestination(invite.Destination())
	req.Laddr = invite.Laddr
	ctx, stop := context.WithTimeout(s.ctx, requestTimeout)
	defer stop()
	tx, err := s.transactions.Request(ctx, req)
	if err != nil {
		return
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return
			}
		case <-tx.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// repeated takes every 2xx to an INVITE after the one that was wanted, which
// has the tag own: that one's ACK is said again, any other is disowned.
func (s *Server) repeated(invite *gosip.Request, own string) gosip.FnTxResponse {
	var mu sync.Mutex
	told := map[string]bool{}
	return func(res *gosip.Response) {
		if res.To() == nil {
			return
		}
		tag, _ := res.To().Params.Get("tag")
		if own != "" && tag == own {
			s.strayResponse(res)
			return
		}
		mu.Lock()
		again := told[tag]
		told[tag] = true
		known := len(told) <= maxForks
		mu.Unlock()
		if known {
			s.disown(invite, res, !again)
		}
	}
}

// maxForks bounds how many far ends may answer one INVITE.
const maxForks = 16

// disown ends a call that a 2xx set up although nobody wants it: the INVITE
// was cancelled, or a fork answered second (sections 9.1 and 13.2.2.4).
func (s *Server) disown(invite *gosip.Request, res *gosip.Response, bye bool) {
	if !s.enter() {
		return
	}
	go func() {
		defer s.wg.Done()
		from, _ := parseNameAddr(value(invite, "From"))
		to, _ := parseNameAddr(value(res, "To"))
		tag, _ := res.To().Params.Get("tag")
		own, _ := invite.From().Params.Get("tag")
		to.params, from.params = nil, nil
		d := s.newDialog(dialogID{invite.CallID().Value(), own, tag}, from, to, true, path{network: "udp"})
		d.session = &callerSession{}
		d.localSeq = invite.CSeq().SeqNo
		d.target = invite.Recipient.String()
		records := res.GetHeaders("Record-Route")
		for i := len(records) - 1; i >= 0; i-- {
			d.routes = append(d.routes, records[i].Value())
		}
		d.refreshTarget(res)
		ctx, cancel := context.WithTimeout(s.ctx, requestTimeout)
		defer cancel()
		ack := d.numbered(gosip.ACK, d.localSeq)
		ack.SetBody(nil)
		if d.write(ctx, ack) == nil && bye {
			d.sendBye(ctx, goodbye{cause: "call not wanted"})
		}
	}()
}

// strayResponse takes a response that no transaction waits for: a repeated
// 2xx of an INVITE gets its ACK again (section 13.2.2.4).
func (s *Server) strayResponse(res *gosip.Response) {
	cseq, from, to, id := res.CSeq(), res.From(), res.To(), res.CallID()
	if cseq == nil || from == nil || to == nil || id == nil || cseq.MethodName != gosip.INVITE || !res.IsSuccess() {
		return
	}
	local, _ := from.Params.Get("tag")
	remote, _ := to.Params.Get("tag")
	s.mu.Lock()
	d := s.dialogs[dialogID{id.Value(), local, remote}]
	s.mu.Unlock()
	if d == nil {
		return
	}
	d.mu.Lock()
	ack, seq := d.lastACK, d.lastSeq
	d.mu.Unlock()
	if ack != nil && seq == cseq.SeqNo {
		_ = s.transports.WriteMsg(ack.Clone())
	}
}
