package h264

// Layout is the form of a receiver's stream.
type Layout struct {
	Width, Height int   // luma samples, even
	Profile       uint8 // profile_idc: Baseline, Main or High
	Level         uint8 // level_idc: 31 is level 3.1
	Rows          []int // macroblock rows of each band, from the top
}

// AccessUnit is one coded picture (ITU-T H.264 section 3.1).
type AccessUnit struct {
	Data []byte // Annex B byte stream
	Key  bool   // an IDR picture
}

// Stitcher makes the stream of one receiver, or of several that get the same.
// It belongs to one goroutine.
type Stitcher struct {
	sps      SPS
	pps      PPS // of the stream since its last IDR picture
	bands    []band
	started  bool
	frameNum uint32 // of the last picture
	idrID    uint32 // of the last IDR picture
	w        bitWriter
	unit     []byte
}

// band is a band of the receiver's picture and what his decoder holds there.
type band struct {
	firstMB uint32
	rows    int
	skip    skip
	source  *Source
	number  uint64 // of the source's frame
}

// NewStitcher returns a stitcher. It returns ErrUnsupported for a layout that
// no stream may have. Whether the level holds the pictures is not checked.
func NewStitcher(l Layout) (*Stitcher, error) {
	const most = 16 * maxSide
	if l.Width < 2 || l.Height < 2 || l.Width > most || l.Height > most || l.Width%2 != 0 || l.Height%2 != 0 {
		return nil, unsupported("size %dx%d", l.Width, l.Height)
	}
	s := &Stitcher{sps: SPS{
		Profile: l.Profile, Level: l.Level, FrameNumBits: frameNumBits, RefFrames: 1,
		Columns: (l.Width + 15) / 16, Rows: (l.Height + 15) / 16,
	}}
	switch l.Profile {
	case Baseline:
		s.sps.Constraints = 0xC0 // constrained baseline: what Main decoders decode too
	case Main:
		s.sps.Constraints = 0x40
	case High:
	default:
		return nil, unsupported("profile_idc %d", l.Profile)
	}
	s.sps.CropRight, s.sps.CropBot = 16*s.sps.Columns-l.Width, 16*s.sps.Rows-l.Height
	rows := 0
	for _, n := range l.Rows {
		if n < 1 || n > s.sps.Rows-rows {
			return nil, unsupported("bands of %v rows in %d", l.Rows, s.sps.Rows)
		}
		s.bands = append(s.bands, band{
			firstMB: uint32(rows * s.sps.Columns), rows: n, skip: newSkip(n * s.sps.Columns),
		})
		rows += n
	}
	if rows != s.sps.Rows {
		return nil, unsupported("bands of %v rows in %d", l.Rows, s.sps.Rows)
	}
	return s, nil
}

// Next makes the next picture. frames has the newest frame of each band; nil,
// and a frame that the decoder holds already, stand for no change. With idr it
// is an IDR picture, as the first one always is, with SPS and PPS in front.
// The data is valid until the next call.
//
// It returns an *IntraError that names all bands whose frame cannot be used
// because it refers to one that the decoder does not hold, or is none where an
// IDR picture needs one; *BandError with ErrMismatch for a band of another
// size or coding, and with ErrUnsupported for what the profile lacks. After an
// error all is as before the call, which may be repeated, as with nil for the
// band.
func (s *Stitcher) Next(frames []*Frame, idr bool) (AccessUnit, error) {
	idr = idr || !s.started
	if err := s.check(frames, idr); err != nil {
		return AccessUnit{}, err
	}
	place := Place{IDR: idr}
	s.unit = s.unit[:0]
	if idr {
		s.idrID ^= 1
		s.frameNum = 0
		s.pps = PPS{InitQP: initQP, Deblock: true, Coding: frames[0].coding}
		s.sps.write(&s.w)
		s.unit = appendNAL(s.unit, 3<<5|typeSPS, s.w.buf)
		s.pps.write(&s.w)
		s.unit = appendNAL(s.unit, 3<<5|typePPS, s.w.buf)
		place.IDRPicID = s.idrID
	} else {
		s.frameNum = (s.frameNum + 1) % (1 << frameNumBits)
		place.FrameNum = s.frameNum
	}
	for i := range s.bands {
		b := &s.bands[i]
		place.FirstMB, place.Seam = b.firstMB, 0
		if i > 0 {
			place.Seam = uint32(s.sps.Columns)
		}
		s.writeBand(b, frames[i], &place)
	}
	s.started = true
	return AccessUnit{Data: s.unit, Key: idr}, nil
}

// holds reports whether the decoder's band is already this frame's picture.
func (b *band) holds(f *Frame) bool { return b.source == f.source && b.number == f.number }

// takes reports whether the band may be coded by the frame.
func (b *band) takes(f *Frame) bool {
	return f.intra || b.source == f.source && (b.number == f.number || b.number+1 == f.number)
}

func (s *Stitcher) writeBand(b *band, f *Frame, place *Place) {
	if f == nil || !place.IDR && b.holds(f) {
		b.skip.write(&s.w, s.pps.CABAC, place)
		s.unit = appendNAL(s.unit, place.first(), s.w.buf)
		return
	}
	for i := range f.slices {
		rbsp := f.bytes[f.rbsps[i][0]:f.rbsps[i][1]]
		f.slices[i].write(&s.w, rbsp, s.pps.CABAC, place)
		s.unit = appendNAL(s.unit, place.first(), s.w.buf)
	}
	b.source, b.number = f.source, f.number
}

// check changes nothing.
func (s *Stitcher) check(frames []*Frame, idr bool) error {
	if len(frames) != len(s.bands) {
		return unsupported("%d frames for %d bands", len(frames), len(s.bands))
	}
	var need []int
	coding := &s.pps.Coding // what all bands must have
	if idr {
		coding = nil
	}
	for i, f := range frames {
		b := &s.bands[i]
		if f == nil {
			if idr {
				need = append(need, i)
			}
			continue
		}
		switch {
		case f.source == nil:
			return &BandError{i, unsupported("an empty frame")}
		case f.sps.Columns != s.sps.Columns || f.sps.Rows != b.rows:
			return &BandError{i, ErrMismatch}
		case f.coding.CABAC && s.sps.Profile == Baseline:
			return &BandError{i, unsupported("CABAC in the Baseline profile")}
		case f.coding.high() && s.sps.Profile != High:
			return &BandError{i, unsupported("coding of the High profile")}
		}
		if coding == nil {
			coding = &f.coding
		} else if *coding != f.coding {
			return &BandError{i, ErrMismatch}
		}
		if !b.takes(f) || idr && !f.intra {
			need = append(need, i)
		}
	}
	if need != nil {
		return &IntraError{need}
	}
	return nil
}
