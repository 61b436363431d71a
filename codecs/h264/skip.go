package h264

// skip is a P slice that repeats its band of the picture before: all
// macroblocks are P_Skip. Their vectors are zero because a slice's first
// macroblock has no neighbours (ITU-T H.264 section 8.4.1.1), and nothing is
// filtered.
type skip struct {
	macroblocks int
	// CABAC data: so many zeros, then ten bits, without the very first of all.
	zeros int
	last  uint32
}

// skipQP is the SliceQPY of skip slices. It changes no sample; contexts begin
// nearer to certainty with it.
const skipQP = 51

// skipState is pStateIdx of mb_skip_flag (ctxIdx 11, m 23, n 33 for
// cabac_init_idc 0; table 9-13) at skipQP, where the more probable symbol is 1.
const skipState = (23*skipQP)>>4 + 33 - 64

// skipRanges is rangeTabLPS (table 9-44) from skipState to 62.
var skipRanges = [63 - skipState][4]uint16{
	{16, 20, 23, 27},
	{15, 19, 22, 25},
	{14, 18, 21, 24},
	{14, 17, 20, 23},
	{13, 16, 19, 22},
	{12, 15, 18, 21},
	{12, 14, 17, 20},
	{11, 14, 16, 19},
	{11, 13, 15, 18},
	{10, 12, 15, 17},
	{10, 12, 14, 16},
	{9, 11, 13, 15},
	{9, 11, 12, 14},
	{8, 10, 12, 14},
	{8, 9, 11, 13},
	{7, 9, 11, 12},
	{7, 9, 10, 12},
	{7, 8, 10, 11},
	{6, 8, 9, 11},
	{6, 7, 9, 10},
	{6, 7, 8, 9},
}

// newSkip encodes the arithmetic code of so many skipped macroblocks (section
// 9.3.4.2). All mb_skip_flag are the more probable symbol of one context, since
// neighbours are skipped or outside the slice, and all end_of_slice_flag but
// the last are 0. These lower the range only; the code's low end stays 0 until
// the last symbol, and every renormalisation puts out a zero.
func newSkip(macroblocks int) skip {
	s := skip{macroblocks: macroblocks}
	width, state := uint32(510), 0
	shrink := func(by uint32) {
		for width -= by; width < 256; width <<= 1 {
			s.zeros++
		}
	}
	for i := range macroblocks {
		shrink(uint32(skipRanges[state][width>>6&3]))
		state = min(state+1, len(skipRanges)-1)
		if i < macroblocks-1 {
			shrink(2)
		}
	}
	s.last = (width - 2) | 1 // flushing makes the lowest bit the stop bit
	return s
}

// write writes the slice's RBSP.
func (s *skip) write(w *bitWriter, cabac bool, to *Place) {
	header := slice{qp: initQP}
	if cabac {
		header.qp = skipQP
	}
	header.writeHeader(w, cabac, 1, to)
	if !cabac {
		w.ue(uint32(s.macroblocks)) // mb_skip_run
		w.trailing()
		return
	}
	w.alignOnes()
	n := 10
	if s.zeros == 0 {
		n--
	}
	for i := s.zeros - 1; i > 0; i -= 32 {
		w.u(0, min(i, 32))
	}
	w.u(s.last, n)
	w.alignZeros()
}
