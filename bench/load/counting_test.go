package load

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"parley/bench/clip"
	"parley/codecs"
	"parley/engine/rtp"
)

var epoch = time.Unix(1_700_000_000, 0)

// ms is so many milliseconds after epoch.
func ms(n float64) time.Time { return epoch.Add(time.Duration(n * float64(time.Millisecond))) }

func TestFrames(t *testing.T) {
	f := frames{every: time.Second / 30}
	timestamp := uint32(math.MaxUint32 - 5000) // wraps
	for i := range 30 {
		at := float64(i) * 1000 / 30
		switch i {
		case 10:
			at += 50 // late
		case 20:
			timestamp += 2 * 3000 // two are left out
		}
		if i >= 20 {
			at += 2000.0 / 30
		}
		if !f.packet(timestamp, ms(at)) {
			t.Fatalf("picture %d does not begin", i)
		}
		if f.packet(timestamp, ms(at+1)) || f.packet(timestamp-3000, ms(at+2)) {
			t.Fatalf("picture %d begins twice", i)
		}
		if came, ok := f.arrival(timestamp); !ok || !came.Equal(ms(at)) {
			t.Fatalf("picture %d came at %v, %v", i, came, ok)
		}
		timestamp += 3000
	}
	if c := f.count; c.frames != 30 || c.late != 1 || c.missing != 2 {
		t.Errorf("%+v", c)
	}
	if _, ok := f.arrival(12345); ok {
		t.Error("a picture that never came has a time")
	}
	f.restart()
	if !f.packet(99, ms(5000)) || f.count.missing != 2 || f.count.late != 1 {
		t.Errorf("another sender counts as a gap: %+v", f.count)
	}
}

// Half the frame rate is no picture left out; a few gaps are.
func TestHalfTheFrameRate(t *testing.T) {
	f := frames{every: time.Second / 30}
	timestamp, at := uint32(7), 0.0
	show := func(n int, steps uint32) {
		for range n {
			timestamp += 3000 * steps
			at += float64(steps) * 1000 / 30
			f.packet(timestamp, ms(at))
		}
	}
	show(10, 1)
	show(3, 2)
	show(10, 1)
	if f.count.missing != 3 {
		t.Errorf("%d left out, want 3", f.count.missing)
	}
	show(100, 2)
	show(1, 4) // one of those at half the rate, and the tick between
	show(10, 2)
	show(10, 1)
	if f.count.missing != 4 || f.count.half != 111 {
		t.Errorf("%d left out, want 4; %d at half the rate, want 111", f.count.missing, f.count.half)
	}
}

// Who is on a rung of another rate misses nothing but what is left out of that,
// also where the server is short of time there.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		name    string
		steps   [][2]int // so many steps, of so many picture times
		missing uint64
	}{
		{"full rate", [][2]int{{90, 1}}, 0},
		{"half from the start", [][2]int{{90, 2}}, 0},
		{"down a rung and up again", [][2]int{{60, 1}, {60, 2}, {60, 1}}, 0},
		{"a third", [][2]int{{60, 1}, {60, 3}}, 0},
		{"one left out", [][2]int{{30, 1}, {1, 2}, {30, 1}}, 1},
		{"every second for a quarter of a second", [][2]int{{30, 1}, {7, 2}, {30, 1}}, 7},
		{"unsteady", [][2]int{{9, 1}, {5, 2}, {5, 3}, {5, 2}, {9, 1}}, 20},
		{"one left out at half the rate", [][2]int{{60, 2}, {1, 4}, {3, 2}, {1, 4}, {60, 2}}, 2},
		{"three left out at half the rate", [][2]int{{60, 2}, {1, 8}, {60, 2}}, 3},
		{"a tick late at half the rate", [][2]int{{60, 2}, {1, 3}, {1, 1}, {3, 2}, {1, 1}, {1, 3}, {60, 2}}, 0},
		{"two ticks late at half the rate", [][2]int{{60, 2}, {1, 3}, {3, 2}, {1, 3}, {60, 2}}, 1},
		{"one left out when the full rate is back", [][2]int{{60, 2}, {2, 1}, {1, 2}, {30, 1}}, 1},
		{"nothing for a while", [][2]int{{30, 1}, {1, 200}, {30, 1}}, 0},
	} {
		f := frames{every: time.Second / 30}
		timestamp, at := uint32(7), 0
		f.packet(timestamp, ms(0))
		for _, row := range test.steps {
			for range row[0] {
				timestamp += uint32(row[1]) * 3000
				at += row[1]
				f.packet(timestamp, ms(float64(at)*1000/30))
			}
		}
		if f.count.missing != test.missing || f.count.late != 0 {
			t.Errorf("%s: %d left out, want %d; %d late", test.name, f.count.missing, test.missing, f.count.late)
		}
	}
}

func TestReception(t *testing.T) {
	r := reception{clock: 90000}
	var last int64
	sequence := uint16(65530)
	for i := range 20 {
		extended, changed := r.take(7, sequence, uint32(i*3000), 100, ms(float64(i)*1000/30))
		if changed != (i == 0) || i > 0 && extended != last+1 {
			t.Fatalf("packet %d: %d after %d, changed %v", i, extended, last, changed)
		}
		last = extended
		sequence++
	}
	if r.lost() != 0 {
		t.Errorf("%d lost", r.lost())
	}
	sequence += 5
	r.take(7, sequence, 0, 100, ms(700))
	if r.lost() != 5 {
		t.Errorf("%d lost, want 5", r.lost())
	}
	b := r.blocks(ms(800))
	if len(b) != 1 || b[0].SSRC != 7 || b[0].TotalLost != 5 || b[0].FractionLost != 5*256/26 {
		t.Errorf("%+v", b)
	}
	if b = r.blocks(ms(900)); b[0].FractionLost != 0 {
		t.Errorf("lost twice: %+v", b)
	}
	// Another sender goes on far above, and what the first one lost stays lost.
	extended, changed := r.take(8, 3, 0, 100, ms(1000))
	if !changed || extended < last+65536 || r.lost() != 5 {
		t.Errorf("%d, %v, %d lost", extended, changed, r.lost())
	}
}

func TestMoments(t *testing.T) {
	r := reception{clock: 48000}
	if r.blocks(epoch) != nil {
		t.Error("a block about nobody")
	}
	r.take(7, 1, 1000, 10, epoch)
	if _, ok := r.moment(1000); ok {
		t.Error("a time without a report")
	}
	wall := time.Unix(1_700_000_100, 250_000_000)
	r.report(&rtcp.SenderReport{SSRC: 99, NTPTime: ntpOf(wall), RTPTime: 0}, epoch) // of somebody else
	if _, ok := r.moment(1000); ok {
		t.Error("the report of another is taken")
	}
	r.report(&rtcp.SenderReport{SSRC: 7, NTPTime: ntpOf(wall), RTPTime: math.MaxUint32 - 100}, epoch)
	for _, test := range []struct {
		timestamp uint32
		after     time.Duration
	}{{math.MaxUint32 - 100, 0}, {48000 - 101, time.Second}, {math.MaxUint32 - 100 - 480, -10 * time.Millisecond}} {
		at, ok := r.moment(test.timestamp)
		if d := at.Sub(wall) - test.after; !ok || d < -time.Microsecond || d > time.Microsecond {
			t.Errorf("%d: %v, want %v after", test.timestamp, at.Sub(wall), test.after)
		}
	}
	if b := r.blocks(ms(500)); b[0].LastSenderReport == 0 || b[0].Delay != 32768 {
		t.Errorf("%+v", b)
	}
}

func TestSightings(t *testing.T) {
	var s sightings
	m := clip.Mark{Caller: 3, Picture: 17}
	if _, ok := s.picture(m, ms(0)); ok {
		t.Error("seen before it was sent")
	}
	s.show(m, instant{sent: ms(100), due: ms(98)})
	for _, test := range []struct {
		came float64
		ok   bool
	}{{99, false}, {130, true}, {1000, true}, {1200, false}} {
		if at, ok := s.picture(m, ms(test.came)); ok != test.ok || ok && !at.sent.Equal(ms(100)) {
			t.Errorf("at %v ms: %v, %v", test.came, at, ok)
		}
	}
	s.show(m, instant{sent: ms(2100)}) // the next loop
	if at, ok := s.picture(m, ms(2140)); !ok || !at.sent.Equal(ms(2100)) {
		t.Error("the loop before is meant")
	}
	for i := range 40 {
		s.say(instant{sent: ms(float64(i) * 1000), onset: 8 * time.Millisecond})
	}
	if at, ok := s.beep(ms(39_048)); !ok || !at.sent.Equal(ms(39_000)) {
		t.Errorf("%v, %v", at, ok)
	}
	if at, ok := s.beep(ms(38_999)); !ok || !at.sent.Equal(ms(38_000)) {
		t.Errorf("%v, %v", at, ok)
	}
	if _, ok := s.beep(ms(45_000)); ok {
		t.Error("a beep of long ago")
	}
}

func TestBeepsAreFound(t *testing.T) {
	samples := clip.SoundSpec{Kind: clip.Speech, Caller: 4, Level: -26, Beeps: true}.Samples()
	var b beeps
	var found []int
	for i := 0; i < len(samples); i += codecs.FrameSamples {
		if at, ok := b.find(samples[i : i+codecs.FrameSamples]); ok {
			found = append(found, i+at)
		}
	}
	if len(found) != 4 {
		t.Fatalf("found at %v, want once a second", found)
	}
	for i, at := range found {
		if late := at - i*codecs.SampleRate; late < 0 || late > beepWindow {
			t.Errorf("beep %d is found %d samples late", i, late)
		}
		// However loud the voice is at that moment, to a millisecond.
		if d := at - i*codecs.SampleRate - found[0]; d < -48 || d > 48 {
			t.Errorf("beep %d is found %d samples apart from the first", i, d)
		}
	}
	// Where it begins in its frame makes no difference.
	b = beeps{}
	shifted := append(make([]float32, 333), samples[:codecs.SampleRate/2]...)
	if at, ok := b.find(shifted); !ok || at-333 < found[0]-3 || at-333 > found[0]+3 {
		t.Errorf("shifted: %d, %v; want %d", at-333, ok, found[0])
	}
}

func TestTurns(t *testing.T) {
	c := conference{turn: time.Second, begun: epoch}
	if talking, lately := c.talks(0, ms(10)); talking || lately {
		t.Error("talks before he is in")
	}
	c.members.Store(&[]int{0, 2, 5})
	for _, test := range []struct {
		at              float64
		talks, previous int
	}{{0, 0, -1}, {999, 0, -1}, {1000, 2, 0}, {2500, 5, 2}, {3000, 0, 5}} {
		for _, who := range []int{0, 2, 5, 7} {
			talking, lately := c.talks(who, ms(test.at))
			if talking != (who == test.talks) || lately != (who == test.talks || who == test.previous) {
				t.Errorf("%v ms, caller %d: %v, %v", test.at, who, talking, lately)
			}
		}
	}
}

func TestFewTalk(t *testing.T) {
	c := conference{turn: time.Second, begun: epoch, talkers: 2}
	c.members.Store(&[]int{0, 2, 5})
	for at, who := range map[float64]int{0: 0, 1000: 2, 2000: 0} {
		if talking, _ := c.talks(who, ms(at)); !talking {
			t.Errorf("%v ms: caller %d is silent", at, who)
		}
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{4, 1, 3, 2, 5}
	for _, test := range []struct{ q, want float64 }{{0, 1}, {0.5, 3}, {1, 5}, {0.99, 4.96}, {0.125, 1.5}} {
		if v := Quantile(values, test.q); math.Abs(v-test.want) > 1e-12 {
			t.Errorf("%v: %v, want %v", test.q, v, test.want)
		}
	}
	if Quantile(nil, 0.5) != 0 || Quantile([]float64{7}, 0.99) != 7 {
		t.Error("of none or one")
	}
}

func TestPlan(t *testing.T) {
	good := Plan{URIs: []string{"sip:a@b"}}
	p, err := good.WithDefaults()
	if err != nil || p.Width != 1280 || p.FPS != 30 || p.Level != 31 || p.Looks != 8 || p.Noise != 6 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, _ = (Plan{URIs: good.URIs, Width: 1920, Height: 1080, Noise: -1}).WithDefaults(); p.Level != 40 || p.Noise != 0 {
		t.Errorf("1080p at level %d, noise %d", p.Level, p.Noise)
	}
	for _, bad := range []Plan{
		{},
		{URIs: good.URIs, Looks: 17},
		{URIs: good.URIs, FPS: 120},
		{URIs: good.URIs, Turn: time.Millisecond},
		{URIs: good.URIs, Network: Network{Loss: 3}},
	} {
		if _, err := bad.WithDefaults(); !errors.Is(err, ErrPlan) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// Bytes of the network: whatever comes, nothing breaks.
func FuzzArrived(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3}, false)
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, true)
	f.Add([]byte{0x81, 205, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 7, 0, 1}, true)
	f.Fuzz(func(_ *testing.T, b []byte, control bool) {
		c := Caller{conference: &conference{}, frames: frames{every: time.Second / 30}}
		c.plan = &Plan{}
		s := &stream{video: true, sending: newSending(rand.New(rand.NewPCG(1, 1))), formats: map[uint8]string{96: codecs.H264}}
		s.out = newPath(Network{}, 1, 1) // nothing is sent
		s.packet = func(p rtp.Packet) { c.frames.packet(p.Timestamp, p.Arrival) }
		lane := 0
		if control {
			lane = 1
		}
		p := &pump{}
		for i := range 3 {
			s.arrived(p, lane, b, ms(float64(i)*20))
		}
		s.reception.blocks(ms(100))
		s.reception.moment(5)
	})
}
