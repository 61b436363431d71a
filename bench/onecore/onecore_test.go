package onecore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"parley/bench/report"
	"parley/codecs"
	"parley/codecs/native"
)

// small makes a measurement short: the figures are of no use.
func small() Options {
	return Options{
		Sizes: []Size{{320, 180}, {160, 90}}, Presets: []string{"superfast"}, Time: time.Nanosecond,
		source: Size{160, 90}, fps: 5, seconds: 1,
	}
}

func TestMeasure(t *testing.T) {
	live := codecs.PicturesLive()
	o := small()
	last, absent := Progress{}, 0
	o.Progress = func(p Progress) {
		if p.Doing != "" {
			return
		}
		if p.Done != last.Done+1 || p.Total < p.Done {
			t.Errorf("after %d of %d comes %d of %d", last.Done, last.Total, p.Done, p.Total)
		}
		if p.Result == nil {
			absent++
		}
		last = p
	}
	results, err := Measure(t.Context(), native.Codecs(), o)
	if err != nil {
		t.Fatal(err)
	}
	if last.Done != last.Total || len(results)+absent != last.Total {
		t.Errorf("%d results and %d that were not possible, of %d", len(results), absent, last.Total)
	}
	seen := map[string]bool{}
	for _, r := range results {
		key := r.Group + "/" + r.Name + "/" + r.Size
		if seen[key] {
			t.Errorf("%s is measured twice", key)
		}
		seen[key] = true
		if r.Each <= 0 || r.Median < r.Each || r.Rate <= 0 || r.PerSecond() <= 0 || r.Streams() <= 0 {
			t.Errorf("%+v", r)
		}
	}
	for _, want := range []string{
		"decode/decode/320x180", "scale/scale 160x90 to main cell of 320x180/248x140", "compose/compose 1+7 of 160x90/320x180",
		"compose/the same pictures in one more view/160x90", "encode/encode superfast/320x180", "sound/opus encode/20 ms", "sound/G722 decode/20 ms",
		"srtp/protect AES-128-GCM/1200 bytes", "srtp/unprotect AES-128-CM, HMAC-SHA1-80/80 bytes", "udp/send, 6 in a call (sendmmsg)/1212 bytes",
		"udp/receive, 48 in a call (recvmmsg)/1212 bytes",
	} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
	if t.Failed() {
		for _, key := range slices.Sorted(func(yield func(string) bool) {
			for k := range seen {
				if !yield(k) {
					return
				}
			}
		}) {
			t.Log(key)
		}
	}
	if n := codecs.PicturesLive() - live; n != 0 {
		t.Errorf("%d pictures are still held", n)
	}
}

func TestGroups(t *testing.T) {
	o := small()
	o.Groups = []string{UDP, Sound}
	results, err := Measure(t.Context(), native.Codecs(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Group != Sound && r.Group != UDP || i > 0 && r.Group == Sound && results[i-1].Group == UDP {
			t.Errorf("%d: %s", i, r.Group)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"group":  {Groups: []string{"dance"}},
		"odd":    {Sizes: []Size{{1281, 720}}},
		"small":  {Sizes: []Size{{32, 32}}},
		"time":   {Time: -1},
		"preset": {Groups: []string{Encode}, Presets: []string{"no such"}, Sizes: []Size{{160, 90}}, Time: 1, source: Size{160, 90}, fps: 5, seconds: 1},
	} {
		if _, err := Measure(t.Context(), refusing(native.Codecs()), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusing is a set whose encoders know presets, as those with C do.
func refusing(set codecs.Set) codecs.Set {
	open := set.NewVideoEncoder
	set.NewVideoEncoder = func(name string, c codecs.VideoEncoderConfig) (codecs.VideoEncoder, error) {
		if c.Preset != "" && !slices.Contains([]string{"ultrafast", "superfast", "veryfast"}, c.Preset) {
			return nil, fmt.Errorf("%w: preset %s", codecs.ErrUnsupported, c.Preset)
		}
		return open(name, c)
	}
	return set
}

func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small()
	o.Progress = func(Progress) { cancel() }
	if _, err := Measure(ctx, native.Codecs(), o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What comes out of the rounds is the fastest and the middle one, of the
// operations of a step each.
func TestMeasureOperation(t *testing.T) {
	prepared, done, closed := 0, 0, false
	op := operation{Result{Name: "count", Rate: 30}, func() (task, error) {
		return task{
			steps: 3, each: 2, close: func() { closed = true },
			prepare: func(i int) error {
				if i != prepared%3 {
					t.Errorf("step %d is the %dth", i, prepared)
				}
				prepared++
				return nil
			},
			do: func(int) error { done++; return nil },
		}, nil
	}}
	r, err := op.measure(t.Context(), 0)
	if err != nil || !closed || done != prepared || done != 3*(leastRounds+1) {
		t.Errorf("%v; %d steps prepared, %d done, closed: %v", err, prepared, done, closed)
	}
	if r.Name != "count" || r.Each < 1 || r.Median < r.Each {
		t.Errorf("%+v", r)
	}
	failure := errors.New("broken")
	op.open = func() (task, error) {
		return task{steps: 1, each: 1, close: func() { closed = true }, do: func(int) error { return failure }}, nil
	}
	closed = false
	if _, err := op.measure(t.Context(), 0); !errors.Is(err, failure) || !closed {
		t.Errorf("%v, closed: %v", err, closed)
	}
}

// An operation whose preparation takes all the time ends, too.
func TestPreparationIsBounded(t *testing.T) {
	rounds := 0
	op := operation{Result{}, func() (task, error) {
		return task{steps: 1, each: 1, close: func() {}, do: func(int) error { return nil }, prepare: func(int) error {
			rounds++
			for begin := Clock(); Clock()-begin < time.Millisecond; { // work, not sleep: the clock is of this thread
			}
			return nil
		}}, nil
	}}
	if _, err := op.measure(t.Context(), 10*time.Millisecond); err != nil || rounds > 40 {
		t.Errorf("%v after %d rounds", err, rounds)
	}
}

func TestBand(t *testing.T) {
	p := codecs.NewPicture(64, 96)
	defer p.Release()
	for i := range p.Y {
		p.Y[i] = byte(i / p.StrideY)
	}
	for i := range p.U {
		p.U[i], p.V[i] = byte(100+i/p.StrideUV), byte(200+i/p.StrideUV)
	}
	b := band(p, 64, 32)
	defer b.Release()
	c := codecs.NewPicture(64, 32)
	defer c.Release()
	copyPicture(c, b)
	if c.Y[0] != 64 || c.Y[31*c.StrideY+63] != 95 || c.U[0] != 132 || c.V[15*c.StrideUV+31] != 247 {
		t.Errorf("%d to %d, %d, %d", c.Y[0], c.Y[31*c.StrideY+63], c.U[0], c.V[15*c.StrideUV+31])
	}
}

func TestBandsOf720p(t *testing.T) {
	m := newMaterial(codecs.Set{}, Options{Sizes: []Size{{1280, 720}}, Presets: []string{"a", "b"}})
	var have []string
	for _, op := range m.encodes() {
		have = append(have, op.Name+" "+op.Size)
	}
	want := "encode a 1280x720,encode b 1280x720,encode band a 1280x592,encode band b 1280x592,encode band a 1280x128,encode band b 1280x128"
	if strings.Join(have, ",") != want {
		t.Errorf("have %s\nwant %s", strings.Join(have, ","), want)
	}
}

func TestFill(t *testing.T) {
	ms := time.Millisecond
	all := []Result{
		{Decode, "decode", "1280x720", ms, ms, 30, 921600},
		{Decode, "decode without loop filter", "1280x720", ms / 2, ms, 30, 921600},
		{Decode, "decode", "640x360", ms / 4, ms, 30, 230400},
		{Compose, "compose 1+7 of 1280x720", "1280x720", ms, ms, 30, 921600},
		{Encode, "encode chosen", "1280x720", 4 * ms, 5 * ms, 30, 921600},
		{Encode, "encode band chosen", "1280x592", 4 * ms, 5 * ms, 30, 1280 * 592},
		{Sound, "opus encode", "20 ms", ms / 4, ms, 50, 0},
		{Sound, "opus decode", "20 ms", ms / 4, ms, 50, 0},
		{UDP, "send, 6 in a call (sendmmsg)", "1212 bytes", ms / 1000, ms, 180, 0},
		{UDP, "receive, 6 in a call (recvmmsg)", "1212 bytes", ms / 1000, ms, 180, 0},
	}
	r := report.New("codecs", "v")
	Fill(r, all)
	// 30 × (1 + 1 + 4) ms + 50 × ½ ms + 180 × 2 µs = 0.20536 of a core
	if len(r.Figures) != 1 || report.Number(r.Figures[0].Value) != "4.869" {
		t.Errorf("figures: %+v", r.Figures)
	}
	if len(r.Tables) != 5 || len(r.Tables[0].Rows) != 3 || strings.Join(r.Tables[2].Rows[0], "|") != "encode chosen|1280x720|4000|250|8.3|1.25" {
		t.Errorf("tables: %+v", r.Tables)
	}
	if len(r.Curves) != 1 || r.Curves[0].Name != "decode" || r.Curves[0].X[0] != 0.2304 || r.Curves[0].Y[0] != 0.25 || r.Curves[0].Y[1] != 1 {
		t.Errorf("curves: %+v", r.Curves)
	}
	part := report.New("codecs", "v")
	Fill(part, all[:4])
	if len(part.Figures) != 0 {
		t.Errorf("a port without its encoder: %+v", part.Figures)
	}
}

// What is measured as protection protects, and the other takes it away, also
// when the sequence numbers begin anew.
func TestProtection(t *testing.T) {
	const profile = srtp.ProtectionProfileAeadAes128Gcm
	packets, err := plain(100)
	if err != nil {
		t.Fatal(err)
	}
	protect, err := newProtector(profile)
	if err != nil {
		t.Fatal(err)
	}
	unprotect, err := newUnprotector(profile)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for i, packet := range packets {
			sealed, err := protect(nil, packet)
			if err != nil || bytes.Contains(sealed[headerSize:], packet[headerSize:headerSize+8]) {
				t.Fatalf("round %d, packet %d: %v, %x", round, i, err, sealed)
			}
			if opened, err := unprotect(nil, sealed); err != nil || !bytes.Equal(opened, packet) {
				t.Fatalf("round %d, packet %d: %v, %x", round, i, err, opened)
			}
		}
	}
}
