package rtp

import "fmt"

// SPS is what a sequence parameter set says about a stream (ITU-T H.264 section 7.3.2.1.1).
type SPS struct {
	Width, Height int   // luma samples after cropping
	Profile       uint8 // profile_idc
	Constraints   uint8 // the octet of constraint_set flags
	Level         uint8 // level_idc
}

// pictureSideMax bounds the sides of a picture, luma samples; level 6.2 has less.
const pictureSideMax = 16384

// ParseSPS reads a NAL unit of type 7. It returns ErrMalformed for anything else
// and for pictures beyond 16384 samples a side.
func ParseSPS(nal []byte) (SPS, error) {
	if len(nal) < 4 || nal[0]&0x1f != nalSPS {
		return SPS{}, fmt.Errorf("%w: not an SPS", ErrMalformed)
	}
	s := SPS{Profile: nal[1], Constraints: nal[2], Level: nal[3]}
	r := bitReader{data: nal[4:]}
	r.ue() // seq_parameter_set_id
	chroma := uint32(1)
	if highProfile(s.Profile) {
		if chroma = r.ue(); chroma == 3 {
			r.bits(1) // separate_colour_plane_flag
		}
		r.ue()    // bit_depth_luma_minus8
		r.ue()    // bit_depth_chroma_minus8
		r.bits(1) // qpprime_y_zero_transform_bypass_flag
		if r.bits(1) == 1 {
			r.scalingLists(chroma)
		}
	}
	r.ue() // log2_max_frame_num_minus4
	switch r.ue() {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1)
		r.ue() // signed ones have the same length
		r.ue()
		for n := r.ue(); n > 0 && !r.failed; n-- {
			r.ue()
		}
	}
	r.ue()    // max_num_ref_frames
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	width, height := uint64(r.ue())+1, uint64(r.ue())+1
	frameOnly := uint64(r.bits(1))
	if frameOnly == 0 {
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	r.bits(1) // direct_8x8_inference_flag
	var left, right, top, bottom uint64
	if r.bits(1) == 1 {
		left, right, top, bottom = uint64(r.ue()), uint64(r.ue()), uint64(r.ue()), uint64(r.ue())
	}
	if r.failed || chroma > 3 || width > pictureSideMax/16 || height > pictureSideMax/16 {
		return SPS{}, fmt.Errorf("%w: SPS", ErrMalformed)
	}
	width, height = width*16, height*16*(2-frameOnly)
	cropX, cropY := uint64(1), 2-frameOnly // in 4:0:0 and 4:4:4 (table 6-1)
	if chroma == 1 || chroma == 2 {
		cropX = 2
	}
	if chroma == 1 {
		cropY *= 2
	}
	cutX, cutY := cropX*(left+right), cropY*(top+bottom)
	if cutX >= width || cutY >= height || height > pictureSideMax {
		return SPS{}, fmt.Errorf("%w: SPS cropping", ErrMalformed)
	}
	s.Width, s.Height = int(width-cutX), int(height-cutY)
	return s, nil
}

// highProfile: the profiles whose SPS tells the chroma format.
func highProfile(profile uint8) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

// bitReader reads an RBSP: a NAL unit whose emulation prevention is skipped.
type bitReader struct {
	data   []byte
	at     int // next byte
	zeros  int // zero bytes just before it
	cache  uint8
	left   int  // bits of cache
	failed bool // read beyond the end
}

func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for ; n > 0; n-- {
		if r.left == 0 && !r.load() {
			return 0
		}
		r.left--
		v = v<<1 | uint32(r.cache>>r.left&1)
	}
	return v
}

func (r *bitReader) load() bool {
	if r.at < len(r.data) && r.zeros >= 2 && r.data[r.at] == 3 {
		r.at++ // emulation_prevention_three_byte
		r.zeros = 0
	}
	if r.at >= len(r.data) {
		r.failed = true
		return false
	}
	r.cache, r.left = r.data[r.at], 8
	r.at++
	if r.zeros++; r.cache != 0 {
		r.zeros = 0
	}
	return true
}

// ue reads an Exp-Golomb code (section 9.1).
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bits(1) == 0 {
		if zeros++; zeros > 31 || r.failed {
			r.failed = true
			return 0
		}
	}
	return uint32(1)<<zeros - 1 + r.bits(zeros)
}

// se reads a signed one (section 9.1.1).
func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v/2) + 1
	}
	return -int32(v / 2)
}

// scalingLists skips the lists (section 7.3.2.1.1.1).
func (r *bitReader) scalingLists(chroma uint32) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if r.bits(1) == 0 {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		next := int32(8)
		for last := int32(8); size > 0 && next != 0 && !r.failed; size-- {
			next = (last + r.se()) & 0xff
			if next != 0 {
				last = next
			}
		}
	}
}
