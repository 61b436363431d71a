//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/bench/peer"
	"parley/codecs/h264"
	"parley/engine/rtp"
)

// payloadType is that of the pictures.
const payloadType = 96

// endpoint opens an RTP stream on loopback that sends to the address, with RTCP
// on the same port. It is started once its hooks may run.
func endpoint(t *testing.T, remote netip.AddrPort, hooks rtp.Hooks) (*rtp.Stream, netip.AddrPort) {
	t.Helper()
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	transport, err := rtp.Listen(rtp.ListenConfig{Address: loopback, PortMin: 20000, PortMax: 60000})
	if err != nil {
		t.Fatal(err)
	}
	s := rtp.PrepareStream(rtp.Config{
		Transport: transport, Video: true, CNAME: "e2e", Remote: remote, RemoteRTCP: remote, Mux: true,
		SendPayloadType: payloadType, SendClock: 90000, Receive: map[uint8]int{payloadType: 90000},
		Feedback: rtp.Feedback{NACK: true, PLI: true}, Hooks: hooks,
	})
	t.Cleanup(s.Close)
	return s, netip.AddrPortFrom(loopback, uint16(transport.Port()))
}

// viewer receives one stream and keeps what a decoder may be given: whole
// access units, each of which follows the one before or begins anew.
type viewer struct {
	stream   *rtp.Stream
	receiver *rtp.VideoReceiver
	wake     chan struct{}
	keep     int // so many
	full     chan struct{}

	units  []peer.CodedPicture
	usable bool // what comes next can be decoded
	wanted bool // a key frame
	gaps   int  // times that something was missing for good
}

// viewerWait is how long a missing packet is waited for: enough for a few NACKs
// on a machine that is busy with other tests.
const viewerWait = 250 * time.Millisecond

func newViewer(t *testing.T, remote netip.AddrPort, keep int) (*viewer, netip.AddrPort) {
	receiver := rtp.NewVideoReceiver()
	receiver.SetWait(viewerWait)
	v := &viewer{receiver: receiver, wake: make(chan struct{}, 1), keep: keep, full: make(chan struct{})}
	var local netip.AddrPort
	v.stream, local = endpoint(t, remote, rtp.Hooks{Packet: func(p rtp.Packet) {
		v.receiver.Push(p)
		select {
		case v.wake <- struct{}{}:
		default:
		}
	}})
	return v, local
}

// run receives until there is enough or ctx ends.
func (v *viewer) run(ctx context.Context) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.wake:
		case <-ticker.C:
			if v.stream.LastArrival().IsZero() {
				continue
			}
			if v.wanted {
				v.stream.RequestKeyFrame() // not more often than is allowed
			}
		}
		// Asked for before it is given up, however late that is.
		if missing := v.receiver.Missing(time.Now()); len(missing) > 0 {
			v.stream.Nack(missing)
		}
		for {
			u, ok := v.receiver.Pop(time.Now())
			if !ok {
				break
			}
			v.take(u)
			if len(v.units) == v.keep {
				close(v.full)
				return
			}
		}
	}
}

func (v *viewer) take(u rtp.AccessUnit) {
	switch {
	case u.Key && !u.Damaged:
		v.usable, v.wanted = true, false
	case u.Gap || u.Damaged || !v.usable:
		if v.usable {
			v.gaps++
		}
		v.usable, v.wanted = false, true
	}
	if v.usable {
		v.units = append(v.units, peer.CodedPicture{Data: bytes.Clone(u.Data), Timestamp: u.Timestamp, Key: u.Key})
	}
}

// broadcast is a receiver's side of a conference: what he is to see changes,
// and is stitched and sent.
type broadcast struct {
	studio     *studio
	stitcher   *h264.Stitcher
	stream     *rtp.Stream
	packetizer rtp.Packetizer
	asked      atomic.Bool // the viewer lost something

	watch   [2]*feed
	holds   [2]shown
	wantIDR bool
	made    map[uint32][2]shown // by timestamp
	did     map[string]int
}

// pictureTicks is the distance of pictures in units of the RTP clock.
const pictureTicks = 3000

// run sends a picture 30 times a second until stop is closed.
func (b *broadcast) run(ctx context.Context, stop <-chan struct{}) error {
	ticker := time.NewTicker(time.Second / 30)
	defer ticker.Stop()
	b.watch = [2]*feed{b.studio.large[0], b.studio.strips[0]}
	for timestamp := rand.Uint32(); ; timestamp += pictureTicks {
		if err := b.next(timestamp); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// due reports whether picture n is one of those, every so many, at which
// something happens.
func due(n, every int) bool { return n%every == every/2 }

// direct changes what is watched.
func (b *broadcast) direct() {
	n := b.studio.n
	if due(n, 23) {
		b.watch[1] = b.studio.strips[(n/23+1)%3]
	}
	if due(n, 37) {
		b.watch[0] = b.studio.large[(n/37+1)%2]
	}
	if due(n, 97) {
		b.wantIDR = true
		b.did["IDR pictures along the way"]++
	}
	if b.asked.Swap(false) {
		b.wantIDR = true
		b.did["IDR pictures on request"]++
	}
	if b.wantIDR {
		for _, f := range b.watch {
			f.intra = true
		}
	}
}

// next makes and sends a picture.
func (b *broadcast) next(timestamp uint32) error {
	b.direct()
	late := [2]bool{due(b.studio.n, 67), due(b.studio.n, 41)}
	if err := b.studio.next(); err != nil {
		return err
	}
	var frames [2]*h264.Frame
	for i, f := range b.watch {
		if f.fresh && !late[i] {
			frames[i] = &f.frame
		} else if f.fresh {
			b.did["late bands"]++
		}
	}
	idr := b.wantIDR
	u, err := b.stitcher.Next(frames[:], idr)
	var missing *h264.IntraError
	if errors.As(err, &missing) {
		b.did["refused bands"] += len(missing.Bands)
		for _, i := range missing.Bands {
			b.watch[i].intra = true
			frames[i] = nil
		}
		idr = false
		if u, err = b.stitcher.Next(frames[:], false); errors.As(err, &missing) && len(b.made) == 0 {
			return nil // the first picture must be whole
		}
	}
	if err != nil {
		return err
	}
	for i, f := range frames {
		if f == nil {
			b.did["bands left as they were"]++
			continue
		}
		if f.Intra() && !u.Key {
			b.did["bands that begin anew in an ordinary picture"]++
		}
		b.holds[i] = shown{b.watch[i], len(b.watch[i].units) - 1}
	}
	if u.Key {
		b.wantIDR = false
	}
	b.made[timestamp] = b.holds
	return b.stream.SendFrame(b.packetizer.Split(u.Data), timestamp)
}

// air sends pictures through a bad network until the viewer has enough of them.
func air(ctx context.Context, t *testing.T, b *broadcast, pictures int, seed uint64) *viewer {
	t.Helper()
	network := newRelay(t, seed)
	front, back := network.addresses()
	v, receiver := newViewer(t, back, pictures)
	stream, sender := endpoint(t, front, rtp.Hooks{KeyFrameRequest: func() { b.asked.Store(true) }})
	b.stream = stream
	network.connect(sender, receiver)
	b.stream.Start()
	v.stream.Start()
	ctx, cancel := context.WithCancel(ctx)
	var receiving sync.WaitGroup
	receiving.Go(func() { v.run(ctx) })
	err := b.run(ctx, v.full)
	cancel()
	receiving.Wait()
	if err != nil {
		t.Fatalf("%d pictures received: %v", len(v.units), err)
	}
	s, r := b.stream.Stats(), v.receiver.Counters()
	t.Logf("relay: %d packets carried, %d lost, %d lost for ever, %d late; %d sent again on NACK; %d key frames asked for, %d gaps, %d packets given up, %d pictures damaged",
		network.carried.Load(), network.lost.Load(), network.doomed.Load(), network.delayed.Load(), s.Retransmitted,
		s.KeyFrameRequestsReceived, v.gaps, r.Skipped, r.Damaged)
	for what, n := range map[string]uint64{
		"lost packets": uint64(network.lost.Load()), "late packets": uint64(network.delayed.Load()),
		"packets sent again": s.Retransmitted, "key frames asked for": s.KeyFrameRequestsReceived, "gaps": uint64(v.gaps),
	} {
		if n == 0 {
			t.Errorf("never happened: %s", what)
		}
	}
	if b.packetizer.Oversize > 0 {
		t.Errorf("%d NAL units were larger than a packet", b.packetizer.Oversize)
	}
	return v
}
