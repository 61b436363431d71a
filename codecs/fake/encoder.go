package fake

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"parley/codecs"
)

// NAL unit headers (ITU-T H.264 table 7-1) with nal_ref_idc 3.
const (
	nalSlice = 0x61
	nalIDR   = 0x65
	nalSPS   = 0x67
	nalPPS   = 0x68
)

const (
	block    = 16 // luma samples on each side of a block
	frameNum = 4  // bits of frame_num
	// sliceHead is what follows the slice header: check sum of all that follows
	// it, picture counter, first block in the encoder's picture, count of blocks.
	sliceHead = 2 + 4 + 2 + 2
	// sliceSpare bounds start code, headers and the trailing byte of a slice.
	sliceSpare = 32
	maxSide    = 4096
)

// VideoEncoder is a codecs.VideoEncoder. Its slices carry the mean colour of
// every block of 16x16 (key pictures) or of those that changed. The bitrate is
// ignored.
type VideoEncoder struct {
	config         codecs.VideoEncoderConfig
	blocks         []colour // of the last picture
	now            []colour
	counter        uint32 // pictures so far
	sinceKey, keys uint32
	rbsp           bitWriter
	body           []byte
	unit           []byte
	closed         bool
}

// colour is the mean of a block.
type colour [3]byte

var _ codecs.VideoEncoder = (*VideoEncoder)(nil)

// NewVideoEncoder returns an encoder. It takes no more than the real one:
// even sizes of 16 to 4096.
func NewVideoEncoder(c codecs.VideoEncoderConfig) (*VideoEncoder, error) {
	if c.Width < block || c.Height < block || c.Width > maxSide || c.Height > maxSide || c.Width%2 != 0 || c.Height%2 != 0 ||
		c.FPS < 1 || c.Bitrate < 1 || c.MaxNAL < 0 || c.MaxNAL > 0 && c.MaxNAL < 100 {
		return nil, fmt.Errorf("fake: %w: %+v", codecs.ErrUnsupported, c)
	}
	n := (c.Width + block - 1) / block * ((c.Height + block - 1) / block)
	return &VideoEncoder{config: c, blocks: make([]colour, n), now: make([]colour, n)}, nil
}

// Encode implements codecs.VideoEncoder.
func (e *VideoEncoder) Encode(p *codecs.Picture, keyFrame bool) (codecs.AccessUnit, error) {
	if e.closed {
		return codecs.AccessUnit{}, codecs.ErrClosed
	}
	if p.Width != e.config.Width || p.Height != e.config.Height {
		return codecs.AccessUnit{}, fmt.Errorf("fake: %w: picture of %dx%d, want %dx%d",
			codecs.ErrUnsupported, p.Width, p.Height, e.config.Width, e.config.Height)
	}
	key := keyFrame || e.counter == 0
	e.unit = e.unit[:0]
	if key {
		e.sinceKey = 0
		e.keys++
		e.writeParameterSets()
	}
	e.measure(p)
	for first := 0; first < len(e.now); {
		first += e.writeSlice(first, key)
	}
	e.blocks, e.now = e.now, e.blocks
	e.counter++
	e.sinceKey++
	return codecs.AccessUnit{Data: e.unit, Key: key}, nil
}

// SetBitrate implements codecs.VideoEncoder and changes nothing.
func (e *VideoEncoder) SetBitrate(bitsPerSecond int) error {
	if e.closed {
		return codecs.ErrClosed
	}
	if bitsPerSecond < 1 {
		return fmt.Errorf("fake: %w: %d bit/s", codecs.ErrUnsupported, bitsPerSecond)
	}
	return nil
}

// Close implements codecs.VideoEncoder.
func (e *VideoEncoder) Close() { e.closed = true }

// writeParameterSets writes an SPS and a PPS that a parser of the standard reads.
func (e *VideoEncoder) writeParameterSets() {
	w := &e.rbsp
	profile, constraints := uint32(66), uint32(0xC0)
	switch e.config.Profile {
	case codecs.Main:
		profile, constraints = 77, 0x40
	case codecs.High:
		profile, constraints = 100, 0
	}
	level := uint32(e.config.Level)
	if level == 0 {
		level = 31
	}
	mbWidth, mbHeight := (e.config.Width+15)/16, (e.config.Height+15)/16
	right, bottom := mbWidth*16-e.config.Width, mbHeight*16-e.config.Height

	w.data, w.free = w.data[:0], 0
	w.u(8, profile)
	w.u(8, constraints)
	w.u(8, level)
	w.ue(0) // seq_parameter_set_id
	if e.config.Profile == codecs.High {
		w.ue(1)   // chroma_format_idc
		w.ue(0)   // bit_depth_luma_minus8
		w.ue(0)   // bit_depth_chroma_minus8
		w.u(2, 0) // lossless transform bypass, scaling matrix
	}
	w.ue(frameNum - 4) // log2_max_frame_num_minus4
	w.ue(2)            // pic_order_cnt_type
	w.ue(1)            // max_num_ref_frames
	w.u(1, 0)          // gaps_in_frame_num_value_allowed_flag
	w.ue(uint32(mbWidth - 1))
	w.ue(uint32(mbHeight - 1))
	w.u(2, 3) // frame_mbs_only_flag, direct_8x8_inference_flag
	if right+bottom > 0 {
		w.u(1, 1)
		w.ue(0)
		w.ue(uint32(right / 2))
		w.ue(0)
		w.ue(uint32(bottom / 2))
	} else {
		w.u(1, 0)
	}
	w.u(1, 0) // vui_parameters_present_flag
	w.trailing()
	e.unit = appendNAL(e.unit, nalSPS, w.data)

	w.data, w.free = w.data[:0], 0
	w.ue(0)   // pic_parameter_set_id
	w.ue(0)   // seq_parameter_set_id
	w.u(2, 0) // entropy_coding_mode_flag, bottom_field_pic_order_in_frame_present_flag
	w.ue(0)   // num_slice_groups_minus1
	w.ue(0)   // num_ref_idx_l0_default_active_minus1
	w.ue(0)   // num_ref_idx_l1_default_active_minus1
	w.u(3, 0) // weighted_pred_flag, weighted_bipred_idc
	w.ue(0)   // pic_init_qp_minus26
	w.ue(0)   // pic_init_qs_minus26
	w.ue(0)   // chroma_qp_index_offset
	w.u(3, 0) // deblocking control, constrained intra, redundant pictures
	w.trailing()
	e.unit = appendNAL(e.unit, nalPPS, w.data)
}

// writeSlice writes a slice from block first on and returns how many blocks it
// covers.
func (e *VideoEncoder) writeSlice(first int, key bool) int {
	count := len(e.now) - first
	if e.config.MaxNAL > 0 {
		// Three bytes and a bit for each block; emulation prevention may add half.
		count = min(count, max(1, ((e.config.MaxNAL-sliceSpare)*2/3-sliceHead)*8/25))
	}
	w := &e.rbsp
	w.data, w.free = w.data[:0], 0
	w.ue(uint32(first)) // first_mb_in_slice
	header := byte(nalSlice)
	if key {
		header = nalIDR
		w.ue(7) // slice_type: all of the picture is I
	} else {
		w.ue(5) // P
	}
	w.ue(0) // pic_parameter_set_id
	w.u(frameNum, e.sinceKey)
	if key {
		w.ue(e.keys & 1) // idr_pic_id
	}
	w.u(2, 0) // P: no other references; IDR: neither long-term nor without output
	if !key {
		w.u(1, 0) // adaptive_ref_pic_marking_mode_flag
	}
	w.ue(0) // slice_qp_delta
	w.ue(0) // mb_skip_run: slices that are skipped altogether have another number

	b := append(e.body[:0], 0, 0) // the check sum
	b = binary.BigEndian.AppendUint32(b, e.counter)
	b = binary.BigEndian.AppendUint16(b, uint16(first))
	b = binary.BigEndian.AppendUint16(b, uint16(count))
	flags := len(b)
	for range (count + 7) / 8 {
		b = append(b, 0)
	}
	for i := range count {
		if c := e.now[first+i]; key || c != e.blocks[first+i] {
			b[flags+i/8] |= 0x80 >> (i % 8)
			b = append(b, c[:]...)
		}
	}
	binary.BigEndian.PutUint16(b, uint16(crc32.ChecksumIEEE(b[2:])))
	for _, v := range b {
		w.u(8, uint32(v))
	}
	e.body = b
	w.trailing()
	e.unit = appendNAL(e.unit, header, w.data)
	return count
}

// measure takes the mean of every block of the picture.
func (e *VideoEncoder) measure(p *codecs.Picture) {
	i := 0
	for y := 0; y < p.Height; y += block {
		for x := 0; x < p.Width; x += block {
			w, h := min(block, p.Width-x), min(block, p.Height-y)
			at := y/2*p.StrideUV + x/2
			e.now[i] = colour{
				mean(p.Y[y*p.StrideY+x:], p.StrideY, w, h),
				mean(p.U[at:], p.StrideUV, w/2, h/2),
				mean(p.V[at:], p.StrideUV, w/2, h/2),
			}
			i++
		}
	}
}

func mean(plane []byte, stride, w, h int) byte {
	sum := w * h / 2
	for y := range h {
		for _, v := range plane[y*stride : y*stride+w] {
			sum += int(v)
		}
	}
	return byte(sum / (w * h))
}
