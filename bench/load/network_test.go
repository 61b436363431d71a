package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"
)

// carried sends numbered packets, one a millisecond, and returns the numbers in
// the order in which they arrive and when, in milliseconds since the start.
func carried(n Network, seed uint64, packets int) (order []int, at []int) {
	p := newPath(n, seed, 1)
	start := time.Unix(1000, 0)
	for ms := range packets + 1000 {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		if ms < packets {
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(ms))
			p.push(now, ms%2, b[:2], b[2:])
		}
		for one, ok := p.pop(now); ok; one, ok = p.pop(now) {
			n := int(binary.BigEndian.Uint32(one.data))
			if one.lane != n%2 {
				panic("another lane")
			}
			order, at = append(order, n), append(at, ms)
		}
	}
	return order, at
}

func TestPerfectNetwork(t *testing.T) {
	if !(Network{Burst: 3}).Perfect() || (Network{Loss: 0.1}).Perfect() {
		t.Error("what is perfect?")
	}
	order, at := carried(Network{Delay: 30 * time.Millisecond}, 1, 100)
	if len(order) != 100 || !slices.IsSorted(order) || at[0] != 30 || at[99] != 129 {
		t.Errorf("%v at %v", order, at)
	}
}

func TestLossComesInBursts(t *testing.T) {
	for _, burst := range []int{1, 4} {
		order, _ := carried(Network{Loss: 0.1, Burst: burst}, 7, 20000)
		if share := 1 - float64(len(order))/20000; share < 0.08 || share > 0.12 {
			t.Errorf("burst %d: %.3f lost", burst, share)
		}
		runs := 0
		for i := 1; i < len(order); i++ {
			if order[i] != order[i-1]+1 {
				runs++
			}
		}
		length := float64(20000-len(order)) / float64(runs)
		if length < 0.9*float64(burst) || length > 1.3*float64(burst) {
			t.Errorf("burst %d: %.2f lost together", burst, length)
		}
	}
}

func TestJitterKeepsTheOrder(t *testing.T) {
	order, at := carried(Network{Jitter: 20 * time.Millisecond}, 3, 5000)
	if len(order) != 5000 || !slices.IsSorted(order) {
		t.Error("out of order, or lost")
	}
	most, same := 0, 0
	for i, n := range order {
		most = max(most, at[i]-n)
		if at[i] == n {
			same++
		}
	}
	if most < 15 || most > 21 || same > 4000 {
		t.Errorf("delayed by up to %d ms, %d of 5000 not at all", most, same)
	}
}

func TestReorderAndDuplicate(t *testing.T) {
	order, at := carried(Network{Reorder: 0.05, Duplicate: 0.02}, 5, 10000)
	if twice := len(order) - 10000; twice < 150 || twice > 250 {
		t.Errorf("%d came twice", twice)
	}
	late := 0
	for i, n := range order {
		if at[i] == n+int(reorderBy.Milliseconds()) {
			late++
		} else if at[i] != n {
			t.Fatalf("packet %d came at %d", n, at[i])
		}
	}
	if late < 450 || late > 570 {
		t.Errorf("%d came late", late)
	}
}

func TestNetworkIsReproducible(t *testing.T) {
	n := Network{Loss: 0.05, Burst: 2, Jitter: 15 * time.Millisecond, Reorder: 0.02, Duplicate: 0.02}
	a, atA := carried(n, 9, 3000)
	b, atB := carried(n, 9, 3000)
	c, _ := carried(n, 10, 3000)
	if !slices.Equal(a, b) || !slices.Equal(atA, atB) {
		t.Error("equal seeds differ")
	}
	if slices.Equal(a, c) {
		t.Error("different seeds are equal")
	}
	// More loss loses more of the same packets, and shifts no other fate.
	less, _ := carried(Network{Loss: 0.01}, 4, 3000)
	more, _ := carried(Network{Loss: 0.05}, 4, 3000)
	for _, n := range more {
		if _, ok := slices.BinarySearch(less, n); !ok {
			t.Fatalf("packet %d comes with more loss only", n)
		}
	}
}

func TestPathKeepsCopies(t *testing.T) {
	p := newPath(Network{Delay: time.Millisecond}, 1, 1)
	b, now := []byte{1, 2, 3}, time.Unix(1, 0)
	p.push(now, 0, b)
	b[0] = 9
	if one, ok := p.pop(now.Add(time.Millisecond)); !ok || !bytes.Equal(one.data, []byte{1, 2, 3}) {
		t.Errorf("%v, %v", one, ok)
	}
}

func TestNetworkCheck(t *testing.T) {
	for _, n := range []Network{{Loss: -0.1}, {Loss: 1.1}, {Reorder: 2}, {Jitter: -1}, {Delay: 2 * time.Second}} {
		if err := n.check(); !errors.Is(err, ErrPlan) {
			t.Errorf("%+v: %v", n, err)
		}
	}
}
