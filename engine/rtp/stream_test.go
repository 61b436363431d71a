package rtp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// within fails the test when the condition does not become true soon.
func within(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		<-tick.C
	}
}

func listen(t testing.TB) *Transport {
	t.Helper()
	tr, err := Listen(ListenConfig{Address: loopback, PortMin: 20000, PortMax: 29999})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func (t *Transport) addrPort() netip.AddrPort {
	return netip.AddrPortFrom(t.address, uint16(t.port))
}

func TestListen(t *testing.T) {
	a, err := Listen(ListenConfig{Address: loopback, PortMin: 31001, PortMax: 31004})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Port() != 31002 || a.LocalAddr() != loopback {
		t.Errorf("port %d on %v", a.Port(), a.LocalAddr())
	}
	if _, err := Listen(ListenConfig{Address: loopback, PortMin: 31001, PortMax: 31004}); !errors.Is(err, ErrNoPort) {
		t.Errorf("second: %v", err)
	}
	if _, err := Listen(ListenConfig{Address: loopback, PortMin: 31001, PortMax: 31002}); !errors.Is(err, ErrNoPort) {
		t.Errorf("range without a pair: %v", err)
	}
	if _, err := Listen(ListenConfig{Address: netip.MustParseAddr("192.0.2.1"), PortMin: 31000, PortMax: 31999}); err == nil || errors.Is(err, ErrNoPort) {
		t.Errorf("address of another host: %v", err)
	}
	// RTCP's port taken: the pair is not used, and RTP's port is free again.
	taken, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 31007)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := Listen(ListenConfig{Address: loopback, PortMin: 31006, PortMax: 31007}); !errors.Is(err, ErrNoPort) {
		t.Errorf("half a pair: %v", err)
	}
}

func TestTwoStreams(t *testing.T) {
	for name, mux := range map[string]bool{"two ports": false, "one port": true} {
		t.Run(name, func(t *testing.T) { twoStreams(t, mux) })
	}
}

func twoStreams(t *testing.T, mux bool) {
	a, b := listen(t), listen(t)
	got := make(chan []byte, 100)
	bye := make(chan bool, 1)
	reports := make(chan Report, 100)
	wanted := make(chan bool, 10)
	rates := make(chan int, 10)
	config := Config{
		Transport: a, Video: true, CNAME: "a", Remote: b.addrPort(), Mux: mux, SendPayloadType: 96, SendClock: 90000,
		Receive: map[uint8]int{96: 90000}, Feedback: Feedback{NACK: true, PLI: true, TMMBR: true},
		Hooks: Hooks{
			Report:          func(r Report) { offer(reports, r) },
			KeyFrameRequest: func() { offer(wanted, true) },
			BitrateRequest:  func(n int) { offer(rates, n) },
		},
	}
	sa := NewStream(config)
	defer sa.Close()
	config.Transport, config.Remote = b, a.addrPort()
	config.Hooks = Hooks{
		Packet: func(p Packet) { offer(got, bytes.Clone(p.Payload)) },
		Bye:    func() { offer(bye, true) },
	}
	sb := NewStream(config)
	defer sb.Close()
	if !sb.RequestKeyFrame() || sb.Stats().KeyFrameRequestsSent != 0 {
		t.Error("asked for a key frame of nobody")
	}
	for i := range 10 {
		if err := sa.SendFrame([][]byte{{byte(i)}, {1, byte(i)}}, uint32(i)*3000); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		select {
		case p := <-got:
			if p[len(p)-1] != byte(i/2) {
				t.Fatalf("packet %d is %v", i, p)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("packet %d did not arrive: %+v", i, sb.Stats())
		}
	}
	for range 2 {
		if !sb.RequestKeyFrame() {
			t.Error("PLI is declared")
		}
	}
	if n := sb.Stats().KeyFrameRequestsSent; n != 1 {
		t.Errorf("%d key frame requests sent at once", n)
	}
	receive(t, "key frame request", wanted)
	if !sb.RequestBitrate(300000) {
		t.Error("TMMBR is declared")
	}
	if n := receive(t, "bitrate request", rates); n > 300000 || n < 1000 {
		t.Errorf("asked for %d bit/s", n)
	}
	if r := receive(t, "report", reports); r.FractionLost != 0 {
		t.Errorf("reported loss %v", r.FractionLost)
	}
	within(t, "a sender report and a round trip", func() bool {
		_, _, ok := sb.SenderClock()
		_ = sa.SendFrame([][]byte{{1}}, 30000)
		return ok && sa.Stats().RTT > 0
	})
	sa.Close()
	receive(t, "BYE", bye)
	if st := sb.Stats(); st.ReceivedPackets < 20 || st.Discarded.Total() != 0 || st.ControlMalformed != 0 || st.ControlForeign != 0 {
		t.Errorf("%+v", st)
	}
}

// offer gives a value to a test that may have stopped listening: hooks do not block.
func offer[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("no %s", what)
		panic("not reached")
	}
}

// relay carries datagrams between two addresses and loses some of one direction.
type relay struct {
	front, back *net.UDPConn // what a and what b sees
	a, b        netip.AddrPort
	lost        atomic.Int64
	done        sync.WaitGroup
}

func newRelay(t *testing.T, a, b netip.AddrPort, loss float64) *relay {
	t.Helper()
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	r := &relay{front: open(), back: open(), a: a, b: b}
	r.done.Go(func() { r.carry(r.front, r.back, r.b, loss) })
	r.done.Go(func() { r.carry(r.back, r.front, r.a, 0) })
	t.Cleanup(func() {
		_ = r.front.Close()
		_ = r.back.Close()
		r.done.Wait()
	})
	return r
}

func (r *relay) carry(from, to *net.UDPConn, dest netip.AddrPort, loss float64) {
	random := rand.New(rand.NewPCG(11, 13))
	buffer := make([]byte, 2048)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if random.Float64() < loss {
			r.lost.Add(1)
			continue
		}
		_, _ = to.WriteToUDPAddrPort(buffer[:n], dest)
	}
}

func address(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// TestNACKRecoversEverything loses 5 % of the media between two streams; all
// access units arrive whole and in order.
func TestNACKRecoversEverything(t *testing.T) {
	a, b := listen(t), listen(t)
	control := func(p netip.AddrPort) netip.AddrPort { return controlOf(p) }
	media := newRelay(t, a.addrPort(), b.addrPort(), 0.05)
	feedback := newRelay(t, control(a.addrPort()), control(b.addrPort()), 0)

	receiver := NewVideoReceiver()
	receiver.SetWait(2 * time.Second) // of a machine that may be busy
	config := Config{
		Transport: a, Video: true, CNAME: "a", Remote: address(media.front), RemoteRTCP: address(feedback.front),
		SendPayloadType: 96, SendClock: 90000, Receive: map[uint8]int{96: 90000}, Feedback: Feedback{NACK: true},
	}
	sa := NewStream(config)
	defer sa.Close()
	config.Transport, config.Remote, config.RemoteRTCP = b, address(media.back), address(feedback.back)
	config.Hooks.Packet = receiver.Push
	sb := NewStream(config)
	defer sb.Close()

	const frames = 150
	var packetizer Packetizer
	packetizer.Mode = 1
	want := func(n int) []byte { return annexB(unit(1, 2000+n*13, uint64(n))) }
	sent, got := 0, 0
	within(t, "the first packets", func() bool { // probation: nothing is lost that is not known to be missing
		_ = sa.Send(96, []byte{nalAUD, 0xf0}, 0, true)
		return sb.Stats().ReceivedPackets > 0
	})
	within(t, "all access units", func() bool {
		if sent < frames {
			sent++
			if err := sa.SendFrame(packetizer.Split(want(sent)), uint32(sent)*3000); err != nil {
				t.Fatal(err)
			}
		}
		now := time.Now()
		sb.Nack(receiver.Missing(now))
		for {
			au, ok := receiver.Pop(now)
			if !ok {
				break
			}
			if au.Timestamp == 0 {
				continue // of the beginning
			}
			got++
			if au.Gap || au.Damaged || au.Timestamp != uint32(got)*3000 || !bytes.Equal(au.Data, want(got)) {
				t.Fatalf("access unit %d: timestamp %d, gap %v, damaged %v, %+v", got, au.Timestamp, au.Gap, au.Damaged, receiver.Counters())
			}
		}
		if sent == frames && got < frames { // a tail that was lost shows by what follows
			_ = sa.Send(96, []byte{nalAUD, 0xf0}, 0, true)
		}
		return got == frames
	})
	st := sa.Stats()
	if media.lost.Load() == 0 || st.Retransmitted == 0 || st.NACKsReceived == 0 {
		t.Errorf("nothing was lost: %+v", st)
	}
	t.Logf("lost %d, retransmitted %d, refused %d", media.lost.Load(), st.Retransmitted, st.RetransmitRefused)
}

// TestSendAllocates nothing once its buffers have grown.
func TestSendAllocates(t *testing.T) {
	a, b := listen(t), listen(t)
	s := newStream(Config{
		Transport: a, Video: true, Remote: b.addrPort(), SendPayloadType: 96, SendClock: 90000, Feedback: Feedback{NACK: true},
	})
	payloads := make([][]byte, 8)
	for i := range payloads {
		payloads[i] = make([]byte, 1200)
	}
	send := func() {
		if err := s.SendFrame(payloads, 1); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(111, payloads[0][:80], 1, false); err != nil {
			t.Fatal(err)
		}
	}
	for range outboxPackets {
		send()
	}
	if n := testing.AllocsPerRun(100, send); n >= 1 && !raceEnabled {
		t.Errorf("%v allocations for a frame and a packet", n)
	}
}

// TestReceiveAllocates nothing from datagram to access unit.
func TestReceiveAllocates(t *testing.T) {
	b := newBench(t, nil)
	v := NewVideoReceiver()
	b.s.Reconfigure(func(c *Config) { c.Hooks.Packet = v.Push })
	raw := make([]byte, 200)
	raw[0], raw[1], raw[11], raw[12] = 0x80, 0x80|96, 9, 0x41
	n := 0
	receive := func() {
		n++
		raw[2], raw[3], raw[6], raw[7] = byte(n>>8), byte(n), byte(n>>8), byte(n)
		b.s.packet(raw, declared, b.now)
		b.now = b.now.Add(time.Millisecond)
		if _, ok := v.Pop(b.now); !ok && n > 2 {
			t.Fatal("no access unit")
		}
	}
	for range 20 {
		receive()
	}
	if n := testing.AllocsPerRun(200, receive); n != 0 {
		t.Errorf("%v allocations for a packet", n)
	}
}

func TestCloseTwiceAndWithoutTraffic(t *testing.T) {
	s := NewStream(Config{Transport: listen(t), SendClock: 8000})
	s.Close()
	s.Close()
	if err := s.Send(0, []byte{1}, 0, false); err == nil {
		t.Error("sent after Close")
	}
}
