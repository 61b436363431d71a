package sip

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/signaling"
)

// raw is a TCP connection whose octets the test writes itself.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dialRaw(t *testing.T, s *Server) *raw {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr("tcp").String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &raw{t, c, bufio.NewReader(c)}
}

func (r *raw) write(s string) {
	r.t.Helper()
	if _, err := r.Conn.Write([]byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

// read returns the start line of the next message.
func (r *raw) read() string {
	r.t.Helper()
	first, length := "", 0
	for {
		line, err := r.r.ReadString('\n')
		if err != nil {
			r.t.Fatal(err)
		}
		line = strings.TrimRight(line, "\r\n")
		if first == "" {
			first = line
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
		if line == "" {
			break
		}
	}
	_, _ = r.r.Discard(length)
	return first
}

func closed(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

func options(n int, extra string) string {
	return fmt.Sprintf("OPTIONS sip:room@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKo%d\r\nFrom: <sip:a@b>;tag=1\r\n"+
		"To: <sip:room@127.0.0.1>\r\nCall-ID: o%d\r\nCSeq: %d OPTIONS\r\n%s\r\n", n, n, n, extra)
}

func TestStream(t *testing.T) {
	server := listen(t, newFakeHost())
	const ok = "SIP/2.0 200 OK"
	t.Run("octet by octet", func(t *testing.T) {
		c := dialRaw(t, server)
		for _, b := range []byte(options(1, "Content-Length: 3\r\n") + "abc") {
			c.write(string(b))
		}
		if got := c.read(); got != ok {
			t.Error(got)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		c := dialRaw(t, server)
		all := ""
		for i := range 20 {
			all += options(100+i, "Content-Length: 0\r\n")
		}
		c.write("\r\n" + all)
		for range 20 {
			if got := c.read(); got != ok {
				t.Error(got)
			}
		}
	})
	t.Run("keep-alive", func(t *testing.T) {
		c := dialRaw(t, server)
		c.write("\r\n\r\n")
		pong := make([]byte, 2)
		if _, err := c.r.Read(pong); err != nil || string(pong) != "\r\n" {
			t.Errorf("%q %v", pong, err)
		}
		c.write(options(2, "l: 0\r\n"))
		if got := c.read(); got != ok {
			t.Error(got)
		}
	})
	t.Run("one bad message", func(t *testing.T) {
		c := dialRaw(t, server)
		c.write(strings.Replace(options(3, "Content-Length: 0\r\n"), "CSeq: 3", "CSeq: x", 1) + options(4, "Content-Length: 0\r\n"))
		got := []string{c.read(), c.read()}
		if !strings.HasPrefix(got[0], "SIP/2.0 400 Bad CSeq") || got[1] != ok {
			t.Error(got)
		}
	})
	for name, c := range map[string]struct{ send, want string }{
		"no length":       {options(5, ""), "SIP/2.0 400"},
		"bad length":      {options(6, "Content-Length: -1\r\n"), "SIP/2.0 400"},
		"too large":       {options(7, "Content-Length: 65536\r\n"), "SIP/2.0 513"},
		"header too long": {strings.TrimSuffix(options(8, "Content-Length: 0\r\nX: "+strings.Repeat("x", maxHeader)), "\r\n"), "SIP/2.0 513"},
	} {
		t.Run(name, func(t *testing.T) {
			r := dialRaw(t, server)
			r.write(c.send)
			if got := r.read(); !strings.HasPrefix(got, c.want) {
				t.Error(got)
			}
			if _, err := r.r.ReadByte(); !closed(err) {
				t.Errorf("the connection stays open: %v", err)
			}
		})
	}
	t.Run("methods that we do not know", func(t *testing.T) {
		c := dialRaw(t, server)
		const bad = "GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"
		for i := range 3 * maxStreamFaults {
			c.write(strings.ReplaceAll(options(1000+i, "Content-Length: 0\r\n"), "OPTIONS", "REGISTER"))
			if got := c.read(); !strings.HasPrefix(got, "SIP/2.0 405") {
				t.Error(got)
			}
		}
		for i := range 2 { // a good message makes up for the faults before it
			c.write(strings.Repeat(bad, maxStreamFaults-1) + options(2000+i, "Content-Length: 0\r\n"))
			if got := c.read(); got != ok {
				t.Error(got)
			}
		}
	})
	t.Run("noise", func(t *testing.T) {
		c := dialRaw(t, server)
		for range maxStreamFaults {
			c.write("GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
		}
		if b, err := c.r.ReadByte(); !closed(err) {
			t.Errorf("the connection stays open: %q %v", b, err)
		}
	})
}

// Answers and offers larger than any MTU go through, whatever the transport.
func TestLargeDescriptions(t *testing.T) {
	host := newFakeHost()
	host.answer = []byte(testAnswer + strings.Repeat("a=x-filler:0123456789012345678901234567890123456789\r\n", 400))
	offer := []byte(testOffer + strings.Repeat("a=x-filler:0123456789012345678901234567890123456789\r\n", 100))
	for _, c := range []struct {
		name   string
		offer  []byte
		tcp    string
		change func(*Config)
	}{
		{"large answer", []byte(testOffer), "UDP", nil},
		{"large offer to one who takes TCP", offer, "TCP", nil},
		{"large offer to one who does not", offer, "UDP", func(c *Config) { c.TCP = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var to *Server
			if c.change != nil {
				to = listen(t, host, c.change)
			} else { // TCP at the port of UDP
				to = listen(t, host, func(c *Config) { c.UDP, c.TCP = bothPorts(t) })
			}
			caller := listen(t, nil)
			d, err := caller.Invite(patience(t), Outgoing{URI: "sip:room@" + to.Addr("udp").String(), Offer: c.offer})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(d.RemoteSDP(), host.answer) {
				t.Errorf("answer of %d octets, want %d", len(d.RemoteSDP()), len(host.answer))
			}
			host.mu.Lock()
			last := host.all[len(host.all)-1]
			host.mu.Unlock()
			if !bytes.Equal(last.offer, c.offer) {
				t.Errorf("offer of %d octets, want %d", len(last.offer), len(c.offer))
			}
			if got := strings.ToUpper(d.path.network); got != c.tcp {
				t.Errorf("went over %s, want %s", got, c.tcp)
			}
			if err := d.Bye(patience(t)); err != nil {
				t.Error(err)
			}
			want(t, "leave", host.left)
		})
	}
}

// bothPorts returns one address whose port is free for UDP and for TCP.
func bothPorts(t *testing.T) (string, string) {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := l.Addr().String()
		c, err := net.ListenPacket("udp", at)
		l.Close()
		if err == nil {
			c.Close()
			return at, at
		}
	}
	t.Fatal("no port")
	return "", ""
}

func TestIPv6(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Fatal("IPv6 loopback is needed: ", err)
	} else {
		c.Close()
	}
	host := newFakeHost()
	six := func(c *Config) { c.UDP, c.TCP, c.TLS = "[::]:0", "[::]:0", "[::]:0" }
	server, caller := listen(t, host, six), listen(t, nil, six)
	for i, target := range []struct{ network, ip string }{{"udp", "::1"}, {"tcp", "::1"}, {"tls", "::1"}, {"udp", "127.0.0.1"}, {"tcp", "127.0.0.1"}} {
		at := netip.AddrPortFrom(netip.MustParseAddr(target.ip), server.Addr(target.network).Port())
		d, err := caller.Invite(patience(t), Outgoing{URI: uri("room", at, target.network), Offer: []byte(testOffer)})
		if err != nil {
			t.Fatalf("%v: %v", target, err)
		}
		if got := host.leg(i).who.LocalAddress; got != target.ip {
			t.Errorf("%v: arrived at %q", target, got)
		}
		// A request of the server's finds its way too.
		host.leg(i).events <- signaling.Event{Kind: signaling.EventEnd}
		select {
		case <-d.Done():
		case <-time.After(10 * time.Second):
			t.Errorf("%v: no BYE", target)
		}
		want(t, "leave", host.left)
	}
}

// A caller behind a NAT, and one who closes his connection: the way back.
func TestConnectionLost(t *testing.T) {
	host := newFakeHost()
	server := listen(t, host)
	caller := listen(t, nil)
	d, err := caller.Invite(patience(t), Outgoing{URI: uri("room", server.Addr("tcp"), "tcp"), Offer: []byte(testOffer)})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "confirm", host.commands)
	var open []*stream
	server.tcp.mu.Lock()
	for st := range server.tcp.open {
		open = append(open, st)
	}
	server.tcp.mu.Unlock()
	for _, st := range open {
		st.Close()
	}
	eventually(t, "connection gone", func() bool { return !caller.tcp.connected(server.Addr("tcp")) })
	// Each side can still reach the other's listener.
	if _, err := d.Update(patience(t), nil); err != nil {
		t.Error(err)
	}
	host.leg(0).events <- signaling.Event{Kind: signaling.EventEnd}
	<-d.Done()
	want(t, "leave", host.left)
}

// Two hundred calls at once leave nothing behind.
func TestManyCalls(t *testing.T) {
	before := runtime.NumGoroutine()
	host := newFakeHost()
	server, caller := listen(t, host, func(c *Config) { c.MaxPendingPerSource = 200 }), listen(t, nil)
	var wg sync.WaitGroup
	dialogs := make(chan *Dialog, 200)
	for i := range 200 {
		network := []string{"udp", "tcp"}[i%2]
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			d, err := caller.Invite(ctx, Outgoing{URI: uri("room", server.Addr(network), network), Offer: []byte(testOffer)})
			if err != nil {
				t.Error(err)
				return
			}
			dialogs <- d
		})
	}
	wg.Wait()
	close(dialogs)
	if n := server.Calls(); n != 200 {
		t.Errorf("%d calls", n)
	}
	i := 0
	for d := range dialogs {
		if i++; i > 100 { // the other half is ended by Close
			break
		}
		wg.Go(func() {
			if err := d.Bye(patience(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	eventually(t, "half of the calls gone", func() bool { return server.Calls() == 100 && host.size() == 100 })
	if err := caller.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "all calls gone", func() bool { return server.Calls() == 0 && host.size() == 0 })
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	for _, l := range []*streams{server.tcp, server.tls, caller.tcp, caller.tls} {
		eventually(t, "connections gone", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.open) == 0 })
	}
	eventually(t, "goroutines gone", func() bool { return runtime.NumGoroutine() <= before })
}

// The answers of a closed server and of a pure client.
func TestNoHost(t *testing.T) {
	server, caller := listen(t, nil), listen(t, nil)
	_, err := caller.Invite(patience(t), Outgoing{URI: uri("room", server.Addr("udp"), "udp"), Offer: []byte(testOffer)})
	s := &StatusError{}
	if !errors.As(err, &s) || s.Code != 480 {
		t.Errorf("%v", err)
	}
	server.Close()
	if _, err := server.Invite(patience(t), Outgoing{URI: uri("room", caller.Addr("udp"), "udp")}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := caller.Invite(patience(t), Outgoing{URI: uri("room", server.Addr("tcp"), "tcp")}); err == nil {
		t.Error("a closed listener answered")
	}
	for _, bad := range []string{"", "room", "tel:+1", "sip:room@host:port", "sip:a b@c", "sip:room@127.0.0.1;transport=ws"} {
		if _, err := caller.Invite(patience(t), Outgoing{URI: bad}); err == nil {
			t.Errorf("%q was called", bad)
		}
	}
}
