package h264

import "fmt"

// The profiles that a stitched stream may have: profile_idc (ITU-T H.264 annex A).
const (
	Baseline = 66 // with constraint_set0 and 1: constrained baseline
	Main     = 77
	High     = 100
)

// maxSide bounds the sides of pictures, in macroblocks.
const maxSide = 1 << 10

// SPS is a sequence parameter set (ITU-T H.264 section 7.3.2.1), as far as
// pictures of bands have it: 8-bit 4:2:0 frames, picture order count type 2.
type SPS struct {
	Profile            uint8 // profile_idc
	Constraints        uint8 // constraint_set0_flag in the highest bit
	Level              uint8 // level_idc
	ID                 uint32
	FrameNumBits       int // log2_max_frame_num
	RefFrames          int // max_num_ref_frames
	Columns, Rows      int // macroblocks
	CropLeft, CropTop  int // luma samples, even
	CropRight, CropBot int
}

// Width returns the luma samples of a shown row.
func (s *SPS) Width() int { return 16*s.Columns - s.CropLeft - s.CropRight }

// Height returns the shown luma rows.
func (s *SPS) Height() int { return 16*s.Rows - s.CropTop - s.CropBot }

// hasChromaFormat reports whether the profile's SPS tells chroma_format_idc.
func hasChromaFormat(profile uint8) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

// ParseSPS parses an SPS NAL unit without start code. The VUI is not read. It
// returns ErrSyntax or ErrUnsupported.
func ParseSPS(nal []byte) (SPS, error) {
	if len(nal) < 4 || nal[0]&0x1f != typeSPS {
		return SPS{}, syntax("no SPS")
	}
	var memory [128]byte
	r := newBitReader(appendRBSP(memory[:0], nal[1:]))
	var s SPS
	s.Profile, s.Constraints, s.Level = uint8(r.u(8)), uint8(r.u(8)), uint8(r.u(8))
	s.ID = r.ue()
	if hasChromaFormat(s.Profile) {
		if r.ue() != 1 || r.ue() != 0 || r.ue() != 0 {
			return SPS{}, orBad(&r, "not 8-bit 4:2:0")
		}
		if r.u(2) != 0 {
			return SPS{}, orBad(&r, "lossless or scaling matrices")
		}
	}
	s.FrameNumBits = int(r.ue()) + 4
	if poc := r.ue(); poc != 2 {
		return SPS{}, orBad(&r, fmt.Sprintf("picture order count type %d", poc))
	}
	s.RefFrames = int(r.ue())
	gaps := r.flag()
	columns, rows := r.ue(), r.ue()
	if !r.flag() {
		return SPS{}, orBad(&r, "fields")
	}
	r.flag() // direct_8x8_inference_flag, for B slices
	var crop [4]uint32
	if r.flag() {
		for i := range crop {
			crop[i] = r.ue()
		}
	}
	r.flag() // vui_parameters_present_flag
	switch {
	case r.bad:
		return SPS{}, syntax("SPS ends early")
	case s.ID > 31 || s.FrameNumBits > 16:
		return SPS{}, syntax("SPS")
	case gaps || s.RefFrames != 1:
		return SPS{}, unsupported("%d reference frames, gaps %v", s.RefFrames, gaps)
	case columns >= maxSide || rows >= maxSide:
		return SPS{}, unsupported("%dx%d macroblocks", uint64(columns)+1, uint64(rows)+1)
	}
	s.Columns, s.Rows = int(columns)+1, int(rows)+1
	for _, c := range crop {
		if c > 8*maxSide {
			return SPS{}, syntax("cropping")
		}
	}
	s.CropLeft, s.CropRight, s.CropTop, s.CropBot = 2*int(crop[0]), 2*int(crop[1]), 2*int(crop[2]), 2*int(crop[3])
	if s.Width() <= 0 || s.Height() <= 0 {
		return SPS{}, syntax("cropping leaves nothing")
	}
	return s, nil
}

// orBad returns ErrUnsupported for a reason, or ErrSyntax if it was read
// beyond the end.
func orBad(r *bitReader, reason string) error {
	if r.bad {
		return syntax("ends early")
	}
	return unsupported("%s", reason)
}

// write writes the RBSP. Its VUI has the restrictions of the bitstream only:
// without these a decoder may delay its output.
func (s *SPS) write(w *bitWriter) {
	w.reset()
	w.u(uint32(s.Profile), 8)
	w.u(uint32(s.Constraints), 8)
	w.u(uint32(s.Level), 8)
	w.ue(s.ID)
	if hasChromaFormat(s.Profile) {
		w.ue(1)   // chroma_format_idc 4:2:0
		w.ue(0)   // bit_depth_luma_minus8
		w.ue(0)   // bit_depth_chroma_minus8
		w.u(0, 2) // qpprime_y_zero_transform_bypass_flag, seq_scaling_matrix_present_flag
	}
	w.ue(uint32(s.FrameNumBits - 4))
	w.ue(2) // pic_order_cnt_type: output order is decoding order
	w.ue(uint32(s.RefFrames))
	w.flag(false) // gaps_in_frame_num_value_allowed_flag
	w.ue(uint32(s.Columns - 1))
	w.ue(uint32(s.Rows - 1))
	w.flag(true) // frame_mbs_only_flag
	w.flag(true) // direct_8x8_inference_flag
	crop := s.CropLeft|s.CropRight|s.CropTop|s.CropBot != 0
	w.flag(crop)
	if crop {
		w.ue(uint32(s.CropLeft / 2))
		w.ue(uint32(s.CropRight / 2))
		w.ue(uint32(s.CropTop / 2))
		w.ue(uint32(s.CropBot / 2))
	}
	w.flag(true) // vui_parameters_present_flag
	w.u(0, 8)    // aspect ratio, overscan, video signal, chroma place, timing, NAL HRD, VCL HRD, pic_struct
	w.flag(true) // bitstream_restriction_flag
	w.flag(true) // motion_vectors_over_pic_boundaries_flag
	w.ue(0)      // max_bytes_per_pic_denom: not told
	w.ue(0)      // max_bits_per_mb_denom: not told
	w.ue(13)     // log2_max_mv_length_horizontal: all that a level allows
	w.ue(11)     // log2_max_mv_length_vertical
	w.ue(0)      // max_num_reorder_frames
	w.ue(uint32(s.RefFrames))
	w.trailing()
}
