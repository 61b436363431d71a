package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	maxStreams      = 8192             // connections of one listener
	maxStreamFaults = 10               // malformed messages before a connection is closed
	messageTimeout  = 32 * time.Second // from a message's first byte to its last, and to the first message
	idleTimeout     = 5 * time.Minute  // without a message and without a dialog
	writeTimeout    = 5 * time.Second  // a peer that does not read loses its connection
)

var errTooManyStreams = errors.New("sip: too many connections")

// streams is the one listener that the library sees for TCP or TLS. It is fed
// with accepted and with dialled connections alike, all of them framed.
type streams struct {
	server   *Server
	network  string // "tcp" or "tls"
	listener net.Listener
	client   *tls.Config // nil for TCP
	service  *tls.Config
	feed     chan *stream
	done     chan struct{}
	once     sync.Once

	// only the library's accepting goroutine
	last *stream

	mu   sync.Mutex
	open map[*stream]struct{}
	from map[netip.Addr]int // those that an origin has opened
}

func newStreams(s *Server, network string, l net.Listener) *streams {
	return &streams{
		server: s, network: network, listener: l, feed: make(chan *stream),
		done: make(chan struct{}), open: make(map[*stream]struct{}), from: make(map[netip.Addr]int),
	}
}

// acceptAll takes connections from the network until the listener closes.
func (l *streams) acceptAll() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of file descriptors
			case <-time.After(100 * time.Millisecond):
				continue
			case <-l.done:
				return
			}
		}
		if l.service != nil {
			c = tls.Server(c, l.service)
		}
		if _, err := l.add(c, true); err != nil {
			_ = c.Close()
		}
	}
}

// add hands a connection to the library and returns when it is in its pool.
// One host may open only so many; those that we opened do not count.
func (l *streams) add(c net.Conn, accepted bool) (*stream, error) {
	st := &stream{Conn: c, owner: l, accepted: accepted, remote: addrPort(c.RemoteAddr()), ready: make(chan struct{}), started: time.Now()}
	l.mu.Lock()
	from := origin(st.remote.Addr())
	if len(l.open) >= maxStreams || accepted && l.from[from] >= l.server.cfg.MaxStreamsPerSource {
		l.mu.Unlock()
		return nil, errTooManyStreams
	}
	l.open[st] = struct{}{}
	if accepted {
		l.from[from]++
	}
	l.mu.Unlock()
	select {
	case l.feed <- st:
	case <-l.done:
		l.remove(st)
		return nil, net.ErrClosed
	}
	select {
	case <-st.ready:
		return st, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *streams) remove(st *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.open[st]; !known {
		return
	}
	delete(l.open, st)
	if from := origin(st.remote.Addr()); st.accepted {
		if l.from[from]--; l.from[from] == 0 {
			delete(l.from, from)
		}
	}
}

// dial opens a connection to the peer, or finds the one that is open.
func (l *streams) dial(ctx context.Context, peer netip.AddrPort, name string) error {
	if l.connected(peer) {
		return nil
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", peer.String())
	if err != nil {
		return err
	}
	if l.client != nil {
		conf := l.client.Clone()
		if conf.ServerName == "" {
			conf.ServerName = name
		}
		tc := tls.Client(c, conf)
		if err := tc.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return err
		}
		c = tc
	}
	if _, err = l.add(c, false); err != nil {
		_ = c.Close()
	}
	return err
}

// connected reports whether the library holds a connection to the peer.
func (l *streams) connected(peer netip.AddrPort) bool {
	c := l.server.transports.Pool(l.network).Get(peer.String())
	if c == nil {
		return false
	}
	_, _ = c.TryClose()
	return true
}

// local returns our end of the connection to the peer.
func (l *streams) local(peer netip.AddrPort) netip.AddrPort {
	c := l.server.transports.Pool(l.network).Get(peer.String())
	if c == nil {
		return netip.AddrPort{}
	}
	defer func() { _, _ = c.TryClose() }() // gives our hold on it back
	return addrPort(c.LocalAddr())
}

// Accept implements net.Listener for the library.
func (l *streams) Accept() (net.Conn, error) {
	if l.last != nil {
		close(l.last.ready) // the library has filed it before it asks again
		l.last = nil
	}
	select {
	case st := <-l.feed:
		l.last = st
		return st, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (l *streams) Addr() net.Addr {
	if l.listener != nil {
		return l.listener.Addr()
	}
	return &net.TCPAddr{IP: net.IPv4zero}
}

// Close implements net.Listener and closes every connection.
func (l *streams) Close() error {
	l.once.Do(func() {
		close(l.done)
		if l.listener != nil {
			_ = l.listener.Close()
		}
	})
	l.mu.Lock()
	open := make([]*stream, 0, len(l.open))
	for st := range l.open {
		open = append(open, st)
	}
	l.mu.Unlock()
	for _, st := range open {
		_ = st.Close()
	}
	return nil
}

// stream frames one connection: each message that leaves Read is whole, well
// formed and in normal form.
type stream struct {
	net.Conn
	owner    *streams
	accepted bool // the far end opened it
	remote   netip.AddrPort
	ready    chan struct{}
	started  time.Time
	once     sync.Once

	// only the reading goroutine
	in, out []byte
	heard   bool      // a whole message has arrived; keep-alives are none
	began   time.Time // when the message that is under way began
	faults  int
	closing error
}

// Read implements net.Conn.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.next() {
			continue
		}
		if s.closing != nil {
			_ = s.Close()
			return 0, s.closing
		}
		until := time.Now().Add(idleTimeout)
		if !s.heard {
			until = s.started.Add(messageTimeout)
		} else if len(s.in) > 2 { // a lone CRLF is a pong
			if s.began.IsZero() {
				s.began = time.Now()
			}
			until = s.began.Add(messageTimeout)
		}
		if err := s.Conn.SetReadDeadline(until); err != nil {
			return 0, net.ErrClosed
		}
		var chunk [8192]byte
		n, err := s.Conn.Read(chunk[:])
		s.in = append(s.in, chunk[:n]...)
		if err != nil && n == 0 && s.waits(err) {
			continue
		}
		if err != nil && n == 0 {
			_ = s.Close()
			return 0, net.ErrClosed
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// waits reports whether an error only says that the far end of a call has had
// nothing to say for a while.
func (s *stream) waits(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && s.heard && len(s.in) <= 2 && s.owner.server.uses(s.owner.network, s.remote)
}

// next moves one message from in to out, or answers it. It reports whether
// there was one.
func (s *stream) next() bool {
	if s.closing != nil {
		return false
	}
	for { // RFC 5626 section 3.5.1
		if bytes.HasPrefix(s.in, []byte("\r\n\r\n")) {
			s.in = s.in[4:]
			_, _ = s.Write([]byte("\r\n"))
		} else if len(s.in) > 2 && s.in[0] == '\r' && s.in[1] == '\n' && s.in[2] != '\r' {
			s.in = s.in[2:]
		} else {
			break
		}
	}
	end := bytes.Index(s.in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(s.in) > maxHeader {
			m := &message{}
			m.readHead(s.in[:maxHeader])
			s.refuse(m, &fault{code: 513, reason: "Message Too Large", field: "header"}, true)
		}
		return false
	}
	head := &message{}
	headFault := head.readHead(s.in[:end])
	values := head.all("Content-Length")
	length, ok := uint64(0), false
	if len(values) == 1 {
		length, ok = parseUint(values[0], 1<<31)
	}
	switch {
	case !ok: // no boundary to go on from
		f := malformed("Content-Length", "missing or no number")
		if headFault != nil {
			f = headFault
		}
		s.refuse(head, f, true)
		return false
	case uint64(end)+4+length > maxMessage:
		s.refuse(head, &fault{code: 513, reason: "Message Too Large", field: "size"}, true)
		return false
	}
	total := end + 4 + int(length)
	if len(s.in) < total {
		return false
	}
	m, f := scan(s.in[:total], true)
	if f == nil {
		f = m.check()
	}
	if f == nil {
		s.out, s.heard, s.faults = m.normal(s.remote), true, 0
	} else {
		s.refuse(m, f, false)
	}
	s.in, s.began = append([]byte(nil), s.in[total:]...), time.Time{}
	return true
}

// refuse answers a message that the library never sees.
func (s *stream) refuse(m *message, f *fault, last bool) {
	s.owner.server.logFault(s.owner.network, s.remote, m, f)
	if answer, _ := m.rejection(f, s.remote, s.owner.server.seed, s.owner.server.cfg.UserAgent); answer != nil {
		_, _ = s.Write(answer)
	}
	switch f.code {
	case 0, 400, 513: // what is only not wanted does no harm
		s.faults++
	}
	if last || s.faults >= maxStreamFaults {
		s.closing = net.ErrClosed
	}
}

// Write implements net.Conn; a peer that does not read is cut off.
func (s *stream) Write(p []byte) (int, error) {
	_ = s.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := s.Conn.Write(p)
	if err != nil {
		_ = s.Close()
	}
	return n, err
}

// Close implements net.Conn.
func (s *stream) Close() error {
	var err error
	s.once.Do(func() {
		s.owner.remove(s)
		err = s.Conn.Close()
	})
	return err
}
