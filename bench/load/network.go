package load

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// Network is what every packet of a caller suffers on its way, either way. The
// zero value is a perfect network. Equal seeds do the same to equal packets.
type Network struct {
	Loss      float64       // share of packets that are lost, 0..1
	Burst     int           // packets lost together; 0 or 1 = each on its own
	Delay     time.Duration // that every packet takes
	Jitter    time.Duration // at most so much is added, differently for each; order is kept
	Reorder   float64       // share of packets that come late, behind those after them
	Duplicate float64       // share of packets that come twice
}

// reorderBy is how much later a packet comes that comes out of order.
const reorderBy = 25 * time.Millisecond

// Perfect reports whether packets suffer nothing.
func (n Network) Perfect() bool { return n == Network{Burst: n.Burst} }

func (n Network) check() error {
	for _, share := range []float64{n.Loss, n.Reorder, n.Duplicate} {
		if share < 0 || share > 1 {
			return fmt.Errorf("%w: network: share %v", ErrPlan, share)
		}
	}
	if n.Delay < 0 || n.Jitter < 0 || n.Delay+n.Jitter > time.Second {
		return fmt.Errorf("%w: network: delay %v, jitter %v", ErrPlan, n.Delay, n.Jitter)
	}
	return nil
}

// path is one direction of a caller's network. Pure: driven by the times that
// it is given.
type path struct {
	network Network
	random  *rand.Rand
	burst   int       // packets still to lose
	last    time.Time // when the newest in order arrives
	count   uint64
	held    underway
	Lost    uint64
}

func newPath(n Network, seed, stream uint64) *path {
	return &path{network: n, random: rand.New(rand.NewPCG(seed, stream))}
}

// parcel is a packet under way.
type parcel struct {
	due   time.Time
	order uint64
	data  []byte
	lane  int // 0 = RTP, 1 = RTCP
}

// push takes a packet, of which it keeps a copy.
func (p *path) push(now time.Time, lane int, data ...[]byte) {
	n := p.network
	// All is drawn for every packet, so that one fate does not shift the others.
	lost, jitter, late, twice := p.random.Float64(), p.random.Float64(), p.random.Float64(), p.random.Float64()
	length := max(n.Burst, 1)
	if p.burst == 0 && lost*float64(length) < n.Loss {
		p.burst = length
	}
	if p.burst > 0 {
		p.burst--
		p.Lost++
		return
	}
	due := now.Add(n.Delay + time.Duration(jitter*float64(n.Jitter)))
	if late < n.Reorder {
		due = due.Add(reorderBy)
	} else {
		if due.Before(p.last) {
			due = p.last
		}
		p.last = due
	}
	var packet []byte
	for _, part := range data {
		packet = append(packet, part...)
	}
	p.hold(parcel{due: due, data: packet, lane: lane})
	if twice < n.Duplicate {
		p.hold(parcel{due: due, data: packet, lane: lane})
	}
}

func (p *path) hold(one parcel) {
	p.count++
	one.order = p.count
	heap.Push(&p.held, one)
}

// pop returns the next packet that has arrived by now.
func (p *path) pop(now time.Time) (parcel, bool) {
	if len(p.held) == 0 || p.held[0].due.After(now) {
		return parcel{}, false
	}
	return heap.Pop(&p.held).(parcel), true
}

// underway is a heap of parcels, the first to arrive on top.
type underway []parcel

func (u underway) Len() int      { return len(u) }
func (u underway) Swap(i, j int) { u[i], u[j] = u[j], u[i] }
func (u underway) Less(i, j int) bool {
	if u[i].due.Equal(u[j].due) {
		return u[i].order < u[j].order
	}
	return u[i].due.Before(u[j].due)
}

// Push implements heap.Interface.
func (u *underway) Push(x any) { *u = append(*u, x.(parcel)) }

// Pop implements heap.Interface.
func (u *underway) Pop() any {
	last := len(*u) - 1
	x := (*u)[last]
	(*u)[last] = parcel{}
	*u = (*u)[:last]
	return x
}
