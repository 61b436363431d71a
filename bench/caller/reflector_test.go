package caller

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"parley/codecs"
	"parley/engine/rtp"
	"parley/signaling"
	"parley/signaling/sdp"
	"parley/signaling/sip"
)

// reflector is a media host that sends every caller his own media back.
type reflector struct {
	mu       sync.Mutex
	next     int
	legs     map[signaling.LegID]*reflected
	commands []signaling.Command
	feedback bool
	modes    []int
}

type reflected struct {
	agreement  *sdp.Negotiation
	transports [2]*rtp.Transport
	streams    [2]*rtp.Stream
	events     chan signaling.Event
}

// reflect starts a reflector and returns it and its URI.
func reflect(t *testing.T, change func(*reflector)) (*reflector, string) {
	t.Helper()
	r := &reflector{legs: map[signaling.LegID]*reflected{}, feedback: true}
	if change != nil {
		change(r)
	}
	server, err := sip.Listen(t.Context(), sip.Config{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", Host: r})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for id := range r.legs {
			r.remove(id)
		}
	})
	return r, "sip:mirror@" + server.Addr("udp").String()
}

func (r *reflector) Join(_ context.Context, _ signaling.Participant, offer []byte) (signaling.LegID, []byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	address := netip.MustParseAddr("127.0.0.1")
	l := &reflected{events: make(chan signaling.Event, 4)}
	ports := [2]int{}
	for i := range l.transports {
		var err error
		if l.transports[i], err = rtp.Listen(rtp.ListenConfig{Address: address, PortMin: portMin, PortMax: portMax}); err != nil {
			return "", nil, &signaling.Refusal{Code: signaling.CodeInternal}
		}
		ports[i] = l.transports[i].Port()
	}
	l.agreement = sdp.New(sdp.Local{
		Address: address,
		Audio:   &sdp.LocalMedia{Port: ports[0], Codecs: []string{codecs.Opus, codecs.G722, codecs.PCMU}},
		Video: &sdp.LocalMedia{
			Port: ports[1], Codecs: []string{codecs.H264}, Feedback: r.feedback,
			H264: sdp.H264Local{Level: 40, PacketizationModes: r.modes},
		},
	})
	r.next++
	id := signaling.LegID(strconv.Itoa(r.next))
	r.legs[id] = l
	if offer == nil {
		answer, err := l.agreement.Offer()
		return id, answer, err
	}
	answer, err := l.agreement.Answer(offer)
	if err != nil {
		r.remove(id)
		return "", nil, &signaling.Refusal{Code: signaling.CodeNoCodec}
	}
	l.apply()
	return id, answer, nil
}

func (l *reflected) apply() {
	m := l.agreement.Media()
	for i, s := range [2]*sdp.Stream{m.Audio, m.Video} {
		if s == nil {
			continue
		}
		receive := map[uint8]int{}
		for pt, f := range s.Formats {
			receive[pt] = f.ClockRate
		}
		set := func(c *rtp.Config) {
			c.Transport, c.Video, c.Remote, c.RemoteRTCP, c.Mux = l.transports[i], i == 1, s.Remote, s.RemoteRTCP, s.Mux
			c.SendPayloadType, c.SendClock, c.Receive = s.SendPayloadType, s.ClockRate, receive
			c.Feedback = rtp.Feedback(s.Feedback)
			c.Hooks = rtp.Hooks{Packet: func(p rtp.Packet) {
				if s.Send {
					l.streams[i].Send(p.PayloadType, p.Payload, p.Timestamp, p.Marker)
				}
			}}
			if i == 1 { // what it is asked for it asks his sender for
				c.Hooks.KeyFrameRequest = func() { l.streams[i].RequestKeyFrame() }
			}
		}
		if l.streams[i] != nil {
			l.streams[i].Reconfigure(set)
			continue
		}
		var c rtp.Config
		set(&c)
		// Packets wait in the socket until the stream is known to its hooks.
		ready := make(chan struct{})
		inner := c.Hooks.Packet
		c.Hooks.Packet = func(p rtp.Packet) { <-ready; inner(p) }
		l.streams[i] = rtp.NewStream(c)
		close(ready)
	}
}

func (r *reflector) Change(_ context.Context, id signaling.LegID, _ signaling.ChangeKind, body []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.legs[id]
	if l == nil {
		return nil, &signaling.Refusal{Code: signaling.CodeInternal}
	}
	if l.agreement.Pending() {
		if err := l.agreement.Accept(body); err != nil {
			return nil, &signaling.Refusal{Code: signaling.CodeBadSDP, Reason: err.Error()}
		}
		l.apply()
		return nil, nil
	}
	if body == nil {
		return l.agreement.Offer()
	}
	answer, err := l.agreement.Answer(body)
	if err != nil {
		return nil, &signaling.Refusal{Code: signaling.CodeBadSDP, Reason: err.Error()}
	}
	l.apply()
	return answer, nil
}

func (r *reflector) Control(id signaling.LegID, c signaling.Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, c)
}

func (r *reflector) Events(id signaling.LegID) <-chan signaling.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.legs[id]; l != nil {
		return l.events
	}
	closed := make(chan signaling.Event)
	close(closed)
	return closed
}

// tell sends an event to the only leg's signalling.
func (r *reflector) tell(e signaling.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.legs {
		l.events <- e
	}
}

func (r *reflector) Leave(id signaling.LegID, _ string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(id)
}

func (r *reflector) remove(id signaling.LegID) {
	l := r.legs[id]
	if l == nil {
		return
	}
	delete(r.legs, id)
	close(l.events)
	for i, s := range l.streams {
		if s != nil {
			s.Close()
		} else if l.transports[i] != nil {
			l.transports[i].Close()
		}
	}
}

func (r *reflector) Answers(string) bool { return true }
