package rtp

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

// After another clock has taken over, timestamps go on as time passes.
func TestRebase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := recorded30(t)
		stamp := func() uint32 { return binary.BigEndian.Uint32(r.packets[len(r.packets)-1].data[4:]) }
		s.rebase(90000)
		if s.frame(t, 1, 4_294_967_000); stamp() != 4_294_967_000 {
			t.Errorf("the first one is %d: nothing was there to go on from", stamp())
		}
		time.Sleep(100 * time.Millisecond)
		s.rebase(90000)
		if s.frame(t, 1, 5); stamp() != 4_294_967_000-1<<32+9000 {
			t.Errorf("100 ms later it is %d", stamp())
		}
		if s.frame(t, 1, 3005); stamp() != 4_294_967_000-1<<32+12000 {
			t.Errorf("a frame later it is %d", stamp())
		}
		s.rebase(90000)
		if s.frame(t, 1, 7); stamp() != 4_294_967_000-1<<32+12001 {
			t.Errorf("at the same time it is %d: no two frames may have the same", stamp())
		}
		r.inOrder(t, 4)
	})
}
