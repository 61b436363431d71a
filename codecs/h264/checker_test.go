package h264

import "fmt"

// checker parses the access units of a stitched stream with the package's own
// parsers and follows what must hold between them.
type checker struct {
	layout   Layout
	sps      SPS
	pps      PPS
	pictures int
	frameNum uint32
	idrPicID uint32  // of the last IDR picture
	slices   []slice // of the last unit
	largest  int     // bytes of a NAL unit of all
}

func (c *checker) unit(u AccessUnit) error {
	c.slices = c.slices[:0]
	var rbsp []byte
	sets := 0
	for nal, rest := nextNAL(u.Data); len(nal) > 0; nal, rest = nextNAL(rest) {
		var err error
		switch nal[0] & 0x1f {
		case typeSPS:
			c.sps, err = ParseSPS(nal)
			sets++
		case typePPS:
			c.pps, err = ParsePPS(nal)
			sets++
		default:
			c.largest = max(c.largest, len(nal))
			rbsp = appendRBSP(rbsp[:0], nal[1:])
			var s slice
			s, err = parseSlice(nal[0], rbsp, &c.sps, &c.pps)
			if u.Key != s.idr {
				return fmt.Errorf("key %v, slice of type %d", u.Key, nal[0]&0x1f)
			}
			if n := len(c.slices); n == 0 && s.firstMB != 0 || n > 0 && s.firstMB <= c.slices[n-1].firstMB {
				return fmt.Errorf("slice begins at %d", s.firstMB)
			}
			if err == nil {
				err = c.raw(rbsp, s, len(c.slices) == 0)
			}
			c.slices = append(c.slices, s)
		}
		if err != nil {
			return fmt.Errorf("stitched NAL unit of type %d: %w", nal[0]&0x1f, err)
		}
	}
	if c.sps.Width() != c.layout.Width || c.sps.Height() != c.layout.Height || c.sps.Profile != c.layout.Profile {
		return fmt.Errorf("SPS %+v", c.sps)
	}
	if u.Key != (sets == 2) {
		return fmt.Errorf("%d parameter sets, key %v", sets, u.Key)
	}
	want := (c.frameNum + 1) % 16
	if u.Key {
		want = 0
	}
	c.frameNum = want
	for _, s := range c.slices {
		if s.frameNum != want {
			return fmt.Errorf("frame_num %d, want %d", s.frameNum, want)
		}
	}
	at := uint32(0)
	for _, rows := range c.layout.Rows {
		found := false
		for _, s := range c.slices {
			found = found || s.firstMB == at
			if row := uint32(c.sps.Columns); at > 0 && s.firstMB >= at && s.firstMB < at+row && s.deblock == 0 {
				return fmt.Errorf("slice at %d is filtered across the seam at %d", s.firstMB, at)
			}
		}
		if !found {
			return fmt.Errorf("no slice begins at %d", at)
		}
		at += uint32(rows * c.sps.Columns)
	}
	c.pictures++
	return nil
}

// raw checks what parseSlice does not keep.
func (c *checker) raw(rbsp []byte, s slice, first bool) error {
	r := newBitReader(rbsp)
	r.ue() // first_mb_in_slice
	if kind := r.ue(); kind > 4 {
		return fmt.Errorf("slice type %d speaks for other bands", kind)
	}
	r.ue() // pic_parameter_set_id
	r.u(frameNumBits)
	if !s.idr {
		return nil
	}
	id := r.ue()
	if first == (id == c.idrPicID) && (first && c.pictures > 0 || !first) {
		return fmt.Errorf("idr_pic_id %d after %d", id, c.idrPicID)
	}
	c.idrPicID = id
	return nil
}
