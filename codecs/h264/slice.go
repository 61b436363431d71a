package h264

// Values of slice_type modulo 5 (ITU-T H.264 table 7-6).
const (
	sliceP = 0
	sliceI = 2
)

// slice is the header of a slice (ITU-T H.264 section 7.3.3) and where its
// macroblock data lies.
type slice struct {
	firstMB   uint32
	intra     bool // an I slice, else a P slice
	idr       bool // of an IDR picture in its source
	frameNum  uint32
	cabacInit uint32 // cabac_init_idc
	qp        int32  // SliceQPY
	deblock   uint32 // disable_deblocking_filter_idc
	alpha     int32  // slice_alpha_c0_offset_div2
	beta      int32  // slice_beta_offset_div2
	data, end int    // bits of the RBSP: the first of slice_data, the one after the stop bit
}

// parseSlice parses the slice whose NAL unit begins with first and has the RBSP.
func parseSlice(first byte, rbsp []byte, sps *SPS, pps *PPS) (slice, error) {
	r := newBitReader(rbsp)
	s := slice{idr: first&0x1f == typeIDR}
	if first&0x80 != 0 || !s.idr && first&0x1f != typeSlice {
		return slice{}, syntax("no slice")
	}
	if first&0x60 == 0 {
		// The next frame would refer to the one before it.
		return slice{}, unsupported("a picture that is no reference")
	}
	s.firstMB = r.ue()
	kind := r.ue()
	id := r.ue()
	switch {
	case r.bad:
		return slice{}, syntax("slice header ends early")
	case id != pps.ID || pps.SPSID != sps.ID:
		return slice{}, ErrNoParameters
	case kind > 9:
		return slice{}, syntax("slice type")
	case kind%5 != sliceP && kind%5 != sliceI:
		return slice{}, unsupported("slice type %d", kind)
	case kind%5 == sliceP && s.idr:
		return slice{}, syntax("P slice in an IDR picture")
	case s.firstMB >= uint32(sps.Columns*sps.Rows):
		return slice{}, syntax("slice begins behind the picture")
	}
	s.intra = kind%5 == sliceI
	s.frameNum = r.u(sps.FrameNumBits)
	if s.idr {
		r.ue() // idr_pic_id
		if s.frameNum != 0 {
			return slice{}, syntax("IDR picture with a frame_num")
		}
	}
	if !s.intra {
		if r.flag() {
			return slice{}, orBad(&r, "num_ref_idx_active_override_flag")
		}
		if r.flag() {
			return slice{}, orBad(&r, "reference list modification")
		}
	}
	if s.idr {
		r.flag() // no_output_of_prior_pics_flag
		if r.flag() {
			return slice{}, orBad(&r, "long-term reference")
		}
	} else if r.flag() {
		return slice{}, orBad(&r, "memory management control")
	}
	if pps.CABAC && !s.intra {
		s.cabacInit = r.ue()
	}
	delta := r.se()
	if pps.Deblock {
		if s.deblock = r.ue(); s.deblock != 1 {
			s.alpha, s.beta = r.se(), r.se()
		}
	}
	switch {
	case r.bad:
		return slice{}, syntax("slice header ends early")
	case delta < -51 || delta > 51 || pps.InitQP+delta < 0 || pps.InitQP+delta > 51:
		return slice{}, syntax("slice QP")
	case s.cabacInit > 2 || s.deblock > 2 || min(s.alpha, s.beta) < -6 || max(s.alpha, s.beta) > 6:
		return slice{}, syntax("slice header")
	}
	s.qp = pps.InitQP + delta
	if pps.CABAC {
		for r.at&7 != 0 {
			if !r.flag() {
				return slice{}, syntax("cabac_alignment_one_bit")
			}
		}
	}
	if !r.more() {
		return slice{}, syntax("slice without macroblocks")
	}
	s.data, s.end = r.at, r.end+1
	return s, nil
}
