package engine

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"parley/codecs"
	"parley/codecs/fake"
	"parley/composer"
	"parley/engine/rtp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// colours are the flat pictures that phones send: far apart, none near black.
var colours = [][3]byte{
	{80, 90, 240},
	{145, 54, 34},
	{170, 166, 16},
	{106, 202, 222},
	{60, 200, 110},
	{200, 128, 128},
	{120, 60, 180},
	{180, 100, 60},
	{90, 150, 90},
	{140, 180, 60},
}

// phone is the far end of a leg, on real sockets.
type phone struct {
	leg    *Leg
	colour [3]byte
	stream *rtp.Stream
	enc    codecs.VideoEncoder
	frame  *codecs.Picture

	mu         sync.Mutex
	recv       *rtp.VideoReceiver
	dec        codecs.VideoDecoder
	picture    *codecs.Picture // newest decoded
	frames     int
	packetizer rtp.Packetizer
	clock      uint32
	needKey    bool
	stamp      uint32 // RTP timestamp of the newest packet
	jumps      int    // how often it went back, or far ahead
	allowed    int    // bit/s that the conference asked for last, 0 = it did not ask
}

type phoneOption func(*LegConfig)

func testConfig(name string, own OwnThumbnail) ConferenceConfig {
	layout, _ := composer.Find(composer.OneMainSevenPips)
	return ConferenceConfig{Name: name, Layout: layout, OwnThumbnail: own, Welcome: []string{"Welcome"}}
}

func transports(t *testing.T) (*rtp.Transport, *rtp.Transport) {
	t.Helper()
	var pair [2]*rtp.Transport
	for i := range pair {
		tr, err := rtp.Listen(rtp.ListenConfig{Address: loopback, PortMin: 42000, PortMax: 47999})
		if err != nil {
			t.Fatal(err)
		}
		pair[i] = tr
	}
	return pair[0], pair[1]
}

// join calls a conference of e with a phone that sends and receives video.
func join(t *testing.T, e *Engine, c ConferenceConfig, index int, options ...phoneOption) *phone {
	t.Helper()
	ours, theirs := transports(t)
	p := &phone{colour: colours[index], recv: rtp.NewVideoReceiver(), dec: fake.NewVideoDecoder()}
	p.packetizer = rtp.Packetizer{Mode: 1, MTU: 1200}
	cfg := LegConfig{
		ID: string(rune('A' + index)), DisplayName: fmt.Sprintf("Caller %c", 'A'+index),
		Video: &VideoConfig{
			RTP: rtp.Config{
				Transport: ours, Video: true, CNAME: "x", SendPayloadType: 97, SendClock: codecs.VideoClock,
				Remote:     netip.AddrPortFrom(loopback, uint16(theirs.Port())),
				RemoteRTCP: netip.AddrPortFrom(loopback, uint16(theirs.Port()+1)),
				Receive:    map[uint8]int{97: codecs.VideoClock},
				Feedback:   rtp.Feedback{NACK: true, PLI: true},
			},
			Send: true, Receive: true, Codec: codecs.H264, Formats: map[uint8]string{97: codecs.H264},
			Limits: levelLimits[31],
		},
	}
	cfg.Video.Limits.PacketizationMode = 1
	for _, o := range options {
		o(&cfg)
	}
	leg, err := e.Join(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.leg = leg
	var encErr error
	if p.enc, encErr = fake.NewVideoEncoder(codecs.VideoEncoderConfig{Width: 1280, Height: 720, FPS: 30, Bitrate: 1_000_000}); encErr != nil {
		t.Fatal(encErr)
	}
	p.frame = codecs.NewPicture(1280, 720)
	fill(p.frame, p.colour)
	p.needKey = true
	p.stream = rtp.NewStream(rtp.Config{
		Transport: theirs, Video: true, CNAME: "y", SendPayloadType: 97, SendClock: codecs.VideoClock,
		Remote:     netip.AddrPortFrom(loopback, uint16(ours.Port())),
		RemoteRTCP: netip.AddrPortFrom(loopback, uint16(ours.Port()+1)),
		Receive:    map[uint8]int{97: codecs.VideoClock},
		Feedback:   rtp.Feedback{NACK: true, PLI: true},
		Hooks: rtp.Hooks{Packet: p.receive, KeyFrameRequest: func() {
			p.mu.Lock()
			p.needKey = true
			p.mu.Unlock()
		}, BitrateRequest: func(bitrate int) {
			p.mu.Lock()
			p.allowed = bitrate
			p.mu.Unlock()
		}},
	})
	return p
}

func fill(p *codecs.Picture, c [3]byte) {
	for i := range p.Y {
		p.Y[i] = c[0]
	}
	for i := range p.U {
		p.U[i], p.V[i] = c[1], c[2]
	}
}

// send sends one frame of the phone's colour.
func (p *phone) send(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	key := p.needKey
	p.needKey = false
	p.clock += 3000
	p.mu.Unlock()
	au, err := p.enc.Encode(p.frame, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stream.SendFrame(p.packetizer.Split(au.Data), p.clock); err != nil {
		t.Fatal(err)
	}
}

func (p *phone) receive(pkt rtp.Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step := int32(pkt.Timestamp - p.stamp); p.stamp != 0 && (step < 0 || step > codecs.VideoClock) {
		p.jumps++
	}
	p.stamp = pkt.Timestamp
	p.recv.Push(pkt)
	for {
		au, ok := p.recv.Pop(pkt.Arrival)
		if !ok {
			return
		}
		if pic, err := p.dec.Decode(au.Data, au.Timestamp); err == nil && pic != nil {
			p.picture.Release()
			p.picture = pic
			p.frames++
		}
	}
}

// shows returns the colour in the middle of each cell of what the phone got
// last, and its size.
func (p *phone) shows() (cells [][3]byte, width, height int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.picture == nil {
		return nil, 0, 0
	}
	layout, _ := composer.Find(composer.OneMainSevenPips)
	for _, r := range layout.Resolve(p.picture.Width, p.picture.Height) {
		x, y := r.X+r.W/2, r.Y+r.H/3
		cells = append(cells, [3]byte{
			p.picture.Y[y*p.picture.StrideY+x],
			p.picture.U[y/2*p.picture.StrideUV+x/2],
			p.picture.V[y/2*p.picture.StrideUV+x/2],
		})
	}
	return cells, p.picture.Width, p.picture.Height
}

// names turns the cells into the letters of those seen: '.' is black, '?' neither.
func (p *phone) names() string {
	cells, _, _ := p.shows()
	s := ""
	for _, c := range cells {
		s += string(nearest(c))
	}
	return s
}

func nearest(c [3]byte) rune {
	if c[0] < 32 {
		return '.'
	}
	for i, want := range colours {
		d := 0
		for k := range c {
			d = max(d, abs(int(c[k])-int(want[k])))
		}
		if d <= 12 {
			return rune('A' + i)
		}
	}
	return '?'
}

func abs(x int) int { return max(x, -x) }

func (p *phone) close() {
	p.leg.Close()
	p.stream.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.picture.Release()
	p.picture = nil
	p.frame.Release()
	p.enc.Close()
	p.dec.Close()
}

// drive sends and composes frame by frame until ok holds.
func drive(t *testing.T, c *Conference, phones []*phone, what string, ok func() bool) {
	t.Helper()
	now := time.Now()
	deadline := now.Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		for _, p := range phones {
			p.send(t)
		}
		now = now.Add(time.Second / FrameRate)
		c.Compose(now)
		if (<-tick.C).After(deadline) {
			for _, p := range phones {
				t.Logf("%s sees %q", p.leg.id, p.names())
			}
			t.Fatalf("never: %s", what)
		}
	}
}
