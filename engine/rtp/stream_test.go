package rtp

import (
	"net/netip"
	"testing"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// within fails the test when the condition does not become true soon.
func within(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		<-tick.C
	}
}

func listen(t *testing.T) *Transport {
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

func TestTwoStreams(t *testing.T) {
	a, b := listen(t), listen(t)
	got := make(chan []byte, 100)
	bye := make(chan bool, 1)
	reports := make(chan Report, 100)
	config := Config{
		Transport: a, Video: true, CNAME: "a", Remote: b.addrPort(), SendPayloadType: 96, SendClock: 90000,
		Receive: map[uint8]int{96: 90000}, Feedback: Feedback{NACK: true, PLI: true},
		Hooks: Hooks{Report: func(r Report) { reports <- r }},
	}
	sa := NewStream(config)
	defer sa.Close()
	config.Transport, config.Remote = b, a.addrPort()
	config.Hooks = Hooks{
		Packet: func(p Packet) { got <- append([]byte{}, p.Payload...) },
		Bye:    func() { bye <- true },
	}
	sb := NewStream(config)
	defer sb.Close()
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
	select {
	case r := <-reports:
		if r.FractionLost != 0 {
			t.Errorf("reported loss %v", r.FractionLost)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no report")
	}
	sa.Close()
	select {
	case <-bye:
	case <-time.After(5 * time.Second):
		t.Fatal("no BYE")
	}
	if st := sb.Stats(); st.ReceivedPackets != 20 || st.Discarded.Total() != 0 || st.ControlMalformed != 0 {
		t.Errorf("%+v", st)
	}
}
