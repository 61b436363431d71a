package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling"
)

// A flood of requests does not reach the calls that there are.
func TestFloodSparesCalls(t *testing.T) {
	scripted(t, func(s *script) {
		s.open(testOffer)
		s.server.open.Add(maxTransactions)
		status(t, s.ask("OPTIONS", ""), 200) // in the dialog
		s.seq = 1
		s.ack("")
		if c := <-s.host.commands; c.Kind != signaling.CommandConfirm {
			t.Errorf("command %v", c)
		}
		tag := s.toTag
		s.toTag = ""
		s.send(s.request("OPTIONS", 9, "out", ""))
		status(t, s.final(), 503)
		s.toTag = "nobody"
		s.send(s.request("UPDATE", 9, "nobody", ""))
		status(t, s.final(), 503)
		s.toTag, s.seq = tag, 10
		status(t, s.ask("UPDATE", testOffer), 200)
		status(t, s.ask("BYE", ""), 200)
		s.none(time.Minute)
		if n := s.server.open.Load(); n != maxTransactions {
			t.Errorf("%d transactions counted", n-maxTransactions)
		}
	})
}

// One host cannot take all half-open calls; an IPv6 host has a whole /64.
func TestPendingPerSource(t *testing.T) {
	hosts := []string{"192.0.2.7:5060", "192.0.2.7:6000", "[2001:db8::1]:5060", "[2001:db8::2]:5060", "[2001:db8:0:1::1]:5060"}
	want := []int{200, 503, 200, 503, 200}
	scripted(t, func(s *script) {
		s.host.join = func(ctx context.Context) error { return nil }
		var socks []*memorySocket
		own := s.sock
		for i, at := range hosts {
			s.sock = own
			if at != peerAt {
				s.sock = s.wire.socket(at)
				socks = append(socks, s.sock)
			}
			s.callID = fmt.Sprint("flood-", i)
			s.send(strings.ReplaceAll(s.request("INVITE", 1, fmt.Sprint("f", i), testOffer), peerAt, at))
			if m := s.final(); m.status != want[i] {
				t.Errorf("%s: answered %d, want %d", at, m.status, want[i])
			}
		}
		s.server.Close()
		s.server.mu.Lock()
		if n := len(s.server.pendingOf); n != 0 {
			t.Errorf("%d hosts left", n)
		}
		s.server.mu.Unlock()
		for _, sock := range socks {
			sock.Close()
		}
		s.sock = own
	}, func(c *Config) { c.MaxPendingPerSource = 1 })
}

// One host cannot take all connections.
func TestStreamsPerSource(t *testing.T) {
	server := listen(t, newFakeHost(), func(c *Config) { c.MaxStreamsPerSource = 2 })
	first, second := dialRaw(t, server), dialRaw(t, server)
	for i, c := range []*raw{first, second} {
		c.write(options(i, "Content-Length: 0\r\n"))
		c.read()
	}
	third := dialRaw(t, server)
	if _, err := third.r.ReadByte(); !closed(err) {
		t.Errorf("a third connection stays open: %v", err)
	}
	first.Close()
	eventually(t, "a place free", func() bool { server.tcp.mu.Lock(); defer server.tcp.mu.Unlock(); return len(server.tcp.open) == 1 })
	fourth := dialRaw(t, server)
	fourth.write(options(4, "Content-Length: 0\r\n"))
	fourth.read()
	fourth.Close()
	second.Close()
	eventually(t, "nobody counted", func() bool { server.tcp.mu.Lock(); defer server.tcp.mu.Unlock(); return len(server.tcp.from) == 0 })
}

// A connection lives by messages or by its call, not by keep-alives.
func TestIdleStream(t *testing.T) {
	for _, c := range []struct {
		name          string
		message, call bool
		want          time.Duration
	}{
		{"keep-alives alone", false, false, messageTimeout},
		{"after a message", true, false, idleTimeout},
		{"of a call", true, true, time.Hour + idleTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			scripted(t, func(s *script) {
				near, far := net.Pipe()
				at := netip.MustParseAddrPort("192.0.2.7:4711")
				st := &stream{Conn: near, owner: s.server.tcp, remote: at, started: time.Now()}
				d := s.server.newDialog(dialogID{"c", "l", "r"}, nameAddr{}, nameAddr{}, true, path{network: "tcp", peer: at})
				d.session = &callerSession{}
				if c.call {
					if err := s.server.file(d); err != nil {
						t.Fatal(err)
					}
				}
				start := time.Now()
				over := make(chan time.Duration)
				go func() {
					buffer := make([]byte, maxMessage)
					for {
						if _, err := st.Read(buffer); err != nil {
							over <- time.Since(start)
							return
						}
					}
				}()
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = io.Copy(io.Discard, far) })
				switch {
				case !c.message:
					wg.Go(func() {
						for {
							if _, err := far.Write([]byte("\r\n\r\n")); err != nil {
								return
							}
							<-time.After(10 * time.Second)
						}
					})
				default:
					if _, err := far.Write([]byte(options(1, "Content-Length: 0\r\n"))); err != nil {
						t.Fatal(err)
					}
				}
				if c.call {
					<-time.After(time.Hour + time.Second)
					d.finish(t.Context(), goodbye{cause: "test"})
				}
				limit := time.AfterFunc(3*time.Hour, func() { near.Close() })
				defer limit.Stop()
				if got := <-over; got < c.want-time.Second || got > c.want+time.Second {
					t.Errorf("closed after %s, want %s", got, c.want)
				}
				far.Close()
				wg.Wait()
			})
		})
	}
}

// What strangers call themselves is fit to be shown, and the log is not theirs
// to fill.
func TestStrangersText(t *testing.T) {
	var log strings.Builder
	scripted(t, func(s *script) {
		long := strings.Repeat("ä", 300)
		s.callID = "c\u0085\xff" + long
		text := s.request("INVITE", 1, "i", testOffer, "User-Agent: V\x01\xff"+long)
		text = strings.Replace(text, `"Peer" <sip:peer@`, "\"a\xff\x1b"+long+`" <sip:`+strings.Repeat("p", 300)+`@`, 1)
		s.seq = 1
		s.send(strings.Replace(text, "INVITE sip:room@", "INVITE sip:room%00%0a%ff"+strings.Repeat("r", 300)+"@", 1))
		res := s.final()
		status(t, res, 200)
		s.tag(res)
		s.ack("")
		<-s.host.commands
		who := s.host.leg(0).who
		for name, c := range map[string]struct{ got, want string }{
			"display name": {who.DisplayName, "a\uFFFD" + strings.Repeat("ä", 126)},
			"call-id":      {who.CallID, "c\uFFFD" + strings.Repeat("ä", 126)},
			"vendor":       {who.Vendor, "V\uFFFD" + strings.Repeat("ä", 126)},
			"remote alias": {who.RemoteAlias, "sip:" + strings.Repeat("p", 124)},
			"local alias":  {who.LocalAlias, "room\uFFFD" + strings.Repeat("r", 123)},
		} {
			if c.got != c.want {
				t.Errorf("%s: %q", name, c.got)
			}
		}
		status(t, s.ask("BYE", ""), 200)
		s.host.refuse = errors.New("not today")
		s.toTag = ""
		for i := range 20 {
			s.callID = fmt.Sprint("refused-", i)
			status(t, s.ask("INVITE", testOffer), 500)
			s.send(s.request("ACK", s.seq, "INVITE"+itoa(s.seq), ""))
			synctest.Wait()
		}
		<-time.After(2 * time.Second)
		s.callID = "refused-again"
		status(t, s.ask("INVITE", testOffer), 500)
		s.send(s.request("ACK", s.seq, "INVITE"+itoa(s.seq), ""))
		if n := strings.Count(log.String(), "call refused"); n != 2 || !strings.Contains(log.String(), "not_logged=19") {
			t.Errorf("%d lines\n%s", n, log.String())
		}
	}, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
}
