package sip

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

type dialogID struct{ callID, localTag, remoteTag string }

// session is what the offers and answers of a dialog are about: a leg of a
// media host, or the functions of a caller. The dialog calls it one at a time.
type session interface {
	offered(ctx context.Context, sdp []byte) ([]byte, error) // their offer, our answer
	wanted(ctx context.Context) ([]byte, error)              // they ask for our offer
	answered(ctx context.Context, sdp []byte) error          // their answer to it
	rollback(ctx context.Context) error                      // there will be no answer to it
	confirmed()                                              // the call is established
	info(kind string, body []byte) int                       // an INFO; the status to answer
	end(reason string)
}

// Dialog is one call (RFC 3261 section 12), whoever began it. Its methods may
// be called from any goroutine.
type Dialog struct {
	server  *Server
	id      dialogID
	local   nameAddr // From of our requests, without tag
	remote  nameAddr // To of our requests, without tag
	uac     bool     // we called
	session session
	log     *slog.Logger
	began   time.Time
	done    chan struct{}
	turn    chan struct{} // holds one token: whose turn it is to talk to session
	over    chan struct{} // closed when goodbye has been said
	settled chan struct{} // closed when the first INVITE of theirs has its ACK, or will have none

	// guarded by mu
	mu        sync.Mutex
	ended     bool
	confirm   bool // ACK seen (or sent)
	settling  bool // settled is closed
	localSeq  uint32
	remoteSeq uint32
	heard     bool   // remoteSeq is valid
	target    string // the far end's newest Contact
	routes    []string
	contact   string // ours, as a name-addr
	path      path
	peerAllow map[string]bool // nil = he did not say
	noUpdate  bool            // he refused an UPDATE, whatever he says that he allows
	offering  bool            // an offer of ours is open
	answering bool            // an offer of theirs is open
	inviting  bool            // an INVITE of theirs has no final answer yet
	acks      map[uint32]chan *gosip.Request
	localSDP  []byte
	remoteSDP []byte
	timer     sessionTimer
	lastACK   *gosip.Request // for retransmitted answers to our INVITE
	lastSeq   uint32         // its CSeq

	asking atomic.Bool // an INFO for a key frame is under way
}

// goodbye says why a dialog ends.
type goodbye struct {
	cause string // for the log
	code  int    // of the Reason field (RFC 3326); 0 = 200
	text  string
	bye   bool // say it to the far end
}

func (s *Server) newDialog(id dialogID, local, remote nameAddr, uac bool, p path) *Dialog {
	d := &Dialog{
		server: s, id: id, local: local, remote: remote, uac: uac, path: p,
		began: time.Now(), done: make(chan struct{}), turn: make(chan struct{}, 1),
		settled: make(chan struct{}), over: make(chan struct{}), acks: make(map[uint32]chan *gosip.Request),
	}
	d.turn <- struct{}{}
	d.log = s.log.With("call_id", clip(id.callID), "remote", p.peer.String(), "transport", p.network)
	return d
}

// file enters the dialog into the server's table.
func (s *Server) file(d *Dialog) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.dialogs[d.id] = d
	return nil
}

// CallID returns the Call-ID.
func (d *Dialog) CallID() string { return d.id.callID }

// Transport returns what the call travels over: "udp", "tcp" or "tls". A large
// INVITE may have moved it from UDP to TCP (section 18.1.1).
func (d *Dialog) Transport() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.path.network
}

// Done is closed when the call is over, whoever ended it.
func (d *Dialog) Done() <-chan struct{} { return d.done }

// RemoteSDP returns the far end's last session description; read-only.
func (d *Dialog) RemoteSDP() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remoteSDP
}

// take waits for the turn to talk to the session.
func (d *Dialog) take(ctx context.Context) error {
	select {
	case <-d.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.done:
		return ErrEnded
	}
}

func (d *Dialog) give() { d.turn <- struct{}{} }

// ask runs f with the turn.
func (d *Dialog) ask(ctx context.Context, f func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := d.take(ctx); err != nil {
		return nil, err
	}
	defer d.give()
	return f(ctx)
}

// finish ends the dialog once: the session is told, then the far end. It
// waits for the answer to BYE no longer than ctx.
func (d *Dialog) finish(ctx context.Context, g goodbye) {
	s := d.server
	d.mu.Lock()
	if d.ended {
		d.mu.Unlock()
		return
	}
	d.ended = true
	d.timer.stop()
	d.mu.Unlock()
	close(d.done)
	<-d.turn // what is being asked of the session comes first
	d.session.end(strings.TrimSuffix(g.cause+": "+g.text, ": "))
	d.give()
	d.log.Info("call ended", "reason", g.cause, "detail", g.text, "seconds", int(time.Since(d.began).Seconds()))
	defer close(d.over)
	if g.bye {
		// The called party may not say BYE before it has seen the ACK (section 15).
		if !d.uac {
			select {
			case <-d.settled:
			case <-ctx.Done():
			}
		}
		d.sendBye(ctx, g)
	}
	s.mu.Lock()
	delete(s.dialogs, d.id)
	s.mu.Unlock()
}

// A request is given up 64 T1 after it was sent, by its transaction; these are
// only a little longer. A goodbye may have to wait for an ACK first.
const (
	requestTimeout = 65 * timerT1
	goodbyeTimeout = 2 * requestTimeout
)

// finishLater is finish in a goroutine of the server's.
func (d *Dialog) finishLater(g goodbye) {
	if !d.server.enter() {
		return // Close says goodbye to all
	}
	go func() {
		defer d.server.wg.Done()
		ctx, cancel := context.WithTimeout(d.server.ctx, goodbyeTimeout)
		defer cancel()
		d.finish(ctx, g)
	}()
}

func (d *Dialog) sendBye(ctx context.Context, g goodbye) {
	code := g.code
	if code == 0 {
		code = 200
	}
	req := d.newRequest(gosip.BYE)
	text := g.text
	if text == "" {
		text = g.cause
	}
	req.AppendHeader(header("Reason", "SIP;cause="+strconv.Itoa(code)+";text="+quote(text)))
	if _, err := d.transact(ctx, req); err != nil {
		d.log.Debug("BYE not answered", "error", err)
	}
}

// newRequest builds a request inside the dialog (section 12.2.1.1).
func (d *Dialog) newRequest(method gosip.RequestMethod) *gosip.Request {
	d.mu.Lock()
	d.localSeq++
	seq := d.localSeq
	d.mu.Unlock()
	return d.numbered(method, seq)
}

// numbered builds a request with a given CSeq (an ACK has its INVITE's).
func (d *Dialog) numbered(method gosip.RequestMethod, seq uint32) *gosip.Request {
	d.mu.Lock()
	target, routes, contact := d.target, append([]string(nil), d.routes...), d.contact
	d.mu.Unlock()

	uri := target
	if len(routes) > 0 {
		first, _ := parseNameAddr(routes[0])
		u, err := parseURI(first.uri)
		if _, loose := u.UriParams.Get("lr"); err == nil && !loose { // strict routing, section 16.12.1.2
			uri = first.uri
			routes = append(routes[1:], "<"+target+">")
		}
	}
	recipient, _ := parseURI(uri)
	req := gosip.NewRequest(method, recipient)
	for _, r := range routes {
		req.AppendHeader(header("Route", r))
	}
	maxForwards := gosip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	from, to := d.local, d.remote
	from.params = params{{"tag", d.id.localTag}}
	if d.id.remoteTag != "" {
		to.params = params{{"tag", d.id.remoteTag}}
	}
	appendParsed(req, "From", from.String())
	appendParsed(req, "To", to.String())
	callID := gosip.CallIDHeader(d.id.callID)
	req.AppendHeader(&callID)
	req.AppendHeader(&gosip.CSeqHeader{SeqNo: seq, MethodName: method})
	switch method {
	case gosip.INVITE, gosip.UPDATE:
		req.AppendHeader(header("Contact", contact))
		req.AppendHeader(header("Allow", allowValue()))
		req.AppendHeader(header("Supported", "timer"))
	}
	if method != gosip.ACK {
		req.AppendHeader(header("User-Agent", d.server.cfg.UserAgent))
	}
	return req
}

// appendParsed appends a field in the library's typed form, which it needs of
// those that it works with itself.
func appendParsed(m gosip.Message, name, text string) {
	parsed, err := gosip.HeadersParser(gosip.DefaultHeadersParser()).ParseHeader(nil, []byte(name+": "+text))
	if err != nil || len(parsed) == 0 {
		m.AppendHeader(header(name, text))
		return
	}
	m.AppendHeader(parsed[0])
}

// setSDP puts a session description into a message.
func setSDP(m gosip.Message, sdp []byte) {
	if sdp != nil {
		m.AppendHeader(header("Content-Type", "application/sdp"))
	}
	m.SetBody(sdp)
}

// refreshTarget takes the newest Contact and Allow of the far end (section
// 12.2.1.2). The caller holds mu.
func (d *Dialog) refreshTarget(m gosip.Message) {
	if c := value(m, "Contact"); c != "" {
		if a, err := parseNameAddr(c); err == nil {
			if _, err := parseURI(a.uri); err == nil {
				d.target = a.uri
			}
		}
	}
	if allow := m.GetHeaders("Allow"); len(allow) > 0 {
		d.peerAllow = map[string]bool{}
		for _, method := range tokens(m, "Allow") {
			d.peerAllow[strings.ToUpper(method)] = true
		}
	}
}

// allows reports whether the far end takes a method; unsaid is what the
// answer is when he did not say.
func (d *Dialog) allows(method string, unsaid bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.noUpdate && method == "UPDATE":
		return false
	case d.peerAllow == nil:
		return unsaid
	}
	return d.peerAllow[method]
}
