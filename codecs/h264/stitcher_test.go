package h264

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// reader reads one of the streams, as often as it takes.
type reader struct {
	t      testing.TB
	source *Source
	frame  *Frame
}

func newReader(t testing.TB) *reader { return &reader{t, &Source{}, &Frame{}} }

// read reads an access unit of a stream into a frame of its own.
func (r *reader) read(unit []byte) *Frame {
	r.t.Helper()
	r.frame = &Frame{}
	if err := r.source.Read(r.frame, unit); err != nil {
		r.t.Fatal(err)
	}
	return r.frame
}

// twoBands is a layout for two bands of the test streams.
func twoBands(profile uint8) Layout {
	return Layout{Width: 48, Height: 96, Profile: profile, Level: 31, Rows: []int{3, 3}}
}

func newTestStitcher(t testing.TB, l Layout) *Stitcher {
	t.Helper()
	s, err := NewStitcher(l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRefusals goes through what the stitcher must refuse, and that it goes on after it.
func TestRefusals(t *testing.T) {
	stream := streams[1]
	s := newTestStitcher(t, twoBands(Main))
	check := checker{layout: twoBands(Main)}
	a, b, other := newReader(t), newReader(t), newReader(t)
	want := func(name string, frames []*Frame, idr bool, key bool, bands ...int) {
		t.Helper()
		unit, err := s.Next(frames, idr)
		var missing *IntraError
		if errors.As(err, &missing) {
			if !slices.Equal(missing.Bands, bands) {
				t.Fatalf("%s: bands %v, want %v", name, missing.Bands, bands)
			}
			if unit.Data != nil {
				t.Fatalf("%s: refused with data", name)
			}
			return
		}
		if err != nil || bands != nil {
			t.Fatalf("%s: error %v, want %v", name, err, bands)
		}
		if unit.Key != key {
			t.Fatalf("%s: key %v", name, unit.Key)
		}
		if err := check.unit(unit); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	p := newReader(t)
	p.read(stream[0])
	want("nothing yet", []*Frame{nil, nil}, false, false, 0, 1)
	want("one band only", []*Frame{a.read(stream[0]), nil}, false, false, 1)
	want("a P frame first", []*Frame{a.frame, p.read(stream[1])}, false, false, 1)
	want("first", []*Frame{a.frame, b.read(stream[0])}, false, true)
	a0 := a.frame
	want("P", []*Frame{a.read(stream[1]), b.read(stream[1])}, false, false)
	want("the same again", []*Frame{a.frame, b.frame}, false, false)
	want("one of them", []*Frame{nil, b.read(stream[2])}, false, false)
	want("IDR without intra", []*Frame{a.read(stream[2]), nil}, true, false, 0, 1)
	want("the refused frame, later", []*Frame{a.frame, nil}, false, false)
	want("change of source", []*Frame{other.read(stream[0]), nil}, false, false)
	want("back without intra", []*Frame{a.frame, nil}, false, false, 0)
	want("back with an old intra frame", []*Frame{a0, nil}, false, false)
	want("but not two later", []*Frame{a.frame, nil}, false, false, 0)
	want("source of the other band", []*Frame{b.frame, nil}, false, false, 0)
	want("skip", []*Frame{nil, nil}, false, false)
	want("other goes on elsewhere", []*Frame{other.read(stream[1]), nil}, false, false, 0)
	want("intra again", []*Frame{a.read(stream[0]), nil}, false, false)
	a.read(stream[1])
	want("a gap", []*Frame{a.read(stream[2]), nil}, false, false, 0)
	want("IDR", []*Frame{a.read(stream[0]), b.read(stream[0])}, true, true)
	want("IDR again", []*Frame{a.frame, b.frame}, true, true)
	b.source.Lost()
	want("told loss", []*Frame{a.read(stream[1]), b.read(stream[1])}, false, false, 1)
	if err := b.source.Read(&Frame{}, stream[2][:6]); err == nil {
		t.Error("half a header read")
	}
	want("intra after a loss", []*Frame{nil, b.read(stream[0])}, false, false)
	want("frame_num jumps", []*Frame{nil, b.read(stream[2])}, false, false, 1)
	want("still", []*Frame{a.frame, nil}, false, false)
}

// TestMismatch gives frames that do not fit the picture.
func TestMismatch(t *testing.T) {
	cavlc, cabac := newReader(t).read(streams[0][0]), newReader(t).read(streams[1][0])
	for _, c := range []struct {
		name   string
		layout Layout
		frames []*Frame
		band   int
		err    error
	}{
		{"both entropy codings", twoBands(Main), []*Frame{cavlc, cabac}, 1, ErrMismatch},
		{"CABAC in Baseline", twoBands(Baseline), []*Frame{cavlc, cabac}, 1, ErrUnsupported},
		{"empty frame", twoBands(Main), []*Frame{cavlc, {}}, 1, ErrUnsupported},
		{"too low", Layout{Width: 48, Height: 112, Profile: Main, Rows: []int{3, 4}}, []*Frame{cavlc, cavlc}, 1, ErrMismatch},
		{"too narrow", Layout{Width: 64, Height: 96, Profile: Main, Rows: []int{3, 3}}, []*Frame{cavlc, cavlc}, 0, ErrMismatch},
	} {
		s := newTestStitcher(t, c.layout)
		_, err := s.Next(c.frames, true)
		var band *BandError
		if !errors.As(err, &band) || band.Band != c.band || !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	s := newTestStitcher(t, twoBands(Main))
	if _, err := s.Next([]*Frame{cavlc}, true); !errors.Is(err, ErrUnsupported) {
		t.Errorf("one frame for two bands: %v", err)
	}
	if _, err := s.Next([]*Frame{cavlc, cavlc}, true); err != nil {
		t.Error(err)
	}
	if _, err := s.Next([]*Frame{nil, cabac}, false); !errors.Is(err, ErrMismatch) {
		t.Errorf("coding changes within a stream: %v", err)
	}
	if u, err := s.Next([]*Frame{cabac, cabac}, true); err != nil || !u.Key {
		t.Errorf("coding changes with an IDR picture: %v", err)
	}
}

func TestLayouts(t *testing.T) {
	for _, l := range []Layout{
		{},
		{Width: 48, Height: 96, Profile: Main},
		{Width: 48, Height: 96, Profile: Main, Rows: []int{3}},
		{Width: 48, Height: 96, Profile: Main, Rows: []int{3, 4}},
		{Width: 48, Height: 96, Profile: Main, Rows: []int{6, 0}},
		{Width: 48, Height: 96, Profile: Main, Rows: []int{7, -1}},
		{Width: 48, Height: 96, Profile: 88, Rows: []int{6}},
		{Width: 47, Height: 96, Profile: Main, Rows: []int{6}},
		{Width: 48, Height: 1 << 20, Profile: Main, Rows: []int{1 << 16}},
	} {
		if _, err := NewStitcher(l); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// TestSourceErrors reads access units that must not become frames.
func TestSourceErrors(t *testing.T) {
	stream := streams[0]
	units := nals(stream[0])
	join := func(list ...[]byte) (out []byte) {
		for _, nal := range list {
			out = append(append(out, startCode...), nal...)
		}
		return out
	}
	for _, c := range []struct {
		name string
		unit []byte
		err  error
	}{
		{"nothing", nil, ErrSyntax},
		{"parameter sets only", join(units[0], units[1]), ErrSyntax},
		{"no PPS", join(units[0], units[2]), ErrNoParameters},
		{"sets behind the slice", join(units[0], units[1], units[2], units[0]), ErrSyntax},
		{"a slice twice", join(units[0], units[1], units[2], units[2]), ErrSyntax},
		{"data partition", join(units[0], units[1], []byte{0x42, 0x80}), ErrUnsupported},
		{"half an SPS", join(units[0][:5]), ErrSyntax},
	} {
		f := Frame{intra: true}
		if err := new(Source).Read(&f, c.unit); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if f.source != nil || len(f.slices) > 0 || f.Intra() {
			t.Errorf("%s: the frame is not empty", c.name)
		}
	}
	// SEI, AUD and filler are left out.
	var f Frame
	if err := new(Source).Read(&f, join([]byte{9, 0xf0}, units[0], units[1], []byte{6, 1, 1, 0, 0x80}, units[2], []byte{12, 0xff, 0x80})); err != nil || len(f.slices) != 1 {
		t.Errorf("%v, %d slices", err, len(f.slices))
	}
}

func TestAllocations(t *testing.T) {
	for i, stream := range streams {
		s := newTestStitcher(t, twoBands(Main))
		var sources [2]Source
		var frames [2]Frame
		bands := []*Frame{&frames[0], &frames[1]}
		round := func() {
			for n, unit := range stream {
				for b := range bands {
					if err := sources[b].Read(bands[b], unit); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.Next(bands, n == 0); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Next([]*Frame{nil, bands[1]}, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		round()
		if n := testing.AllocsPerRun(20, round); n > 0 {
			t.Errorf("stream %d: %v allocations", i, n)
		}
		units := nals(stream[0])
		sps, pps := frames[0].sps, sources[0].pps
		var r Rewriter
		var out []byte
		rewrite := func() {
			var err error
			if out, err = r.Rewrite(out[:0], units[2], &sps, &pps, Place{FrameNum: 3, FirstMB: 9, Seam: 3}); err != nil {
				t.Fatal(err)
			}
		}
		rewrite()
		if n := testing.AllocsPerRun(20, rewrite); n > 0 {
			t.Errorf("stream %d: %v allocations to rewrite", i, n)
		}
	}
}

// FuzzStitch lets two sources read the access units, in an order that the
// script tells, and stitches them. What comes out parses again, and bands hold
// what a simple model says.
func FuzzStitch(f *testing.F) {
	for _, stream := range streams {
		f.Add(stream[0], stream[1], stream[2], []byte{0x80, 0x41, 0x92, 0x03, 0x10, 0xff, 0x24, 0x80, 0x51, 0x52})
	}
	f.Fuzz(func(t *testing.T, x, y, z []byte, script []byte) {
		units := [][]byte{x, y, z, bytes.Join([][]byte{x, y}, nil)}
		s := newTestStitcher(t, twoBands(High))
		check := checker{layout: twoBands(High)}
		var sources [2]Source
		var frames [2]Frame
		for _, op := range script[:min(len(script), 64)] {
			// bits: 0-1 unit, 2 source, 3 read into both, 4 loss, 5 no upper band, 6 crossed, 7 IDR
			b := int(op >> 2 & 1)
			if op&0x10 != 0 {
				sources[b].Lost()
			}
			_ = sources[b].Read(&frames[b], units[op&3])
			if op&8 != 0 {
				_ = sources[1-b].Read(&frames[1-b], units[op&3])
			}
			bands := []*Frame{&frames[0], &frames[1]}
			if op&0x40 != 0 {
				bands[0], bands[1] = bands[1], bands[0]
			}
			if op&0x20 != 0 {
				bands[0] = nil
			}
			held := [2]band{s.bands[0], s.bands[1]}
			unit, err := s.Next(bands, op&0x80 != 0)
			if err != nil {
				if held != [2]band{s.bands[0], s.bands[1]} || unit.Data != nil {
					t.Fatalf("%v changed the state", err)
				}
				continue
			}
			if err := check.unit(unit); err != nil {
				t.Fatal(err)
			}
			for i, frame := range bands {
				if frame == nil {
					continue
				}
				if !frame.intra && (held[i].source != frame.source || frame.number-held[i].number > 1) {
					t.Fatalf("band %d takes frame %d after %d", i, frame.number, held[i].number)
				}
			}
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for i, name := range []string{"CAVLC", "CABAC"} {
		b.Run(name, func(b *testing.B) {
			// 6 kB in six slices, as of a 720p picture
			sps := SPS{FrameNumBits: 4, RefFrames: 1, Columns: 80, Rows: 37, Profile: Main}
			pps := PPS{InitQP: 26, Deblock: true, Coding: Coding{CABAC: i == 1}}
			var source Source
			var frame Frame
			var w bitWriter
			unit := []byte{}
			sps.write(&w)
			unit = appendNAL(unit, 0x67, w.buf)
			pps.write(&w)
			unit = appendNAL(unit, 0x68, w.buf)
			for n := range 6 {
				slice := header{nal: 0x65, kind: 7, first: uint32(n * 400), deblock: 0}.bytes(&sps, &pps)
				slice = slice[:len(slice)-1]
				for k := range 1000 {
					slice = append(slice, byte(k*k>>3|1))
				}
				unit = append(append(unit, startCode...), slice...)
			}
			if err := source.Read(&frame, unit); err != nil {
				b.Fatal(err)
			}
			s := newTestStitcher(b, Layout{Width: 1280, Height: 720, Profile: Main, Level: 31, Rows: []int{37, 8}})
			strip := frame
			strip.sps.Rows = 8
			bands := []*Frame{&frame, &strip}
			if _, err := s.Next(bands, true); err != nil {
				b.Fatal(err)
			}
			bands[1] = nil
			b.ReportAllocs()
			for b.Loop() {
				frame.number++
				if _, err := s.Next(bands, false); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(s.unit)))
		})
	}
}
