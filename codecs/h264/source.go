package h264

// Source reads the stream of one band's encoder. It belongs to one goroutine;
// the frames that it read may be used by many stitchers at a time.
type Source struct {
	number uint64 // of the last frame
	last   uint32 // its frame_num
	lost   bool   // what came after it is not known
	sps    SPS
	pps    PPS
	hasSPS bool
	hasPPS bool
}

// Frame is one coded picture of a band. The zero value is an empty frame for
// Source.Read to fill.
type Frame struct {
	source *Source
	number uint64 // one more than that of the frame that it refers to
	intra  bool
	sps    SPS
	coding Coding
	slices []slice
	rbsps  [][2]int // where their RBSPs lie in bytes
	bytes  []byte
}

// Intra reports whether the frame refers to no other: a band may begin with it.
func (f *Frame) Intra() bool { return f.intra }

// Read fills f with the encoder's next access unit (Annex B). All access units
// must be read, in their order. Nothing of accessUnit is kept, and f's memory
// is used again, so nobody may still use f's old content. After an error f is
// empty, and later frames do not follow earlier ones. SEI and other NAL units
// without macroblocks are left out.
//
// An access unit must be whole: if the encoder's last slices are missing, that
// cannot be seen here.
func (s *Source) Read(f *Frame, accessUnit []byte) error {
	*f = Frame{slices: f.slices[:0], rbsps: f.rbsps[:0], bytes: f.bytes[:0]}
	err := s.read(f, accessUnit)
	if err != nil {
		f.slices, f.intra = f.slices[:0], false
		s.Lost()
		return err
	}
	first := &f.slices[0]
	follows := first.frameNum == (s.last+1)&(1<<s.sps.FrameNumBits-1)
	s.number++
	if !f.intra && (s.lost || !follows) {
		s.number++ // so that it follows nothing
	}
	s.last, s.lost = first.frameNum, false
	f.source, f.number, f.sps, f.coding = s, s.number, s.sps, s.pps.Coding
	return nil
}

// Lost tells that an access unit of the encoder will not be read: what comes
// next does not follow what was read last.
func (s *Source) Lost() { s.lost = true }

func (s *Source) read(f *Frame, accessUnit []byte) error {
	f.intra = true
	for nal, rest := nextNAL(accessUnit); len(nal) > 0; nal, rest = nextNAL(rest) {
		var err error
		kind := nal[0] & 0x1f
		if len(f.slices) > 0 && (kind == typeSPS || kind == typePPS) {
			return syntax("parameter sets behind slices")
		}
		switch kind {
		case typeSPS:
			s.sps, err = ParseSPS(nal)
			s.hasSPS = err == nil
		case typePPS:
			s.pps, err = ParsePPS(nal)
			s.hasPPS = err == nil
		case typeSlice, typeIDR:
			err = s.readSlice(f, nal)
		case 2, 3, 4:
			err = unsupported("data partitions")
		}
		if err != nil {
			return err
		}
	}
	if len(f.slices) == 0 {
		return syntax("access unit without slices")
	}
	return nil
}

func (s *Source) readSlice(f *Frame, nal []byte) error {
	if !s.hasSPS || !s.hasPPS {
		return ErrNoParameters
	}
	at := len(f.bytes)
	f.bytes = appendRBSP(f.bytes, nal[1:])
	h, err := parseSlice(nal[0], f.bytes[at:], &s.sps, &s.pps)
	if err != nil {
		return err
	}
	if n := len(f.slices); n == 0 {
		if h.firstMB != 0 {
			return syntax("the first slice is missing")
		}
	} else if last := &f.slices[n-1]; h.firstMB <= last.firstMB || h.idr != last.idr || h.frameNum != last.frameNum {
		return syntax("slices of different pictures, or out of order")
	}
	f.intra = f.intra && h.intra
	f.slices = append(f.slices, h)
	f.rbsps = append(f.rbsps, [2]int{at, len(f.bytes)})
	return nil
}
