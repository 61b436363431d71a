package rtp

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// bench is a stream without sockets whose time and packets a test makes.
type bench struct {
	t      *testing.T
	s      *Stream
	now    time.Time
	got    []Packet
	wanted int // key frames
	rates  []int
	report []Report
	byes   int
}

var (
	declared = netip.MustParseAddrPort("192.0.2.1:5000")
	behind   = netip.MustParseAddrPort("198.51.100.7:61000")
	stranger = netip.MustParseAddrPort("203.0.113.9:9999")
)

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Unix(100000, 0)}
	c := Config{
		Video: true, CNAME: "x", Remote: declared, SendPayloadType: 96, SendClock: 90000,
		Receive:  map[uint8]int{96: 90000},
		Feedback: Feedback{NACK: true, PLI: true, FIR: true, TMMBR: true},
		Now:      func() time.Time { return b.now },
		Hooks: Hooks{
			Packet: func(p Packet) {
				p.Payload = append([]byte(nil), p.Payload...)
				b.got = append(b.got, p)
			},
			KeyFrameRequest: func() { b.wanted++ },
			BitrateRequest:  func(n int) { b.rates = append(b.rates, n) },
			Report:          func(r Report) { b.report = append(b.report, r) },
			Bye:             func() { b.byes++ },
		},
	}
	if change != nil {
		change(&c)
	}
	b.s = newStream(c)
	return b
}

func (b *bench) rtp(from netip.AddrPort, ssrc uint32, sequence uint16) {
	b.t.Helper()
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: sequence, Timestamp: uint32(sequence) * 100, SSRC: ssrc},
		Payload: []byte{byte(sequence)},
	}
	raw, err := p.Marshal()
	if err != nil {
		b.t.Fatal(err)
	}
	b.s.packet(raw, from, b.now)
	b.now = b.now.Add(20 * time.Millisecond)
}

func (b *bench) want(sequences ...uint16) {
	b.t.Helper()
	if len(b.got) != len(sequences) {
		b.t.Fatalf("%d packets, want %d: %+v %+v", len(b.got), len(sequences), b.got, b.s.Stats())
	}
	for i, s := range sequences {
		if b.got[i].Sequence != s || b.got[i].Payload[0] != byte(s) {
			b.t.Fatalf("packet %d is %+v, want %d", i, b.got[i], s)
		}
	}
	b.got = nil
}

func TestProbationKeepsThePacketsOfAFirstSender(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(declared, 1, 10)
	b.want()
	b.rtp(declared, 1, 11)
	b.want(10, 11)
	b.rtp(declared, 1, 12)
	b.want(12)
}

func TestOneForeignPacketTakesNothingOver(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(declared, 666, 500) // before anybody else
	b.rtp(declared, 1, 10)
	b.rtp(declared, 1, 11)
	b.want(10, 11)
	for n := range uint16(50) { // and interleaved for ever
		b.rtp(declared, 666, 501+n)
		b.rtp(declared, 1, 12+n)
		if len(b.got) != 1 || b.got[0].SSRCChanged || b.got[0].Sequence != 12+n {
			t.Fatalf("%+v", b.got)
		}
		b.got = nil
	}
	if st := b.s.Stats(); st.Discarded.SSRC != 51 || st.RemoteSSRC != 1 {
		t.Errorf("%+v", st)
	}
}

func TestSenderChangesItsSSRC(t *testing.T) {
	b := newBench(t, nil)
	for n := range uint16(5) {
		b.rtp(declared, 1, 10+n)
	}
	last := b.got[4].Extended
	b.got = nil
	for n := range uint16(4) {
		b.rtp(declared, 2, 3+n)
	}
	if len(b.got) != 4 || !b.got[0].SSRCChanged || b.got[1].SSRCChanged || b.got[0].Extended <= last+65536 {
		t.Fatalf("%+v", b.got)
	}
	b.want(3, 4, 5, 6)
}

func TestSequenceRestarts(t *testing.T) {
	for name, to := range map[string]uint16{"far": 40000, "a little back": 900} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			for n := range uint16(100) {
				b.rtp(declared, 1, 1000+n)
			}
			b.got = nil
			b.now = b.now.Add(2 * time.Second)
			b.rtp(declared, 1, to)
			if name == "a little back" {
				// not seen before, so it passes as late; what comes next goes on from there
				b.got = nil
				for n := range uint16(150) {
					b.rtp(declared, 1, to+1+n)
				}
				if len(b.got) == 0 || b.got[len(b.got)-1].Sequence != to+150 {
					t.Fatalf("the stream stays deaf: %+v", b.s.Stats())
				}
				return
			}
			b.rtp(declared, 1, to+1)
			if len(b.got) != 2 || !b.got[0].SSRCChanged {
				t.Fatalf("%+v", b.got)
			}
		})
	}
}

func TestDuplicatesAndReordering(t *testing.T) {
	b := newBench(t, nil)
	for _, s := range []uint16{65533, 65534, 65535, 65535, 1, 0, 0, 1, 65534, 2} {
		b.rtp(declared, 1, s)
	}
	if b.got[4].Extended != b.got[3].Extended-1 || b.got[3].Extended != b.got[2].Extended+2 {
		t.Errorf("extended numbers %+v", b.got)
	}
	b.want(65533, 65534, 65535, 1, 0, 2)
	if st := b.s.Stats(); st.Discarded.Duplicate != 4 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
}

// Behind a NAT the declared address is private, and the real source is learnt once.
func TestSymmetricRTP(t *testing.T) {
	private := netip.MustParseAddrPort("10.0.0.1:5000")
	b := newBench(t, func(c *Config) { c.Remote = private })
	if st := b.s.Stats(); st.Remote != private || st.RemoteControl.Port() != 5001 {
		t.Errorf("before: %v %v", st.Remote, st.RemoteControl)
	}
	b.rtp(behind, 1, 1)
	if b.s.Stats().Remote != private {
		t.Error("moved by one packet")
	}
	b.rtp(behind, 1, 2)
	if b.s.Stats().Remote != behind {
		t.Error("did not follow the real source")
	}
	b.want(1, 2)
	for n := range uint16(20) {
		b.rtp(stranger, 1, 3+n)
	}
	b.want()
	if st := b.s.Stats(); st.Remote != behind || st.Discarded.Address != 20 {
		t.Errorf("%+v", st)
	}
	// A silence does not let a stranger in, only the same host: a new mapping of the NAT.
	b.now = b.now.Add(relatchSilence)
	b.rtp(stranger, 1, 30)
	b.rtp(stranger, 1, 31)
	b.want()
	mapped := netip.AddrPortFrom(behind.Addr(), behind.Port()+100)
	b.rtp(mapped, 1, 30)
	b.rtp(mapped, 1, 31)
	b.want(30, 31)
	if st := b.s.Stats(); st.Remote != mapped {
		t.Errorf("%+v", st)
	}
	// What the session description says always wins.
	b.rtp(private, 1, 32)
	b.rtp(private, 1, 33)
	b.want(32, 33)
	if st := b.s.Stats(); st.Remote != private {
		t.Errorf("%+v", st)
	}
}

// A far end that declares a public address sends from there, or from where it signals.
func TestStrangersCannotTakeAStream(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Signaling = behind.Addr() })
	b.rtp(stranger, 7, 1)
	b.rtp(stranger, 7, 2)
	b.want()
	b.rtp(behind, 1, 1)
	b.rtp(behind, 1, 2)
	b.want(1, 2)
}

func TestReconfigureMovesTheRemote(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(behind, 1, 1)
	b.rtp(behind, 1, 2)
	ssrc := b.s.LocalSSRC()
	b.s.Reconfigure(func(c *Config) { c.Remote = stranger; c.Receive[97] = 90000 })
	if st := b.s.Stats(); st.Remote != stranger || b.s.LocalSSRC() != ssrc {
		t.Errorf("%+v", st)
	}
	b.s.Reconfigure(func(c *Config) { c.Remote = netip.MustParseAddrPort("0.0.0.0:5000") })
	if err := b.s.SendFrame([][]byte{{1}}, 0); !errors.Is(err, ErrNoRemote) {
		t.Errorf("on hold: %v", err)
	}
}

func TestGarbageIsCounted(t *testing.T) {
	b := newBench(t, nil)
	for _, raw := range [][]byte{
		nil,
		{0},
		make([]byte, 12),
		{0x80, 96, 0, 1},
		{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0xff, 0xff}, // extension beyond the end
		{0xa0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9},                // padding beyond the end
		{0xa0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},                   // padding of nothing
	} {
		b.s.packet(raw, declared, b.now)
	}
	b.s.packet([]byte{0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9}, declared, b.now)
	own := b.s.LocalSSRC()
	b.s.packet([]byte{0x80, 96, 0, 1, 0, 0, 0, 0, byte(own >> 24), byte(own >> 16), byte(own >> 8), byte(own), 9}, declared, b.now)
	if d := b.s.Stats().Discarded; d.Malformed != 7 || d.PayloadType != 1 || d.SSRC != 1 {
		t.Errorf("%+v", d)
	}
	b.want()
}

// TestJitter: the estimate of RFC 3550 appendix A.8 for packets that alternate
// between on time and 10 ms late settles at 10 ms.
func TestJitter(t *testing.T) {
	s := newSource(1, 0, -1)
	now := time.Unix(1, 0)
	for n := range uint32(500) {
		at := now.Add(time.Duration(n) * 20 * time.Millisecond)
		if n%2 == 1 {
			at = at.Add(10 * time.Millisecond)
		}
		s.arrived(math32(n*960), at, 48000)
	}
	if j := s.jitterTime(); j < 9900*time.Microsecond || j > 10100*time.Microsecond {
		t.Errorf("jitter %v", j)
	}
}

func math32(n uint32) uint32 { return n + 0xffffff00 } // wraps on the way

func TestReportedLoss(t *testing.T) {
	s := newSource(1, 100, -1)
	for n := range uint16(100) {
		if n%4 != 3 {
			s.update(100 + n)
		}
	}
	s.update(200)
	if f := s.report(); f != 25*256/101 {
		t.Errorf("fraction %d/256", f)
	}
	if s.lost() != 25 || s.highestReported() != 200 {
		t.Errorf("lost %d, highest %d", s.lost(), s.highestReported())
	}
	if s.update(201); s.report() != 0 {
		t.Error("the next interval has no loss")
	}
}
