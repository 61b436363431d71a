package h264

// PPS is a picture parameter set (ITU-T H.264 section 7.3.2.2), as far as
// pictures of bands have it: one slice group, one reference, no weights.
type PPS struct {
	ID, SPSID uint32
	InitQP    int32 // pic_init_qp
	Deblock   bool  // deblocking_filter_control_present_flag
	Coding
}

// Coding is what all slices of a picture have in common by their PPS. Bands
// fit into one picture only if it is equal in all.
type Coding struct {
	CABAC            bool
	ConstrainedIntra bool
	Transform8x8     bool
	CbOffset         int8 // chroma_qp_index_offset
	CrOffset         int8 // second_chroma_qp_index_offset
}

// ParsePPS parses a PPS NAL unit without start code. It returns ErrSyntax or
// ErrUnsupported.
func ParsePPS(nal []byte) (PPS, error) {
	if len(nal) < 2 || nal[0]&0x1f != typePPS {
		return PPS{}, syntax("no PPS")
	}
	var memory [128]byte
	r := newBitReader(appendRBSP(memory[:0], nal[1:]))
	var p PPS
	p.ID, p.SPSID = r.ue(), r.ue()
	p.CABAC = r.flag()
	r.flag() // bottom_field_pic_order_in_frame_present_flag: nothing with type 2
	if r.ue() != 0 {
		return PPS{}, orBad(&r, "slice groups")
	}
	refs := r.ue()
	r.ue() // num_ref_idx_l1_default_active_minus1, for B slices
	if refs != 0 {
		return PPS{}, orBad(&r, "more than one reference")
	}
	if r.flag() {
		return PPS{}, orBad(&r, "weighted prediction")
	}
	r.u(2) // weighted_bipred_idc, for B slices
	qp := r.se()
	r.se() // pic_init_qs, for SP and SI slices
	cb := r.se()
	p.Deblock = r.flag()
	p.ConstrainedIntra = r.flag()
	if r.flag() {
		return PPS{}, orBad(&r, "redundant pictures")
	}
	cr := cb
	if r.more() {
		p.Transform8x8 = r.flag()
		if r.flag() {
			return PPS{}, orBad(&r, "scaling matrices")
		}
		cr = r.se()
	}
	switch {
	case r.bad:
		return PPS{}, syntax("PPS ends early")
	case p.ID > 255 || p.SPSID > 31 || qp < -26 || qp > 25 || min(cb, cr) < -12 || max(cb, cr) > 12:
		return PPS{}, syntax("PPS")
	}
	p.InitQP, p.CbOffset, p.CrOffset = 26+qp, int8(cb), int8(cr)
	return p, nil
}

// high reports whether the PPS has fields of the High profile.
func (c *Coding) high() bool { return c.Transform8x8 || c.CbOffset != c.CrOffset }

// write writes the RBSP.
func (p *PPS) write(w *bitWriter) {
	w.reset()
	w.ue(p.ID)
	w.ue(p.SPSID)
	w.flag(p.CABAC)
	w.flag(false) // bottom_field_pic_order_in_frame_present_flag
	w.ue(0)       // num_slice_groups_minus1
	w.ue(0)       // num_ref_idx_l0_default_active_minus1
	w.ue(0)       // num_ref_idx_l1_default_active_minus1
	w.u(0, 3)     // weighted_pred_flag, weighted_bipred_idc
	w.se(p.InitQP - 26)
	w.se(0) // pic_init_qs
	w.se(int32(p.CbOffset))
	w.flag(p.Deblock)
	w.flag(p.ConstrainedIntra)
	w.flag(false) // redundant_pic_cnt_present_flag
	if p.high() {
		w.flag(p.Transform8x8)
		w.flag(false) // pic_scaling_matrix_present_flag
		w.se(int32(p.CrOffset))
	}
	w.trailing()
}
