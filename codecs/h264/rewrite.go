package h264

// What the headers of all stitched streams have in common.
const (
	frameNumBits = 4  // log2_max_frame_num
	initQP       = 26 // pic_init_qp
)

// Place says where a slice goes: the receiver's picture and the band in it.
type Place struct {
	IDR      bool   // the receiver's picture is an IDR picture
	IDRPicID uint32 // differs between IDR pictures that follow each other
	FrameNum uint32 // frame_num of the receiver's picture, 0 for IDR, below 16
	FirstMB  uint32 // address of the band's first macroblock
	// Seam is how many macroblocks lie in the band's first row, or 0 for the
	// uppermost band. Slices that begin there are not filtered across their
	// edges, as the band's encoder knew nothing above.
	Seam uint32
}

// first returns the first byte of the NAL units of the picture.
func (p *Place) first() byte {
	if p.IDR {
		return 3<<5 | typeIDR
	}
	return 2<<5 | typeSlice
}

// Rewriter makes slices of a receiver's picture of slices of a band. It keeps
// memory between calls; the zero value is ready.
type Rewriter struct {
	rbsp []byte
	w    bitWriter
}

// Rewrite appends the slice NAL unit nal (without start code) of a band's
// stream with these parameter sets to dst, as Annex B NAL unit of a stream
// whose SPS and PPS have the values that a Stitcher writes: ids 0, four bits of
// frame_num, pic_init_qp 26, deblocking control. It returns ErrSyntax,
// ErrUnsupported or ErrNoParameters, and dst unchanged.
func (r *Rewriter) Rewrite(dst, nal []byte, sps *SPS, pps *PPS, to Place) ([]byte, error) {
	if len(nal) == 0 {
		return dst, syntax("empty NAL unit")
	}
	if to.FrameNum >= 1<<frameNumBits || to.IDRPicID > 65535 || to.IDR && to.FrameNum != 0 || to.FirstMB > maxSide*maxSide {
		return dst, unsupported("place %+v", to)
	}
	r.rbsp = appendRBSP(r.rbsp[:0], nal[1:])
	s, err := parseSlice(nal[0], r.rbsp, sps, pps)
	if err != nil {
		return dst, err
	}
	if to.IDR && !s.intra {
		return dst, unsupported("P slice in an IDR picture")
	}
	s.write(&r.w, r.rbsp, pps.CABAC, &to)
	return appendNAL(dst, to.first(), r.w.buf), nil
}

// write writes the RBSP of the slice at its place; rbsp is what it was parsed from.
func (s *slice) write(w *bitWriter, rbsp []byte, cabac bool, to *Place) {
	deblock := s.deblock
	if deblock == 0 && s.firstMB < to.Seam {
		deblock = 2
	}
	s.writeHeader(w, cabac, deblock, to)
	if cabac {
		w.alignOnes()
	}
	w.bits(rbsp, s.data, s.end)
	w.alignZeros()
}

// writeHeader writes the slice_header.
func (s *slice) writeHeader(w *bitWriter, cabac bool, deblock uint32, to *Place) {
	w.reset()
	w.ue(s.firstMB + to.FirstMB)
	if s.intra { // never 5 to 9, which speak for the other bands too
		w.ue(sliceI)
	} else {
		w.ue(sliceP)
	}
	w.ue(0) // pic_parameter_set_id
	w.u(to.FrameNum, frameNumBits)
	if to.IDR {
		w.ue(to.IDRPicID)
	}
	if !s.intra {
		w.flag(false) // num_ref_idx_active_override_flag
		w.flag(false) // ref_pic_list_modification_flag_l0
	}
	if to.IDR {
		w.flag(false) // no_output_of_prior_pics_flag
		w.flag(false) // long_term_reference_flag
	} else {
		w.flag(false) // adaptive_ref_pic_marking_mode_flag
	}
	if cabac && !s.intra {
		w.ue(s.cabacInit)
	}
	w.se(s.qp - initQP)
	w.ue(deblock)
	if deblock != 1 {
		w.se(s.alpha)
		w.se(s.beta)
	}
}
