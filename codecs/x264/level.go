//go:build cgo

package x264

// limits are those of one level (ITU-T H.264 table A-1).
type limits struct {
	idc         int
	macroblocks int // MaxMBPS, per second
	frame       int // MaxFS, macroblocks
	kbps        int // MaxBR, in units of 1000 bit/s for Baseline and Main
	buffer      int // MaxCPB, in units of 1000 bit
}

var levels = [...]limits{
	{10, 1485, 99, 64, 175},
	{11, 3000, 396, 192, 500},
	{12, 6000, 396, 384, 1000},
	{13, 11880, 396, 768, 2000},
	{20, 11880, 396, 2000, 2000},
	{21, 19800, 792, 4000, 4000},
	{22, 20250, 1620, 4000, 4000},
	{30, 40500, 1620, 10000, 10000},
	{31, 108000, 3600, 14000, 14000},
	{32, 216000, 5120, 20000, 20000},
	{40, 245760, 8192, 20000, 25000},
	{41, 245760, 8192, 50000, 62500},
	{42, 522240, 8704, 50000, 62500},
	{50, 589824, 22080, 135000, 135000},
	{51, 983040, 36864, 240000, 240000},
	{52, 2073600, 36864, 240000, 240000},
}

// level returns the limits of a level_idc; for 0 the lowest level that holds
// pictures of so many macroblocks at the rate.
func level(idc, width, height, fps int) (limits, bool) {
	for _, l := range levels {
		if idc == 0 && l.holds(width, height, fps) || idc != 0 && l.idc == idc {
			return l, true
		}
	}
	return limits{}, false
}

// holds reports whether pictures of the size fit the level at the rate,
// including the limit of 8*MaxFS on the square of each side (A.3.1).
func (l limits) holds(width, height, fps int) bool {
	w, h := (width+15)/16, (height+15)/16
	return w*h <= l.frame && w*h*fps <= l.macroblocks && w*w <= 8*l.frame && h*h <= 8*l.frame
}
