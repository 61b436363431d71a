package rtp

import (
	"bytes"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		before       int // packets of each of 100 frames before
		packets      int
		every        uint32 // units of the clock between frames
		burst, chunk int
		step         time.Duration
	}{
		"ordinary":                {6, 6, 3000, 6, 0, 0},
		"threshold":               {6, 32, 3000, 32, 0, 0},
		"above":                   {6, 33, 3000, 16, 6, time.Second / 60 / 3},
		"key frame":               {6, 52, 3000, 16, 8, time.Second / 60 / 5},
		"large key frame":         {15, 300, 3000, 16, 36, time.Second / 60 / 8},
		"all frames are large":    {40, 45, 3000, 45, 0, 0},
		"large among large":       {40, 100, 3000, 16, 11, time.Second / 60 / 8},
		"many frames a second":    {6, 52, 500, 16, 8, paceShortest / 5},
		"few frames a second":     {6, 52, 18000, 16, 8, paceLongest / 5},
		"a very first one":        {0, 52, 0, 16, 8, paceShortest / 5},
		"first of a small stream": {0, 3, 0, 3, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var p pacer
			at := uint32(4_294_900_000)
			if test.before > 0 {
				for range 100 {
					p.plan(test.before, at, 90000)
					at += test.every
				}
			}
			burst, chunk, step := p.plan(test.packets, at, 90000)
			if burst != test.burst || chunk != test.chunk || (step-test.step).Abs() > time.Microsecond {
				t.Errorf("%d at once, then %d each %v", burst, chunk, step)
			}
			if chunk > 0 {
				if steps := (test.packets - burst + chunk - 1) / chunk; steps > paceChunks || time.Duration(steps)*step > paceLongest {
					t.Errorf("%d parts in %v", steps, time.Duration(steps)*step)
				}
			}
		})
	}
}

// recorder is a wire that writes down what goes over it, and when.
type recorder struct {
	mu      sync.Mutex
	started time.Time
	packets []recorded
	err     error
}

type recorded struct {
	at   time.Duration
	data []byte
}

func (r *recorder) direct(netip.AddrPort) {}

func (r *recorder) refused() uint64 { return 0 }

func (r *recorder) write(runs []run) (failed int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, run := range runs {
		for b := run.data; len(b) > 0; {
			n := min(run.size, len(b))
			r.packets = append(r.packets, recorded{time.Since(r.started), bytes.Clone(b[:n])})
			b = b[n:]
		}
	}
	return 0, r.err
}

// sent returns how many packets have gone.
func (r *recorder) sent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.packets)
}

func recorded30(t *testing.T) (*sender, *recorder) {
	t.Helper()
	r := &recorder{started: time.Now()}
	s := newSender(r)
	s.sequence = 65530
	s.setRemote(declared)
	return s, r
}

func (s *sender) frame(t *testing.T, packets int, timestamp uint32) {
	t.Helper()
	payloads := make([][]byte, packets)
	for i := range payloads {
		payloads[i] = []byte{0x41, byte(i)}
	}
	if err := s.sendFrame(payloads, 96, timestamp, 90000, time.Now()); err != nil {
		t.Fatal(err)
	}
	for i := range payloads {
		payloads[i][0] = 0xee // they are the caller's again
	}
}

// inOrder checks that all packets have come, with consecutive sequence numbers.
func (r *recorder) inOrder(t *testing.T, n int) {
	t.Helper()
	if len(r.packets) != n {
		t.Fatalf("%d packets, want %d", len(r.packets), n)
	}
	for i, p := range r.packets {
		if got, want := uint16(p.data[2])<<8|uint16(p.data[3]), uint16(65530+i); got != want || p.data[headerSize] == 0xee {
			t.Fatalf("packet %d has number %d, want %d, and payload %v", i, got, want, p.data[headerSize:])
		}
	}
}

func TestLargeFramesAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		defer s.close()
		for n := range uint32(10) {
			s.frame(t, 6, n*3000)
			if got := r.sent(); got != 6*int(n+1) {
				t.Fatalf("ordinary frame %d: %d packets have gone", n, got)
			}
			time.Sleep(time.Second / 30)
		}
		began := time.Since(r.started)
		s.frame(t, 100, 30000)
		if got := r.sent() - 60; got != paceBurst {
			t.Errorf("%d packets at once", got)
		}
		time.Sleep(time.Second / 60)
		synctest.Wait()
		r.inOrder(t, 160)
		if s.paced != 1 {
			t.Errorf("%d frames spread", s.paced)
		}
		at, burst := time.Duration(-1), 0
		for _, p := range r.packets[60:] {
			if p.at != at {
				at, burst = p.at, 0
			}
			if burst++; burst > paceBurst {
				t.Fatalf("%d packets at once", burst)
			}
		}
		if spread := at - began; spread < 10*time.Millisecond {
			t.Errorf("spread over %v only", spread)
		}
		if r.packets[159].data[1] != 0x80|96 || r.packets[158].data[1] != 96 {
			t.Error("the marker is not on the last packet alone")
		}
	})
}

// TestFramesDoNotOvertake: the next frame takes along what is left.
func TestFramesDoNotOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		defer s.close()
		s.frame(t, 100, 0)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := r.sent(); got <= paceBurst || got == 100 {
			t.Fatalf("%d packets have gone", got)
		}
		s.frame(t, 6, 3000)
		r.inOrder(t, 106)
		s.frame(t, 100, 6000)
		s.frame(t, 100, 9000)
		time.Sleep(paceLongest)
		synctest.Wait()
		r.inOrder(t, 306)
	})
}

// TestCloseWhileSpreading: the rest is dropped, and nothing runs on.
func TestCloseWhileSpreading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		s.frame(t, 100, 0)
		time.Sleep(time.Millisecond)
		s.close()
		gone := r.sent()
		time.Sleep(time.Second)
		if r.sent() != gone {
			t.Error("sent after close")
		}
		s.close()
		if err := s.sendFrame([][]byte{{1}}, 96, 0, 90000, time.Now()); !errors.Is(err, ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

// TestSpreadingGoesOnHold: what is left when there is no address any more is
// not sent, and what comes later is whole.
func TestSpreadingGoesOnHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		defer s.close()
		s.frame(t, 100, 0)
		s.setRemote(netip.AddrPort{})
		time.Sleep(paceLongest)
		synctest.Wait()
		if got := r.sent(); got != paceBurst {
			t.Errorf("%d packets have gone", got)
		}
		s.setRemote(declared)
		s.frame(t, 2, 3000)
		if got := r.sent(); got != paceBurst+2 {
			t.Errorf("%d packets have gone", got)
		}
	})
}

// TestEnormousFrames go out although no outbox holds them.
func TestEnormousFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		defer s.close()
		s.frame(t, 3*outboxPackets+7, 0)
		time.Sleep(paceLongest)
		synctest.Wait()
		r.inOrder(t, 3*outboxPackets+7)
	})
}
