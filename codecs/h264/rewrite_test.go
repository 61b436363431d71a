package h264

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// TestParameterSets parses those of x264, and writes and parses our own.
func TestParameterSets(t *testing.T) {
	for i, stream := range streams {
		units := nals(stream[0])
		sps, err := ParseSPS(units[0])
		if err != nil {
			t.Fatal(err)
		}
		want := SPS{
			Profile: []uint8{Baseline, Main}[i], Constraints: []uint8{0xC0, 0x40}[i], Level: 31,
			FrameNumBits: 4, RefFrames: 1, Columns: 3, Rows: 3,
		}
		if sps != want {
			t.Errorf("SPS %+v, want %+v", sps, want)
		}
		pps, err := ParsePPS(units[1])
		if err != nil {
			t.Fatal(err)
		}
		if want := (PPS{InitQP: 26, Deblock: true, Coding: Coding{CABAC: i == 1}}); pps != want {
			t.Errorf("PPS %+v, want %+v", pps, want)
		}
	}
	var w bitWriter
	for _, s := range []SPS{
		{Profile: Baseline, Constraints: 0xC0, Level: 31, FrameNumBits: 4, RefFrames: 1, Columns: 80, Rows: 45},
		{Profile: Main, Level: 40, ID: 31, FrameNumBits: 16, RefFrames: 1, Columns: 120, Rows: 68, CropBot: 8},
		{Profile: High, Level: 10, FrameNumBits: 5, RefFrames: 1, Columns: 1, Rows: 1, CropLeft: 2, CropRight: 12, CropTop: 4},
	} {
		s.write(&w)
		nal := appendNAL(nil, 3<<5|typeSPS, w.buf)[4:]
		if got, err := ParseSPS(nal); err != nil || got != s {
			t.Errorf("%+v, %v; want %+v", got, err, s)
		}
		for n := range nal {
			if _, err := ParseSPS(nal[:n]); err != nil && !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("cut to %d: %v", n, err)
			}
		}
	}
	for _, p := range []PPS{
		{InitQP: 26},
		{ID: 255, SPSID: 31, InitQP: 0, Deblock: true, Coding: Coding{CABAC: true, CbOffset: -12, CrOffset: -12}},
		{InitQP: 51, Coding: Coding{Transform8x8: true, ConstrainedIntra: true, CbOffset: 3, CrOffset: -2}},
	} {
		p.write(&w)
		if got, err := ParsePPS(appendNAL(nil, 3<<5|typePPS, w.buf)[4:]); err != nil || got != p {
			t.Errorf("%+v, %v; want %+v", got, err, p)
		}
	}
}

// header writes a source's slice header field by field, so that tests can put
// in what the rewriter must refuse.
type header struct {
	nal                                  byte
	first, kind, pps, frameNum           uint32
	override, reorder, adaptive, longRef bool
	cabacInit                            uint32
	delta                                int32
	deblock                              uint32
	alpha                                int32
}

func (h header) bytes(sps *SPS, pps *PPS) []byte {
	var w bitWriter
	w.ue(h.first)
	w.ue(h.kind)
	w.ue(h.pps)
	w.u(h.frameNum, sps.FrameNumBits)
	if h.nal&0x1f == typeIDR {
		w.ue(7) // idr_pic_id
	}
	if h.kind%5 == sliceP {
		w.flag(h.override)
		w.flag(h.reorder)
	}
	if h.nal&0x1f == typeIDR {
		w.flag(true)
		w.flag(h.longRef)
	} else {
		w.flag(h.adaptive)
	}
	if pps.CABAC && h.kind%5 != sliceI {
		w.ue(h.cabacInit)
	}
	w.se(h.delta)
	if pps.Deblock {
		if w.ue(h.deblock); h.deblock != 1 {
			w.se(h.alpha)
			w.se(-h.alpha)
		}
	}
	if pps.CABAC {
		w.alignOnes()
	}
	for i := range 40 { // macroblocks, for all that is known
		w.u(uint32(i)*uint32(i)&0xff*uint32(i&1), 8)
	}
	w.u(5, 3)
	w.trailing()
	return appendNAL(nil, h.nal, w.buf)[4:]
}

func TestRewrite(t *testing.T) {
	sps := SPS{Profile: Main, Level: 31, FrameNumBits: 7, RefFrames: 1, Columns: 20, Rows: 6}
	cavlc := PPS{ID: 3, InitQP: 30, Deblock: true}
	cabac := cavlc
	cabac.CABAC = true
	plain := cavlc
	plain.Deblock = false
	seam := Place{FrameNum: 9, FirstMB: 160, Seam: 20}
	idr := Place{IDR: true, IDRPicID: 1, FirstMB: 160, Seam: 20}
	p := func(change func(*header)) header {
		h := header{nal: 0x41, kind: 5, pps: 3, frameNum: 99, delta: -3}
		change(&h)
		return h
	}
	key := func(change func(*header)) header {
		h := header{nal: 0x65, kind: 7, pps: 3, delta: 5}
		change(&h)
		return h
	}
	as := func(*header) {}
	for _, c := range []struct {
		name string
		h    header
		pps  *PPS
		to   Place
		want slice // without data and end
		err  error
	}{
		{"P", p(as), &cavlc, seam, slice{firstMB: 160, frameNum: 9, qp: 27, deblock: 2}, nil},
		{"P, type 0", p(func(h *header) { h.kind = 0 }), &cavlc, seam, slice{firstMB: 160, frameNum: 9, qp: 27, deblock: 2}, nil},
		{"first row", p(func(h *header) { h.first = 19 }), &cavlc, seam, slice{firstMB: 179, frameNum: 9, qp: 27, deblock: 2}, nil},
		{"second row", p(func(h *header) { h.first = 20 }), &cavlc, seam, slice{firstMB: 180, frameNum: 9, qp: 27}, nil},
		{"uppermost", p(as), &cavlc, Place{FrameNum: 1}, slice{frameNum: 1, qp: 27}, nil},
		{"no filter", p(func(h *header) { h.deblock = 1 }), &cavlc, seam, slice{firstMB: 160, frameNum: 9, qp: 27, deblock: 1}, nil},
		{"offsets", p(func(h *header) { h.alpha = 6 }), &cavlc, Place{}, slice{qp: 27, alpha: 6, beta: -6}, nil},
		{"no deblocking control", p(as), &plain, seam, slice{firstMB: 160, frameNum: 9, qp: 27, deblock: 2}, nil},
		{"CABAC", p(func(h *header) { h.cabacInit = 2 }), &cabac, seam, slice{firstMB: 160, frameNum: 9, qp: 27, deblock: 2, cabacInit: 2}, nil},
		{"IDR", key(as), &cavlc, idr, slice{firstMB: 160, intra: true, idr: true, qp: 35, deblock: 2}, nil},
		{"IDR, CABAC", key(as), &cabac, idr, slice{firstMB: 160, intra: true, idr: true, qp: 35, deblock: 2}, nil},
		{"IDR to I", key(as), &cabac, seam, slice{firstMB: 160, intra: true, frameNum: 9, qp: 35, deblock: 2}, nil},
		{"I to IDR", p(func(h *header) { h.kind = 2 }), &cavlc, idr, slice{firstMB: 160, intra: true, idr: true, qp: 27, deblock: 2}, nil},

		{"P to IDR", p(as), &cavlc, idr, slice{}, ErrUnsupported},
		{"override", p(func(h *header) { h.override = true }), &cavlc, seam, slice{}, ErrUnsupported},
		{"list modification", p(func(h *header) { h.reorder = true }), &cavlc, seam, slice{}, ErrUnsupported},
		{"memory management", p(func(h *header) { h.adaptive = true }), &cavlc, seam, slice{}, ErrUnsupported},
		{"long-term", key(func(h *header) { h.longRef = true }), &cavlc, seam, slice{}, ErrUnsupported},
		{"B", p(func(h *header) { h.kind = 6 }), &cavlc, seam, slice{}, ErrUnsupported},
		{"SP", p(func(h *header) { h.kind = 3 }), &cavlc, seam, slice{}, ErrUnsupported},
		{"type 10", p(func(h *header) { h.kind = 10 }), &cavlc, seam, slice{}, ErrSyntax},
		{"no reference", p(func(h *header) { h.nal = 0x01 }), &cavlc, seam, slice{}, ErrUnsupported},
		{"SEI", p(func(h *header) { h.nal = 0x66 }), &cavlc, seam, slice{}, ErrSyntax},
		{"other PPS", p(func(h *header) { h.pps = 0 }), &cavlc, seam, slice{}, ErrNoParameters},
		{"behind the picture", p(func(h *header) { h.first = 120 }), &cavlc, seam, slice{}, ErrSyntax},
		{"QP 52", p(func(h *header) { h.delta = 22 }), &cavlc, seam, slice{}, ErrSyntax},
		{"cabac_init_idc 3", p(func(h *header) { h.cabacInit = 3 }), &cabac, seam, slice{}, ErrSyntax},
		{"filter 3", p(func(h *header) { h.deblock = 3 }), &cavlc, seam, slice{}, ErrSyntax},
		{"offset 7", p(func(h *header) { h.alpha = 7 }), &cavlc, seam, slice{}, ErrSyntax},
		{"P in IDR", key(func(h *header) { h.kind = 5 }), &cavlc, idr, slice{}, ErrSyntax},
		{"frame_num 16", p(as), &cavlc, Place{FrameNum: 16}, slice{}, ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			nal := c.h.bytes(&sps, c.pps)
			var r Rewriter
			before := []byte("before")
			out, err := r.Rewrite(before, nal, &sps, c.pps, c.to)
			if !errors.Is(err, c.err) || !bytes.HasPrefix(out, before) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				if len(out) != len(before) {
					t.Errorf("%d bytes with an error", len(out)-len(before))
				}
				return
			}
			got, err := reparse(out[len(before):], nal, &sps, c.pps, c.to)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// reparse parses a rewritten slice as a receiver does, compares its macroblock
// data with that of the source's NAL unit, and returns its header.
func reparse(out, nal []byte, sps *SPS, pps *PPS, to Place) (slice, error) {
	units := nals(out)
	if len(units) != 1 || units[0][0] != to.first() {
		return slice{}, fmt.Errorf("rewritten to %x", out)
	}
	if i := bytes.Index(units[0], []byte{0, 0}); i >= 0 && i+2 < len(units[0]) && units[0][i+2] < 3 {
		return slice{}, fmt.Errorf("a start code in %x", units[0])
	}
	ownSPS := SPS{FrameNumBits: frameNumBits, Columns: maxSide, Rows: 2 * maxSide}
	ownPPS := PPS{InitQP: initQP, Deblock: true, Coding: pps.Coding}
	rbsp := appendRBSP(nil, units[0][1:])
	got, err := parseSlice(units[0][0], rbsp, &ownSPS, &ownPPS)
	if err != nil {
		return slice{}, fmt.Errorf("own slice: %w", err)
	}
	was := appendRBSP(nil, nal[1:])
	source, err := parseSlice(nal[0], was, sps, pps)
	if err != nil {
		return slice{}, err
	}
	if got.end-got.data != source.end-source.data {
		return slice{}, fmt.Errorf("%d bits of %d", got.end-got.data, source.end-source.data)
	}
	for i := range got.end - got.data {
		a, b := got.data+i, source.data+i
		if rbsp[a/8]<<(a%8)>>7 != was[b/8]<<(b%8)>>7 {
			return slice{}, fmt.Errorf("bit %d differs", i)
		}
	}
	got.data, got.end = 0, 0
	return got, nil
}

func FuzzRewrite(f *testing.F) {
	for _, stream := range streams {
		units := nals(stream[0])
		f.Add(units[0], units[1], units[2], true, uint32(0), uint32(3600), uint32(80))
		f.Add(units[0], units[1], units[2], false, uint32(5), uint32(0), uint32(0))
		for _, p := range stream[1:] {
			f.Add(units[0], units[1], nals(p)[0], false, uint32(15), uint32(100), uint32(3))
		}
	}
	f.Fuzz(func(t *testing.T, sps, pps, nal []byte, idr bool, frameNum, firstMB, seam uint32) {
		s, err := ParseSPS(sps)
		if err != nil {
			return
		}
		p, err := ParsePPS(pps)
		if err != nil {
			return
		}
		to := Place{IDR: idr, IDRPicID: frameNum & 1, FrameNum: frameNum, FirstMB: firstMB, Seam: seam}
		var r Rewriter
		out, err := r.Rewrite(nil, nal, &s, &p, to)
		if err != nil {
			return
		}
		got, err := reparse(out, nal, &s, &p, to)
		if err != nil {
			t.Fatal(err)
		}
		if got.idr != idr || got.frameNum != frameNum || got.firstMB < firstMB {
			t.Fatalf("%+v at %+v", got, to)
		}
	})
}
