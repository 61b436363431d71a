//go:build cgo

package behaviour

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/node"
)

// Garbage, truncated, replayed and foreign packets at the ports of a call, and
// damaged ones from the caller himself, are counted; the picture goes on, and
// nobody else notices.
func TestHostileMedia(t *testing.T) {
	m := open(t, nil)
	spoilt := m.spec(0)
	spoilt.Network = &caller.Network{Spoilt: 0.1, Seed: 5}
	a := m.call(spoilt)
	b, c := m.call(m.spec(1)), m.call(m.spec(2))
	m.await(b, "B sees C", func(c *caller.Caller) bool { return strings.Contains(faces(c), "C") })
	b.Talk(true)

	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		bombard(stop, b.Media().Audio.Remote, b.Media().Video.Remote, b.Media().Video.RemoteRTCP)
	}()
	start := c.Stats().Video
	longest := time.Duration(0)
	m.await(c, "five seconds of it", func(c *caller.Caller) bool {
		longest = max(longest, c.Stats().Video.SinceLast)
		return c.Stats().Video.Decoded-start.Decoded > 150
	})
	close(stop)
	<-done
	if longest > time.Second {
		t.Errorf("C's picture froze for %v", longest)
	}
	v := c.Stats().Video
	if v.DecodeErrors > 0 || v.Gaps > start.Gaps {
		t.Errorf("C: %d decode errors, %d gaps", v.DecodeErrors, v.Gaps-start.Gaps)
	}
	m.await(c, "B is seen and heard still", func(c *caller.Caller) bool {
		return strings.HasPrefix(faces(c), "B") && c.Heard(clip.ToneOf(1)) > heardAt
	})
	m.await(c, "A is seen still", func(c *caller.Caller) bool { return strings.Contains(faces(c), "A") })
	for i, name := range []string{"A, who sends damaged packets", "B, who is bombarded"} {
		p := m.conference().Participants[i]
		t.Logf("%s: %d of his packets and %d at his ports were thrown away", name, p.Audio.RxDiscarded, p.Video.RxDiscarded)
		if p.Video.RxDiscarded == 0 {
			t.Errorf("%s: nothing was counted", name)
		}
	}
	if n := a.Stats().Video.SentKeyFrames; n < 2 {
		t.Errorf("A was asked for %d key frames although his packets were damaged", n)
	}
}

// bombard sends rubbish to the addresses until stop.
func bombard(stop <-chan struct{}, to ...netip.AddrPort) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return
	}
	defer conn.Close()
	r := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, 1400)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for i := uint16(0); ; i++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for k := range buf {
			buf[k] = byte(r.Uint32())
		}
		n := r.IntN(len(buf))
		switch r.IntN(3) {
		case 0: // RTP of a foreign sender, in order
			buf[0], buf[1] = 0x80, byte(96+i%4)
			binary.BigEndian.PutUint16(buf[2:], i)
			binary.BigEndian.PutUint32(buf[8:], 0xdeadbeef)
		case 1: // something like RTCP
			buf[0], buf[1] = 0x80|byte(r.IntN(32)), byte(200+r.IntN(8))
			binary.BigEndian.PutUint16(buf[2:], uint16(n/4))
		}
		conn.WriteToUDPAddrPort(buf[:n], to[int(i)%len(to)])
	}
}

// Calls over every transport and both address families reach one room.
func TestTransports(t *testing.T) {
	m := open(t, func(c *node.Config) {
		c.Config.SIP.UDP, c.Config.SIP.TCP, c.Config.SIP.TLS = ":0", ":0", ":0"
	})
	six := netip.IPv6Loopback()
	ways := []struct {
		network, host string
		address       netip.Addr
	}{
		{"udp", "127.0.0.1", netip.Addr{}},
		{"tcp", "127.0.0.1", netip.Addr{}},
		{"tls", "127.0.0.1", netip.Addr{}},
		{"udp", "::1", six},
		{"tcp", "::1", six},
	}
	for i, w := range ways {
		c := m.spec(i)
		port := m.node.SIPAddr(w.network).Port()
		c.URI = "sip:meet@" + net.JoinHostPort(w.host, strconv.Itoa(int(port))) + ";transport=" + w.network
		c.Address = w.address
		m.call(c)
	}
	m.callers[1].Talk(true)
	for i, c := range m.callers {
		want := map[bool]string{true: "A", false: "B"}[i == 1]
		m.await(c, ways[i].network+" over "+ways[i].host+" has a picture", func(c *caller.Caller) bool {
			got := faces(c)
			if i == 1 {
				return len(got) == 8 && got[0] != 'B' && got[0] != '.' && got[0] != '?'
			}
			return strings.HasPrefix(got, want)
		})
		if i != 1 {
			m.await(c, "and sound", func(c *caller.Caller) bool { return c.Heard(clip.ToneOf(1)) > heardAt })
		}
	}
}
