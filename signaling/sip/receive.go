package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// maxTransactions bounds the transactions outside of dialogs at a time;
// beyond it requests are answered without keeping anything.
const maxTransactions = 20000

// inbound is a request with where it came from and how it is answered.
type inbound struct {
	*gosip.Request
	tx      *gosip.ServerTx
	network string         // "udp", "tcp" or "tls"
	source  netip.AddrPort // who sent it
	local   netip.AddrPort // the address of ours that he sent it to; known to INVITEs that begin a call
	fromTag string
	toTag   string
	callID  string
	seq     uint32
}

// requestID is what two copies of one request share that came by different
// paths (section 8.2.2.2).
type requestID struct {
	callID, fromTag string
	seq             uint32
	method          gosip.RequestMethod
}

// handle takes every request that is no retransmission and no CANCEL of a
// living transaction. It runs in a goroutine of its own for each.
func (s *Server) handle(req *gosip.Request, tx *gosip.ServerTx) {
	if req.IsAck() {
		defer tx.Terminate() // an ACK is never answered
	}
	in := s.inbound(req, tx)
	if !s.enter() {
		in.reply(s, 503, "Service Unavailable", nil)
		tx.Terminate()
		return
	}
	defer s.wg.Done()
	if !req.IsAck() && s.dialog(in) == nil { // a flood may not hurt the calls that there are
		if s.open.Add(1) > maxTransactions {
			s.open.Add(-1)
			in.reply(s, 503, "Service Unavailable", nil, header("Retry-After", "10"))
			tx.Terminate()
			return
		}
		if !tx.OnTerminate(func(string, error) { s.open.Add(-1) }) {
			s.open.Add(-1)
		}
	}

	switch {
	case req.IsCancel(): // its INVITE has had its answer
		in.reply(s, 481, "Call/Transaction Does Not Exist", nil)
	case in.toTag != "":
		s.handleInDialog(in)
	case req.IsAck():
	case req.IsInvite():
		s.handleInvite(in)
	case req.Method == gosip.OPTIONS:
		s.handleOptions(in)
	default: // BYE, UPDATE, INFO and CANCEL belong to something
		in.reply(s, 481, "Call/Transaction Does Not Exist", nil)
	}
}

func (s *Server) inbound(req *gosip.Request, tx *gosip.ServerTx) *inbound {
	in := &inbound{Request: req, tx: tx, network: strings.ToLower(req.Transport())}
	in.source, _ = netip.ParseAddrPort(value(req, sourceField))
	in.source = netip.AddrPortFrom(in.source.Addr().Unmap(), in.source.Port())
	in.fromTag, _ = req.From().Params.Get("tag")
	in.toTag, _ = req.To().Params.Get("tag")
	in.callID = req.CallID().Value()
	in.seq = req.CSeq().SeqNo
	return in
}

// value returns the first value of a field as written, "" when it is missing.
func value(m gosip.Message, name string) string {
	for _, h := range m.GetHeaders(name) {
		return h.Value()
	}
	return ""
}

// tokens collects the comma separated tokens of a field, in lower case.
func tokens(m gosip.Message, name string) []string {
	var out []string
	for _, h := range m.GetHeaders(name) {
		for _, t := range strings.Split(h.Value(), ",") {
			if t = strings.ToLower(strings.TrimSpace(t)); t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

func header(name, text string) gosip.Header { return gosip.NewHeader(name, text) }

// response builds an answer to the request (section 8.2.6).
func (in *inbound) response(s *Server, code int, reason string, body []byte, extra ...gosip.Header) *gosip.Response {
	res := gosip.NewResponseFromRequest(in.Request, code, printable(reason), nil)
	res.SipVersion = "SIP/2.0"
	for _, h := range extra {
		res.AppendHeader(h)
	}
	res.AppendHeader(header("Server", s.cfg.UserAgent))
	if body != nil {
		res.AppendHeader(header("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	return res
}

// reply answers the request. It does nothing for an ACK.
func (in *inbound) reply(s *Server, code int, reason string, body []byte, extra ...gosip.Header) {
	if in.IsAck() {
		return
	}
	_ = in.send(in.response(s, code, reason, body, extra...))
}

// send passes a response to the transaction. After a CANCEL has ended the
// transaction the library would keep retransmitting what it is given last, so
// the 487 is given to it again.
func (in *inbound) send(res *gosip.Response) error {
	err := in.tx.Respond(res)
	if err != nil && in.IsInvite() && errors.Is(in.tx.Err(), gosip.ErrTransactionCanceled) && res.StatusCode != 487 {
		again := gosip.NewResponseFromRequest(in.Request, 487, "Request Terminated", nil)
		_ = in.tx.Respond(again)
	}
	return err
}

// checkBody looks at a request that may carry a session description. It
// returns the description, nil when there is none, or answers and returns
// false (section 8.2.3).
func (s *Server) checkBody(in *inbound) ([]byte, bool) {
	body := in.Body()
	if enc := strings.ToLower(value(in, "Content-Encoding")); enc != "" && enc != "identity" && len(body) > 0 {
		in.reply(s, 415, "Unsupported Media Type", nil, header("Accept-Encoding", "identity"), header("Accept", "application/sdp"))
		return nil, false
	}
	if len(body) == 0 {
		return nil, true
	}
	kind, _, _ := strings.Cut(value(in, "Content-Type"), ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind != "application/sdp" {
		if d := strings.ToLower(value(in, "Content-Disposition")); strings.Contains(strings.ReplaceAll(d, " ", ""), "handling=optional") {
			return nil, true
		}
		in.reply(s, 415, "Unsupported Media Type", nil, header("Accept", "application/sdp"))
		return nil, false
	}
	return body, true
}

// checkRequire refuses extensions that we do not know (section 8.2.2.3).
func (s *Server) checkRequire(in *inbound) bool {
	var unknown []string
	for _, tag := range tokens(in, "Require") {
		if tag != "timer" {
			unknown = append(unknown, tag)
		}
	}
	if len(unknown) == 0 {
		return true
	}
	in.reply(s, 420, "Bad Extension", nil, header("Unsupported", strings.Join(unknown, ", ")))
	return false
}

// checkAccept refuses a caller who would not take a session description.
func (s *Server) checkAccept(in *inbound) bool {
	if len(in.GetHeaders("Accept")) == 0 {
		return true
	}
	for _, t := range tokens(in, "Accept") {
		kind, _, _ := strings.Cut(t, ";")
		switch strings.TrimSpace(kind) {
		case "application/sdp", "application/*", "*/*":
			return true
		}
	}
	in.reply(s, 406, "Not Acceptable", nil, header("Accept", "application/sdp"))
	return false
}

// unmerged refuses a second copy of a request that is being answered already
// (section 8.2.2.2).
func (s *Server) unmerged(in *inbound) bool {
	if in.fromTag == "" {
		return true
	}
	id := requestID{in.callID, in.fromTag, in.seq, in.Method}
	key := in.tx.Key()
	s.mu.Lock()
	other, known := s.merged[id]
	if !known {
		s.merged[id] = key
	}
	s.mu.Unlock()
	if known && other != key {
		in.reply(s, 482, "Loop Detected", nil)
		return false
	}
	forget := func(string, error) {
		s.mu.Lock()
		delete(s.merged, id)
		s.mu.Unlock()
	}
	if !known && !in.tx.OnTerminate(forget) {
		forget("", nil)
	}
	return true
}

// alias returns what was dialled: the user part without escapes, and the
// domain where one was named rather than an address of this machine.
func (in *inbound) alias() string {
	user, host := clean(unescape(in.Recipient.User), maxText), in.Recipient.Host
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || user == "" || host == "" {
		return user
	}
	return clean(user+"@"+strings.ToLower(host), maxText)
}

// handleOptions answers as an INVITE would be (section 11.2).
func (s *Server) handleOptions(in *inbound) {
	if !s.checkRequire(in) || !s.unmerged(in) {
		return
	}
	if alias := in.alias(); alias != "" && s.cfg.Host != nil && !s.cfg.Host.Answers(alias) {
		in.reply(s, 404, "Not Found", nil)
		return
	}
	in.reply(s, 200, "OK", nil, capabilities()...)
}

// capabilities tells what we understand.
func capabilities() []gosip.Header {
	return []gosip.Header{
		header("Allow", allowValue()),
		header("Accept", "application/sdp, application/media_control+xml, application/dtmf-relay, application/dtmf"),
		header("Accept-Encoding", "identity"),
		header("Accept-Language", "en"),
		header("Supported", "timer"),
	}
}

// retryAfter writes whole seconds, at least one.
func retryAfter(d time.Duration) gosip.Header {
	return header("Retry-After", strconv.Itoa(max(1, int((d+time.Second-1)/time.Second))))
}

// dialog finds the dialog of a request; nil = none.
func (s *Server) dialog(in *inbound) *Dialog {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialogs[dialogID{in.callID, in.toTag, in.fromTag}]
}

// handleInDialog finds the dialog of a request with a To tag (section 12.2.2).
func (s *Server) handleInDialog(in *inbound) {
	d := s.dialog(in)
	switch {
	case d != nil:
		d.receive(in)
	case in.Method == gosip.OPTIONS:
		s.handleOptions(in)
	default:
		in.reply(s, 481, "Call/Transaction Does Not Exist", nil)
	}
}
